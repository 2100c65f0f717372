/**
 * The network namespace of a process. What a runtime calls process 4711 is process 4711 only for who sees the same
 * processes as it does, so outside of the host's own pid namespace the number alone is not believed: the interface
 * would be moved to a stranger.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { errnoOf } from '../failure.ts'
import type { Absent, Found, Resolved, Unknown } from '../resolver.ts'
import { parseProcessStat } from './process-stat.ts'

/** PROC_PID_INIT_INO of include/linux/proc_ns.h: the pid namespace that the host started with. */
const HOSTS_OWN = 'pid:[4026531836]'

export interface ProcessOfContainer {
  readonly procDir: string
  readonly pid: number
  /** What has that process, for people: `docker’s container web`, `process 42`. */
  readonly whose: string
  /** What the runtime calls the container; undefined when the user gave the pid. */
  readonly containerId?: string | undefined
}

export const resolveProcess = (of: ProcessOfContainer): Resolved => {
  const startTime = startTimeOf(of)
  if (typeof startTime !== 'string') return startTime
  const path = `${of.procDir}/${of.pid}/ns/net`
  const refusal = mayEnter(of, path)
  if (refusal !== undefined) return refusal
  if (of.containerId !== undefined && !isOurNumbering(of.procDir) && !namesContainer(of))
    return anotherNumbering(of, `process ${of.pid} here is not of that container`)
  return found(of, path, startTime)
}

const found = ({ pid, containerId }: ProcessOfContainer, path: string, startTime: string): Found => ({
  kind: 'found',
  path,
  id: `${containerId === undefined ? '' : `${containerId}/`}${pid}@${startTime}`,
})

const startTimeOf = (of: ProcessOfContainer): string | Absent | Unknown => {
  const stat = readStat(of.procDir, of.pid)
  if (stat === undefined && of.containerId !== undefined && !isOurNumbering(of.procDir))
    return anotherNumbering(of, `there is no process ${of.pid} here`)
  if (stat === undefined || hasEnded(stat.state))
    return { kind: 'absent', message: `${of.whose} has ended: no process ${of.pid} runs here` }
  return stat.startTime
}

const mayEnter = (of: ProcessOfContainer, path: string): Absent | Unknown | undefined => {
  try {
    readlinkSync(path)
    return undefined
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ESRCH')
      return { kind: 'absent', message: `${of.whose} has ended: process ${of.pid} has no network any more` }
    return {
      kind: 'unknown',
      message: `Cannot look at the network of ${of.whose} (${path}): the kernel returned ${code}`,
      hint: 'it takes CAP_SYS_ADMIN and CAP_SYS_PTRACE (warren agent install --containers)',
    }
  }
}

const anotherNumbering = (of: ProcessOfContainer, why: string): Unknown => ({
  kind: 'unknown',
  message: `Cannot find ${of.whose} among the processes: it is said to be process ${of.pid}, but ${why}`,
  hint: 'run the agent in the host’s pid namespace (docker run --pid=host)',
})

/** Whether pids in this proc are the host's. Process 1 of a proc tells; where it may not be asked, our own does. */
const isOurNumbering = (procDir: string): boolean => {
  for (const pid of ['1', 'self']) {
    try {
      return readlinkSync(`${procDir}/${pid}/ns/pid`) === HOSTS_OWN
    } catch {
      continue // Not ours to ask; the next one may be.
    }
  }
  return false
}

/** Runtimes put a container into a control group called after it. */
const namesContainer = ({ procDir, pid, containerId }: ProcessOfContainer): boolean => {
  try {
    return containerId !== undefined && readFileSync(`${procDir}/${pid}/cgroup`, 'utf8').includes(containerId)
  } catch {
    return false // It ended meanwhile, and then it is not that one either.
  }
}

const readStat = (procDir: string, pid: number) => {
  try {
    return parseProcessStat(readFileSync(`${procDir}/${pid}/stat`, 'utf8'))
  } catch {
    return undefined // No such process.
  }
}

const hasEnded = (state: string): boolean => state === 'Z' || state === 'X' || state === 'x'

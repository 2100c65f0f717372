/**
 * What a program and everything that it started costs, from proc(5): a command may be a shell that starts the proxy.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

export interface ProcessCost {
  /** User and system time so far, of those that ended as well. */
  readonly cpuSeconds: number
  readonly residentMebibytes: number
  /** Of it, what no file stands for: all but the pages of programs and libraries, which processes share. */
  readonly privateMebibytes: number
}

/** Of the processes and their children, without those that are gone. */
export function costOf(roots: readonly number[]): ProcessCost {
  let [ticks, resident, anonymous] = [0, 0, 0]
  for (const pid of treeOf(roots)) {
    const fields = statOf(pid)
    if (fields === undefined) continue
    // utime, stime, cutime, cstime: fields 14 to 17; the name and what is before it were cut off.
    for (let field = 11; field < 15; field++) ticks += Number(fields[field])
    const status = textOf(`/proc/${pid}/status`) ?? ''
    resident += kibibytes(status, 'VmRSS')
    anonymous += kibibytes(status, 'RssAnon')
  }
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    residentMebibytes: resident / 1024,
    privateMebibytes: anonymous / 1024,
  }
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

/** The processes, and what they started. */
export function treeOf(roots: readonly number[]): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? Number(statOf(pid)?.[1] ?? 0) : 0
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found = [...roots]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

/** From the state on: the name before it may hold spaces and brackets. */
function statOf(pid: number): string[] | undefined {
  return textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // It ended.
  }
}

/**
 * The keeper: a process of ours inside namespaces of its own, in which a whole lab lives. Outside, nothing is
 * created but this one child and a folder in RUN.
 *
 *   warren start ── unshare ── sh (first process of the pid namespace, collects orphans) ── keeper ── machines
 *
 * When the first process ends, the kernel kills everything in its pid namespace, and with the processes go the
 * namespaces, links and mounts. It ends when the keeper does, and the keeper ends when the channel to its parent
 * closes, unless its order was to stay.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { containingNamespaces } from './requirements.ts'

/** The first process: a shell that waits, which as the first process it must, for every orphan. */
const FIRST_PROCESS = '"$@" & wait $!'

export interface KeeperOptions {
  /** How to start the keeper: the runtime, its options, the entry and its arguments. */
  readonly command: readonly string[]
  /** A file for its complaints, when nobody will be there to read them. */
  readonly errorFile?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a keeper with a channel (`process.send`) to us. Its own session: a Ctrl-C is ours to handle. */
export function startKeeper({ command, errorFile, env = process.env }: KeeperOptions): ChildProcess {
  const words = [...containingNamespaces(), 'sh', '-c', FIRST_PROCESS, 'lab-keeper', ...command]
  const errors = errorFile === undefined ? 'pipe' : openSync(errorFile, 'a', 0o600)
  const keeper = spawn('unshare', words, { stdio: ['ignore', 'ignore', errors, 'ipc'], detached: true, env })
  if (typeof errors === 'number') closeSync(errors)
  return keeper
}

/** Kills a keeper that we started, with everything in it, and waits until it is gone. */
export async function stopKeeper(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return
  const gone = once(keeper, 'exit')
  const first = keeper.pid === undefined ? undefined : firstProcessOf(keeper.pid)
  // The first process rather than unshare: unshare then ends by itself, after the namespace is empty.
  process.kill(first ?? keeper.pid ?? 0, 'SIGKILL')
  await gone
}

/** The process that unshare(1) forked, as numbered out here. */
export function firstProcessOf(unsharePid: number): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => parentOf(pid) === unsharePid)
}

function parentOf(pid: number): number | undefined {
  return Number(statusFields(pid)?.[1])
}

/** When the process started, in clock ticks since boot: with the pid it names a process for good. */
export function startTimeOf(pid: number): string | undefined {
  return statusFields(pid)?.[19]
}

/** proc(5), /proc/PID/stat, after the name, which may itself hold spaces and brackets. */
function statusFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined // it is gone
  }
}

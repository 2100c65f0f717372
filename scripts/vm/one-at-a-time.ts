/**
 * One process at a time prepares what several need: the others wait for it and find it done. The lock is a folder
 * with the number of its process; one whose process is gone is nobody's.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const POLL_MS = 200
const UNNAMED_MS = 60_000

/** Synchronous, as all preparing is. */
export function oneAtATime<T>(folder: string, run: () => T): T {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'being-prepared')
  while (!taken(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  try {
    return run()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock)
  } catch {
    if (!isHeld(lock)) rmSync(lock, { recursive: true, force: true })
    return false
  }
  writeFileSync(join(lock, 'process'), String(process.pid))
  return true
}

/** Writing its number takes a process no time: a lock that has none for a minute was left behind. */
function isHeld(lock: string): boolean {
  try {
    return existsSync(`/proc/${readFileSync(join(lock, 'process'), 'utf8').trim()}`)
  } catch {
    return existsSync(lock) && Date.now() - statSync(lock).mtimeMs < UNNAMED_MS
  }
}

/** One agent per run directory: flock(2) on a file in it, which the kernel takes back however the agent ends. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { check, LOCK_EX, LOCK_NB, O_CLOEXEC, O_CREAT, O_RDWR } from '../linux/index.ts'
import type { Syscalls } from '../linux/index.ts'
import type { Closeable } from './clock.ts'

/** Undefined when another agent has it. */
export const takeRunLock = (sys: Syscalls, runDir: string): Closeable | undefined => {
  mkdirSync(runDir, { recursive: true, mode: 0o755 })
  const path = join(runDir, 'agent.lock')
  const fd = check(sys.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600), `open ${path}`)
  if (sys.flock(fd, LOCK_EX | LOCK_NB) < 0) {
    sys.close(fd)
    return undefined
  }
  return { close: () => sys.close(fd) }
}

/**
 * Network namespaces (setns(2), unshare(2), network_namespaces(7)).
 *
 * A thread is in one network namespace at a time. Here the main thread enters another one for the length of one
 * synchronous function: JavaScript runs nothing else meanwhile, and sockets made inside stay there for good.
 * Child processes started inside (`spawn` forks on this thread) live there too. Anything asynchronous, such as
 * `server.listen({ host })`, would run after we left.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { check, KernelError } from './kernel-error.ts'
import type { Syscalls } from './syscalls.ts'
import { CLONE_NEWNET, MNT_DETACH, MS_BIND, O_CLOEXEC, O_RDONLY } from './uapi/index.ts'

/** The calling thread's own; `/proc/self` would be the main thread's. */
const HERE = '/proc/thread-self/ns/net'

/** A descriptor of the namespace this thread is in. The caller closes it. */
export const currentNetns = (sys: Syscalls): number =>
  check(sys.open(HERE, O_RDONLY | O_CLOEXEC), 'open the current network namespace')

/** By process id, or by path: `/run/netns/blue`, `/proc/42/ns/net`. The caller closes the descriptor. */
export const openNetns = (sys: Syscalls, where: number | string): number => {
  const path = typeof where === 'number' ? `/proc/${where}/ns/net` : where
  return check(sys.open(path, O_RDONLY | O_CLOEXEC), `open the network namespace ${path}`)
}

/** A new, empty namespace that lives as long as the descriptor, a process or a mount holds it. */
export const newNetns = (sys: Syscalls): number => {
  const home = currentNetns(sys)
  try {
    check(sys.unshare(CLONE_NEWNET), 'make a network namespace')
    try {
      return currentNetns(sys)
    } finally {
      comeHome(sys, home)
    }
  } finally {
    sys.close(home)
  }
}

/** Runs `run` inside the namespace `fd`. It must be synchronous. */
export const withNetns = <T>(sys: Syscalls, fd: number, run: () => T): T => {
  const home = currentNetns(sys)
  try {
    check(sys.setns(fd, CLONE_NEWNET), 'enter a network namespace')
    try {
      const result = run()
      if (result instanceof Promise) throw new TypeError('withNetns() takes a synchronous function')
      return result
    } finally {
      comeHome(sys, home)
    }
  } finally {
    sys.close(home)
  }
}

/** Keeps the namespace under a name, as `ip netns add` does: a bind mount of it on an empty file. */
export const pinNetns = (sys: Syscalls, fd: number, path: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  closeSync(openSync(path, 'wx', 0o444))
  const mounted = sys.mount(path, { source: `/proc/self/fd/${fd}`, flags: MS_BIND })
  if (mounted < 0) rmSync(path, { force: true })
  check(mounted, `pin a network namespace at ${path}`)
}

export const unpinNetns = (sys: Syscalls, path: string): void => {
  check(sys.umount2(path, MNT_DETACH), `unpin the network namespace ${path}`)
  rmSync(path, { force: true })
}

/** Does not return when the way home fails: this process would go on in a stranger's network. */
const comeHome = (sys: Syscalls, home: number): void => {
  const result = sys.setns(home, CLONE_NEWNET)
  if (result >= 0) return
  process.stderr.write(`warren: ${new KernelError('return to the own network namespace', result).message}\n`)
  process.exit(70)
}

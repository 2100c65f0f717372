/**
 * A network namespace that is kept at a path, as `ip netns add` does: a bind mount of it on an empty file. A path
 * that leads to /proc/PID/ns/net is a process (many link /run/netns/NAME to that of a container).
 */
import { readlinkSync, statfsSync, statSync } from 'node:fs'
import { errnoOf } from '../failure.ts'
import type { Resolved } from '../resolver.ts'
import { resolveProcess } from './process-namespace.ts'

/** NSFS_MAGIC of include/uapi/linux/magic.h. */
const NSFS_MAGIC = 0x6e73_6673

export interface PinnedNamespace {
  readonly path: string
  readonly procDir: string
  readonly containerId?: string | undefined
}

export const resolvePinned = ({ path, procDir, containerId }: PinnedNamespace): Resolved => {
  const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(linkTarget(path))?.[1]
  if (pid !== undefined) return resolveProcess({ procDir, pid: Number(pid), whose: `process ${pid}` })
  try {
    if (statfsSync(path).type !== NSFS_MAGIC)
      return {
        kind: 'absent',
        message: `There is no network namespace at ${path}: it is another kind of file`,
        hint: 'a namespace of `ip netns` is at /run/netns/NAME once it was added',
      }
    // The number alone is used again for the next namespace; the time is when this one was pinned first.
    const { dev, ino, ctimeNs } = statSync(path, { bigint: true })
    const id = `${dev}:${ino}:${ctimeNs}`
    return { kind: 'found', path, id: containerId === undefined ? id : `${containerId}/${id}` }
  } catch (error) {
    const code = errnoOf(error)
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'absent', message: `There is no network namespace at ${path}` }
      : { kind: 'unknown', message: `Cannot look at ${path}: the kernel returned ${code}` }
  }
}

const linkTarget = (path: string): string => {
  try {
    return path.startsWith('/proc/') ? path : readlinkSync(path)
  } catch {
    return path // Not a link: the usual case.
  }
}

/**
 * From what is known of a container to its namespace, by looking at this host's /proc and files only. It costs a few
 * reads, so it is also how to see whether an answer still holds.
 */
import type { ContainerRef } from '../../model/index.ts'
import type { Resolved } from '../resolver.ts'
import type { Located } from '../runtime.ts'
import { resolvePinned } from './pinned-namespace.ts'
import { resolveProcess } from './process-namespace.ts'

/** What the kernel alone is asked for: no runtime has to say anything first. */
export type KernelRef = Extract<ContainerRef, { kind: 'pid' | 'netns' }>
export type RuntimeRef = Exclude<ContainerRef, KernelRef>

export const isKernelRef = (ref: ContainerRef): ref is KernelRef => ref.kind === 'pid' || ref.kind === 'netns'

/** For people: `docker’s web`, `the pod default/web`. */
export const describeRef = (ref: ContainerRef): string => {
  switch (ref.kind) {
    case 'docker':
    case 'podman':
      return `${ref.kind}’s container ${ref.name}`
    case 'containerd':
      return `containerd’s container ${ref.id} in namespace ${ref.namespace}`
    case 'cri':
      return `the container ${ref.id}`
    case 'pod':
      return `the pod ${ref.namespace}/${ref.name}`
    case 'pid':
      return `process ${ref.pid}`
    case 'netns':
      return `the namespace ${ref.path}`
  }
}

export const resolveKernelRef = (ref: KernelRef, procDir: string): Resolved =>
  ref.kind === 'netns'
    ? resolvePinned({ path: ref.path, procDir })
    : resolveProcess({ procDir, pid: ref.pid, whose: describeRef(ref) })

export const resolveLocated = (
  located: Located,
  { ref, procDir }: { readonly ref: RuntimeRef; readonly procDir: string },
): Resolved => {
  if (located.kind === 'process') return resolveProcess({ ...located, procDir, whose: describeRef(ref) })
  return located.kind === 'pinned' ? resolvePinned({ ...located, procDir }) : located
}

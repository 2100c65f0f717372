/** The namespace that an object names, in one canonical form. That it names one only is checked by `checkContainer`. */
import type { Container, ContainerRef } from '../model/index.ts'

export function containerOf(spec: {
  readonly container?: Container | undefined
  readonly moveToContainer?: boolean | undefined
}): ContainerRef | undefined {
  const { container, moveToContainer = true } = spec
  if (container === undefined || !moveToContainer) return undefined
  const { docker, podman, containerd, cri, pod, pid, netns } = container
  if (docker !== undefined) return { kind: 'docker', name: docker.name }
  if (podman !== undefined) return { kind: 'podman', name: podman.name }
  if (containerd !== undefined) return { kind: 'containerd', ...containerd }
  if (cri !== undefined) return { kind: 'cri', id: cri.id }
  if (pod !== undefined) return { kind: 'pod', ...pod }
  if (pid !== undefined) return { kind: 'pid', pid }
  return netns === undefined ? undefined : { kind: 'netns', path: netnsPath(netns) }
}

/** /var/run is a link to /run wherever there is an `ip netns`. */
const netnsPath = (text: string): string =>
  text.startsWith('/') ? text.replace(/^\/var\/run\//, '/run/').replace(/\/{2,}/g, '/') : `/run/netns/${text}`

/** The same as an object says it. */
export function writtenContainer(ref: ContainerRef): Container {
  const { kind, ...rest } = ref
  switch (ref.kind) {
    case 'pid':
      return { pid: ref.pid }
    case 'netns':
      return { netns: ref.path }
    case 'docker':
    case 'podman':
    case 'containerd':
    case 'cri':
    case 'pod':
      return { [kind]: rest }
  }
}

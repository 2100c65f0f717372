/** Where an interface is moved after it is made: docker before process before path. */
import type { Container, ContainerRef } from '../model/index.ts'

export function containerOf(spec: {
  readonly container?: Container | undefined
  readonly moveToContainer?: boolean | undefined
}): ContainerRef | undefined {
  const { container, moveToContainer = true } = spec
  if (container === undefined || !moveToContainer) return undefined
  if (container.docker !== undefined) return { kind: 'docker', name: container.docker.name }
  if (container.pid !== undefined) return { kind: 'pid', pid: container.pid }
  return container.netns === undefined ? undefined : { kind: 'netns', path: container.netns }
}

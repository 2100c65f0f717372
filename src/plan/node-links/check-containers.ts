/** A container is named in one way: two ways may name two containers, and nobody could say which was meant. */
import type { Container } from '../../model/index.ts'
import type { Draft } from '../draft.ts'
import type { ProblemList, Where } from '../problem-list.ts'

export function checkContainers({ networks, written, linkObjects }: Draft, problems: ProblemList): void {
  const seen = new Set<string>()
  for (const { network } of networks) {
    for (const { where, spec } of network.members) {
      if (spec.container === undefined) continue
      // Nodes of a group share one place.
      const key = `${network.id} ${where.path.join(' ')}`
      if (!seen.has(key)) check(spec.container, { ...where, path: [...where.path, 'container'] }, problems)
      seen.add(key)
    }
  }
  for (const { object } of written) {
    check(object.spec.container, { object, path: ['spec', 'container'] }, problems)
  }
  for (const object of linkObjects) {
    const { container, veth } = object.spec
    check(container, { object, path: ['spec', 'container'] }, problems)
    check(veth?.local.container, { object, path: ['spec', 'veth', 'local', 'container'] }, problems)
    check(veth?.peer.container, { object, path: ['spec', 'veth', 'peer', 'container'] }, problems)
  }
}

function check(container: Container | undefined, where: Where, problems: ProblemList): void {
  if (container === undefined) return
  const ways = Object.keys(container)
  if (ways.length === 1) return
  const message =
    ways.length === 0
      ? 'this names no container'
      : `a container is named in ${ways.length} ways: ${ways.join(', ')}`
  const hint =
    ways.length === 0
      ? 'Write one of docker, podman, containerd, cri, pod, pid or netns, or leave `container` out.'
      : 'Keep one of them.'
  problems.add(where, { code: 'ContainerAmbiguous', message, hint })
}

/** What is in the namespaces of containers, by all the names that they go by. */
import type { NetnsName, ObservedContainer } from '../../model/index.ts'
import { isMarked } from '../../reconcile/index.ts'
import { NOTHING_WANTED } from '../by-link.ts'
import type { WantedThere } from '../by-link.ts'
import type { Found } from './namespaces.ts'
import type { NetworkNamespace } from './network-namespace.ts'

/** A namespace that goes by several names is looked at once, for what is wanted by all of them. */
export const observeContainers = async (
  found: ReadonlyMap<NetnsName, Found>,
  there: ReadonlyMap<NetnsName, WantedThere>,
): Promise<Record<NetnsName, ObservedContainer>> => {
  const wanted = new Map<NetworkNamespace, WantedThere>()
  for (const [name, one] of found) {
    if (one.kind !== 'open') continue
    const { interfaces, links, container } = wanted.get(one.namespace) ?? NOTHING_WANTED
    const more = there.get(name) ?? NOTHING_WANTED
    wanted.set(one.namespace, {
      container: container ?? more.container,
      interfaces: [...interfaces, ...more.interfaces],
      links: [...links, ...more.links],
    })
  }
  const observed = new Map<NetworkNamespace, ObservedContainer>()
  for (const [namespace, all] of wanted) observed.set(namespace, await observeContainer(namespace, all))
  const containers: Record<NetnsName, ObservedContainer> = {}
  for (const [name, one] of found) {
    const seen = one.kind === 'open' ? observed.get(one.namespace) : one
    if (seen !== undefined) containers[name] = seen
  }
  return containers
}

const observeContainer = async (
  namespace: NetworkNamespace,
  wanted: WantedThere,
): Promise<ObservedContainer> => {
  try {
    return { kind: 'present', ...(await namespace.observe(wanted)) }
  } catch (error) {
    return { kind: 'unknown', message: (error as Error).message }
  }
}

/** Routes and rules need our links, or are seen beside them. */
export const isClean = (container: ObservedContainer): boolean =>
  container.kind === 'absent' || (container.kind === 'present' && !container.links.some(isMarked))

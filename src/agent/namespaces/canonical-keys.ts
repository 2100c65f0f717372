/** Keys where one network namespace goes by several names: steps name it by the first of them. */
import { peerId } from '../../reconcile/index.ts'
import { linkIdIn, splitId } from '../by-link.ts'
import type { ResolvedKeys } from '../host.ts'
import type { Namespaces } from './namespaces.ts'

export const withCanonical = (keys: ResolvedKeys, namespaces: Namespaces): ResolvedKeys => {
  const canonical = (id: string): string => {
    const [name, netns] = splitId(id)
    return netns === '' ? id : linkIdIn(name, namespaces.get(netns)?.name ?? netns)
  }
  const both = <T>(map: ReadonlyMap<string, T>, rename: (id: string) => string): ReadonlyMap<string, T> =>
    new Map([...[...map].map(([id, value]) => [rename(id), value] as const), ...map])
  return {
    privateKeys: both(keys.privateKeys, canonical),
    presharedKeys: both(keys.presharedKeys, (peer) => {
      const space = peer.lastIndexOf(' ')
      return peerId(canonical(peer.slice(0, space)), peer.slice(space + 1))
    }),
  }
}

/**
 * What a host's own links use, for the planner to compare with what it would route into a tunnel. Left out are our
 * own links and every other tunnel (a network that is being taken over from wg-quick has the plan's very addresses),
 * loopback, and link-local addresses, which every link has.
 */
import {
  altNameOf,
  formatPrefix,
  type ObservedHost,
  overlaps,
  parseAddress,
  parsePrefix,
  prefixOf,
} from '../model/index.ts'
import type { LanObservation } from './plan-result.ts'

const TUNNELS: ReadonlySet<string> = new Set(['wireguard', 'tun'])
const LOCAL = ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].flatMap(
  (text) => parsePrefix(text) ?? [],
)

export function lanObservationOf(
  node: string,
  { links, addresses }: Pick<ObservedHost, 'links' | 'addresses'>,
): LanObservation {
  const foreign = new Set(
    links
      .filter(({ name, kind, altNames }) => !TUNNELS.has(kind) && !altNames.includes(altNameOf(name)))
      .map(({ name }) => name),
  )
  const networks = addresses.flatMap(({ link, local, prefixLength, peer }) => {
    const address = parseAddress(peer ?? local)
    if (address === undefined || !foreign.has(link)) return []
    const prefix = prefixOf(address, prefixLength)
    return LOCAL.some((one) => overlaps(one, prefix)) ? [] : [{ prefix: formatPrefix(prefix), link }]
  })
  return { node, networks }
}

/**
 * A thousand links of a kind, as our netlink and as `ip -batch` make them, and what is to be there afterwards: the one
 * definition that everybody who makes or looks over them in a benchmark shares.
 */
import type { LinkKind, LinkSettings, RouteNetlink } from '../src/linux/index.ts'

export interface WantedLink {
  readonly name: string
  readonly kind: LinkKind
  readonly settings: LinkSettings
  /** Of a veth: the other end, left as the kernel makes it. */
  readonly peer?: string
  readonly address: string
}

export const PREFIX_LENGTH = 24

/** Every second octet is another kind's, so that all of them can be in one namespace. */
const addressOf = (kind: number, index: number): string => `10.${kind + (index >> 8)}.${index & 255}.1`

export const bridges = (count: number): readonly WantedLink[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ name: `br${at}`, kind: 'bridge', settings: { stp: false, ageingTime: 200 } },
    address: addressOf(0, at),
  }))

export const vxlans = (count: number): readonly WantedLink[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ name: `vx${at}`, kind: 'vxlan', settings: { id: at + 1, port: 4789, learning: false } },
    address: addressOf(32, at),
  }))

export const veths = (count: number): readonly WantedLink[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ name: `ve${at}`, kind: 'veth', settings: {}, peer: `vp${at}` },
    address: addressOf(64, at),
  }))

/** Links first, then one look for their indexes, then the addresses: an address needs the index of its link. */
export const makeLinks = (route: RouteNetlink, wanted: readonly WantedLink[]): void => {
  const refused = [
    ...route.batch((requests) => {
      for (const { name, kind, settings, peer } of wanted)
        requests.addLink({
          name,
          kind,
          settings,
          up: true,
          ...(peer !== undefined && { peer: { name: peer } }),
        })
    }),
  ]
  const indexes = new Map(route.links().map(({ name, index }) => [name, index]))
  refused.push(
    ...route.batch((requests) => {
      for (const { name, address } of wanted)
        requests.addAddress({
          ...{ link: indexes.get(name) ?? name, local: address, prefixLength: PREFIX_LENGTH },
        })
    }),
  )
  const [first] = refused
  if (first) throw first.error
}

/** The same as lines for `ip -batch`. */
export const ipLines = (wanted: readonly WantedLink[]): string =>
  wanted
    .flatMap((link) => [
      `link add name ${link.name} up type ${typeWords(link)}`,
      `address add ${link.address}/${PREFIX_LENGTH} dev ${link.name}`,
    ])
    .map((line) => `${line}\n`)
    .join('')

const typeWords = ({ kind, settings, peer = '' }: WantedLink): string => {
  if (kind === 'bridge') return 'bridge stp_state 0 ageing_time 20000'
  if (kind === 'vxlan')
    return `vxlan id ${String(settings['id'])} dstport ${String(settings['port'])} nolearning`
  return `veth peer name ${peer}`
}

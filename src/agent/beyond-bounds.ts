/**
 * What an object asks beyond the local bounds (bounds.ts), each as a reason in words. What lives in a container is
 * held to the same names and networks; only its default route is the container's own affair.
 */
import {
  comparePrefixes,
  formatPrefix,
  netnsNameOf,
  parseAddress,
  parsePrefix,
  prefixOf,
} from '../model/index.ts'
import type { AddressIntent, LinkIntent, Problem, WireGuardIntent } from '../model/index.ts'
import type { Bounds } from './bounds.ts'

/** A link of any kind, as far as every kind has it. */
type Wanted = WireGuardIntent | LinkIntent

const isWireGuard = (wanted: Wanted): wanted is WireGuardIntent => 'peers' in wanted

/** What an interface asks beyond the bounds; empty: nothing. `together`: what all of the node's ask. */
export const beyondBounds = (
  wanted: Wanted,
  bounds: Bounds,
  together: Together = askedTogether([wanted]),
): Problem[] => {
  const reasons = [
    ...whatItIs(wanted, bounds),
    ...(isWireGuard(wanted) ? wireGuardBeyond(wanted, bounds) : linkBeyond(wanted, bounds)),
    ...(bounds.defaultRoute || wanted.container !== undefined ? [] : defaultRoutes(wanted, together)),
    // The kernel asks this table before all others: what it says of the host's own addresses is not to be changed.
    ...wanted.routes
      .filter((r) => r.table === LOCAL_TABLE)
      .map((r) => `route ${r.destination} in the table local`),
    ...tablesBeyond(wanted, bounds).map((table) => `table ${table}`),
    ...networksBeyond(wanted, bounds),
  ]
  return reasons.map((reason) => ({
    code: 'OutOfBounds',
    path: `${wanted.owner.kind}/${wanted.owner.name}`,
    message: `${reason} is beyond what this node allows`,
    hint: 'Change the object, or the bounds in agent.yaml on the node.',
  }))
}

const whatItIs = (wanted: Wanted, bounds: Bounds): string[] => {
  const kind = isWireGuard(wanted) ? 'wireguard' : wanted.kind
  const container = netnsNameOf(wanted.container)
  return [
    ...(matchesAny(bounds.interfaces, wanted.name) ? [] : [`interface name ${wanted.name}`]),
    ...(bounds.kinds?.includes(kind) === false ? [`kind ${kind}`] : []),
    ...(container === '' || allows(bounds.containers, container) ? [] : [`container ${container}`]),
    ...(wanted.adopt !== true || allows(bounds.adopt, wanted.name) ? [] : [`taking over ${wanted.name}`]),
  ]
}

const allows = (bound: boolean | readonly string[], name: string): boolean =>
  typeof bound === 'boolean' ? bound : matchesAny(bound, name)

const wireGuardBeyond = (wg: WireGuardIntent, bounds: Bounds): string[] => {
  const marks = [wg.fwmark, ...wg.rules.map((r) => r.fwmark)].filter(
    (mark) => mark !== undefined && mark !== 0,
  )
  return [
    ...(wg.listenPort === undefined || isWithin(bounds.ports, wg.listenPort)
      ? []
      : [`port ${wg.listenPort}`]),
    ...[...new Set(marks)].flatMap((mark) =>
      mark === undefined || isWithin(bounds.fwmarks, mark) ? [] : [`mark ${mark}`],
    ),
  ]
}

/**
 * A port of a bridge is changed as well: it loses its own addresses' use. So is what is under a macvlan of the mode
 * passthru, which takes every frame of it.
 */
const linkBeyond = (link: LinkIntent, bounds: Bounds): string[] => {
  const { port, mode, link: under } = link.settings
  const taken = link.kind === 'macvlan' && mode === 'passthru' && typeof under === 'string' ? [under] : []
  return [
    ...(link.kind !== 'vxlan' || typeof port !== 'number' || isWithin(bounds.ports, port)
      ? []
      : [`port ${port}`]),
    ...[...(link.ports ?? []), ...taken]
      .filter((name) => !matchesAny(bounds.interfaces, name))
      .map((name) => `interface name ${name}`),
  ]
}

const isWithin = ({ start, end }: { readonly start: number; readonly end: number }, n: number): boolean =>
  n >= start && n <= end

/** RT_TABLE_MAIN and RT_TABLE_LOCAL (<linux/rtnetlink.h>). */
const MAIN_TABLE = 254
const LOCAL_TABLE = 255

const tablesBeyond = (wanted: Wanted, bounds: Bounds): number[] => {
  const own = isWireGuard(wanted) ? wanted.rules.map((r) => r.table) : vrfTable(wanted)
  const tables = new Set([...wanted.routes.map((r) => r.table).filter((t) => t !== LOCAL_TABLE), ...own])
  return [...tables].filter((t) => t === LOCAL_TABLE || (t !== MAIN_TABLE && !isWithin(bounds.tables, t)))
}

const vrfTable = ({ settings }: LinkIntent): number[] =>
  typeof settings['table'] === 'number' ? [settings['table']] : []

/** The network for which the kernel makes a route by itself when it gets this address. */
const onLink = ({ local, peer, prefixLength }: AddressIntent): string => {
  const address = parseAddress(peer ?? local)
  return address === undefined ? `${local}/${prefixLength}` : formatPrefix(prefixOf(address, prefixLength))
}

/** The families in which routes that are modest each, over one interface or several, are almost everything. */
export type Together = ReadonlySet<4 | 6>

export const askedTogether = (all: readonly Wanted[]): Together => {
  const here = all.filter((wanted) => wanted.container === undefined)
  const modest = [...new Set(here.flatMap(destinationsOf))].filter((d) => !isAlmostEverything(d))
  return new Set(([4, 6] as const).filter((family) => isTooMuch(family, modest)))
}

const defaultRoutes = (wanted: Wanted, together: Together): string[] => {
  const own = destinationsOf(wanted)
  const single = own.filter(isAlmostEverything).map((d) => `default route ${d}`)
  if (single.length > 0) return single
  const families = [...together].filter((family) => own.some((d) => familyOf(d) === family))
  return families.map((family) => `default route in pieces (IPv${family})`)
}

const destinationsOf = (wanted: Wanted): string[] => [
  ...wanted.routes.map((r) => r.destination),
  ...wanted.addresses.map(onLink),
]

const networksBeyond = (wanted: Wanted, bounds: Bounds): string[] => {
  const { cidrs } = bounds
  if (cidrs === undefined) return []
  const mayDefault = bounds.defaultRoute || wanted.container !== undefined
  const outside = (text: string): boolean =>
    !(mayDefault && text.endsWith('/0')) && !cidrs.some((c) => contains(c, text))
  const outsideToo = (text: string): boolean => !contains('fe80::/10', text) && outside(text)
  const addressBeyond = (a: AddressIntent): string[] => {
    const host = `${a.local}/${familyOf(a.local) === 6 ? 128 : 32}`
    if (outsideToo(host)) return [`address ${host}`]
    const network = onLink(a)
    return outsideToo(network) ? [`network ${network} of the address ${a.local}`] : []
  }
  return [
    ...wanted.addresses.flatMap(addressBeyond),
    ...(isWireGuard(wanted) ? wanted.peers : []).flatMap((p) =>
      p.allowedIPs.filter(outside).map((a) => `allowed network ${a}`),
    ),
    ...wanted.routes.filter((r) => outside(r.destination)).map((r) => `route ${r.destination}`),
  ]
}

const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4)

/** The shortest prefix that is no default route. */
const SHORTEST = { 4: 4, 6: 8 } as const

/** 0.0.0.0/1 and 128.0.0.0/1 together are a default route too, and so is 2000::/3. */
const isAlmostEverything = (text: string): boolean =>
  (parsePrefix(text)?.length ?? 0) < SHORTEST[familyOf(text)]

/** Whether these cover as much as the longest prefix that would be refused by itself. */
const isTooMuch = (family: 4 | 6, destinations: readonly string[]): boolean => {
  const bits = family === 4 ? 32 : 128
  const prefixes = destinations.filter((d) => familyOf(d) === family).flatMap((d) => parsePrefix(d) ?? [])
  let covered = 0n
  let end = 0n
  // In this order a prefix comes after those that contain it, and prefixes either nest or are apart.
  for (const { address, length } of prefixes.toSorted(comparePrefixes)) {
    const size = 1n << BigInt(bits - length)
    if (address.value < end) continue
    covered += size
    end = address.value + size
  }
  return covered >= 1n << BigInt(bits - SHORTEST[family] + 1)
}

export const contains = (outer: string, inner: string): boolean => {
  const [a, b] = [parsePrefix(outer), parsePrefix(inner)]
  if (a === undefined || b === undefined) return false
  if (a.address.family !== b.address.family || a.length > b.length) return false
  const shift = BigInt((a.address.family === 4 ? 32 : 128) - a.length)
  return a.address.value >> shift === b.address.value >> shift
}

const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matches(pattern, name))

const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(
    name,
  )

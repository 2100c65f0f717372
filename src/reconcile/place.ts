/**
 * One network namespace while a diff is made: what is in it, by link, and what is wanted there. It starts as what
 * was observed, and every decision changes it as the kernel would, so that the next decision sees a renamed link
 * under its new name and a deleted one not at all. Nothing outside of one diff ever sees it.
 */
import type {
  Change,
  ContainerRef,
  ObservedAddress,
  ObservedForwarding,
  ObservedLink,
  ObservedNamespace,
  ObservedRoute,
  ObservedRule,
  ObservedWireGuard,
  Step,
} from '../model/index.ts'
import type { Wanted } from './wanted.ts'

export interface Place {
  /** How steps name it; undefined: the node's own. */
  readonly container: ContainerRef | undefined
  readonly links: Map<string, ObservedLink>
  readonly addresses: Map<string, readonly ObservedAddress[]>
  readonly routes: Map<string, readonly ObservedRoute[]>
  readonly forwarding: Map<string, readonly ObservedForwarding[]>
  readonly devices: Map<string, ObservedWireGuard>
  readonly rules: readonly ObservedRule[]
  readonly sysctls: Map<string, string>
  /** What is wanted in it, by name, and what is to be left alone. */
  readonly wanted: Map<string, Wanted>
  readonly left: Set<string>
  /** Links that were given their name back a step ago, when observing again is the only way to know more. */
  readonly renamed: Set<string>
}

export const placeOf = (seen: ObservedNamespace, container: ContainerRef | undefined): Place => ({
  container,
  links: new Map(byName(seen.links).map((l) => [l.name, l])),
  addresses: Map.groupBy(seen.addresses, (a) => a.link),
  routes: Map.groupBy(
    seen.routes.filter((r) => r.link !== undefined),
    (r) => r.link ?? '',
  ),
  forwarding: Map.groupBy(seen.forwarding, (f) => f.link),
  devices: new Map(seen.wireguard.map((d) => [d.link, d])),
  rules: seen.rules,
  sysctls: new Map(Object.entries(seen.sysctls)),
  wanted: new Map(),
  left: new Set(),
  renamed: new Set(),
})

/** The order in which the kernel lists them is no reason for anything. */
const byName = (links: readonly ObservedLink[]): ObservedLink[] =>
  links.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))

/** A change that happens in this namespace. */
export const stepIn = (place: Place, change: Change): Step =>
  place.container === undefined ? change : { in: place.container, ...change }

/** As if the link had been deleted. A link made again has the host's defaults, not what its predecessor had. */
export const forget = (place: Place, name: string): void => {
  forgetItself(place, name)
  forgetReferences(place, new Set([name]))
}

/** Everything but what others say about it. */
export const forgetItself = (place: Place, name: string): void => {
  for (const map of [place.links, place.addresses, place.routes, place.forwarding, place.devices])
    map.delete(name)
  for (const path of place.sysctls.keys()) if (path.includes(`/conf/${name}/`)) place.sysctls.delete(path)
}

export const forgetReferences = (place: Place, names: ReadonlySet<string>): void => {
  for (const { name, master, settings } of place.links.values()) {
    if (master !== undefined && names.has(master)) imagine(place, name, { master: undefined })
    if (typeof settings.link !== 'string' || !names.has(settings.link)) continue
    const { link, ...rest } = settings
    void link
    imagine(place, name, { settings: rest })
  }
}

/** As if the link had another name: whatever is on top of it or a port of it stays that. */
export const imagineName = (place: Place, from: string, to: string): void => {
  const link = place.links.get(from)
  if (link === undefined) return
  const addresses = place.addresses.get(from) ?? []
  const entries = place.forwarding.get(from) ?? []
  const device = place.devices.get(from)
  const above = [...place.links.values()].filter((l) => l.settings.link === from)
  const inside = [...place.links.values()].filter((l) => l.master === from)
  forget(place, from)
  place.links.set(to, { ...link, name: to })
  place.addresses.set(to, relink(addresses, to))
  place.forwarding.set(to, relink(entries, to))
  if (device !== undefined) place.devices.set(to, { ...device, link: to })
  for (const l of above) imagine(place, l.name, { settings: { ...l.settings, link: to } })
  for (const l of inside) imagine(place, l.name, { master: to })
  place.renamed.add(to)
}

const relink = <T extends { readonly link: string }>(items: readonly T[], link: string): T[] =>
  items.map((item) => ({ ...item, link }))

/**
 * As if the link had gone down, and with it the VLANs on it: routes are gone, and IPv6 addresses. Those that are
 * wanted are left in, because whether they stay is the host's choice (keep_addr_on_down): looking again will tell.
 */
export const imagineDown = (place: Place, name: string): void => {
  if (place.links.get(name)?.up !== true) return
  imagine(place, name, { up: false })
  place.routes.delete(name)
  const wanted = new Set(place.wanted.get(name)?.intent.addresses.map((a) => a.local))
  const addresses = place.addresses.get(name) ?? []
  place.addresses.set(
    name,
    addresses.filter((a) => !a.local.includes(':') || wanted.has(a.local)),
  )
  for (const link of place.links.values())
    if (link.kind === 'vlan' && link.settings.link === name) imagineDown(place, link.name)
}

/** As if a step had changed the link. */
export const imagine = (
  place: Place,
  name: string,
  change: Partial<Omit<ObservedLink, 'master'>> & { readonly master?: string | undefined },
): void => {
  const link = place.links.get(name)
  if (link === undefined) return
  const { master, ...rest } = { ...link, ...change }
  place.links.set(name, master === undefined ? rest : { ...rest, master })
}

/**
 * What goes when a link goes: the kernel deletes VLANs, macvlans and vxlans with the link below them, and a veth
 * with its other end, wherever that is. IP tunnels only lose sight of theirs.
 */
import type { ObservedLink } from '../model/index.ts'
import type { Place } from './place.ts'

export interface Spot {
  readonly place: Place
  readonly name: string
}

const GO_WITH_PARENT: ReadonlySet<string> = new Set(['vlan', 'macvlan', 'vxlan'])

export interface Dependants {
  /** Directly on top of it. */
  readonly above: (spot: Spot) => readonly string[]
  /** The other end of a veth. */
  readonly otherEnd: (spot: Spot) => Spot | undefined
}

/** Of the places as they are now: later changes are not seen. */
export const dependantsIn = (places: Iterable<Place>): Dependants => {
  const above = new Map<Place, Map<string, readonly string[]>>()
  const ends = new Map<string, Spot[]>()
  for (const place of new Set(places)) {
    const here = new Map<string, string[]>()
    above.set(place, here)
    for (const link of place.links.values()) {
      const { link: parent } = link.settings
      if (typeof parent === 'string' && GO_WITH_PARENT.has(link.kind))
        here.set(parent, [...(here.get(parent) ?? []), link.name])
      if (link.kind === 'veth' && link.peerIndex !== undefined) {
        const key = `${link.index} ${link.peerIndex}`
        ends.set(key, [...(ends.get(key) ?? []), { place, name: link.name }])
      }
    }
  }
  return {
    above: ({ place, name }) => above.get(place)?.get(name) ?? [],
    otherEnd: ({ place, name }) => {
      const link = place.links.get(name)
      if (link?.kind !== 'veth') return undefined
      const found = ends.get(`${link.peerIndex} ${link.index}`) ?? []
      return found.find((spot) => spot.place !== place || spot.name !== name)
    },
  }
}

/** Whether two links can be the two ends of one veth. An index that nobody told is taken for right. */
export const arePeers = (a: ObservedLink, b: ObservedLink): boolean =>
  a.kind === 'veth' &&
  b.kind === 'veth' &&
  (a.peerIndex === undefined || a.peerIndex === b.index) &&
  (b.peerIndex === undefined || b.peerIndex === a.index)

/** It and everything that goes with it, dependants first. No loop of links makes this one. */
export const withDependants = (spots: readonly Spot[], { above, otherEnd }: Dependants): Spot[] => {
  const seen = new Map<Place, Set<string>>()
  const ordered: Spot[] = []
  const visit = (spot: Spot): void => {
    const here = seen.get(spot.place) ?? new Set()
    seen.set(spot.place, here)
    if (here.has(spot.name)) return
    here.add(spot.name)
    for (const name of above(spot)) visit({ place: spot.place, name })
    const end = otherEnd(spot)
    if (end !== undefined) for (const name of above(end)) visit({ place: end.place, name })
    ordered.push(spot)
    if (end !== undefined) visit(end)
  }
  spots.forEach(visit)
  return ordered
}

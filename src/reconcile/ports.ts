/**
 * Who is a port of what.
 *
 * A link of ours is a port of what its own `master` says, or of the bridge of ours that lists it, and of nothing
 * else: there is no other way to take it out again by a change of its object. WireGuard interfaces cannot say it and
 * are left where they are. A bridge that lists its ports has exactly those, and those that name it as their master;
 * links that are not ours are put in and out by it, but never taken away from another master.
 */
import type { ObservedLink, Step } from '../model/index.ts'
import type { Waiting } from './difference.ts'
import { imagine, stepIn } from './place.ts'
import type { Place } from './place.ts'
import type { WantedLink } from './wanted.ts'

/** Of each namespace where a bridge of ours lists ports. */
export type Listings = ReadonlyMap<Place, Listing>

interface Listing {
  /** The bridge that lists a link of this name; the first by name has it. */
  readonly bridges: Map<string, string>
  /** Who was a port of what before any of it was changed. */
  readonly ports: ReadonlyMap<string | undefined, readonly ObservedLink[]>
}

export const listingsOf = (links: Iterable<WantedLink>): Listings => {
  const listings = new Map<Place, Listing>()
  for (const { name, place, intent } of links) {
    if (intent.ports === undefined) continue
    const ports = listings.get(place)?.ports ?? Map.groupBy(place.links.values(), (l) => l.master)
    const { bridges } = listings.get(place) ?? { bridges: new Map<string, string>() }
    listings.set(place, { bridges, ports })
    for (const port of intent.ports) if (!bridges.has(port)) bridges.set(port, name)
  }
  return listings
}

export const masterOf = ({ name, place, intent }: WantedLink, listings: Listings): string | undefined =>
  intent.master ?? listings.get(place)?.bridges.get(name)

interface Settled {
  readonly steps: Step[]
  readonly waiting: Waiting[]
}

/** The link's own part: into its master, or out of one that nobody wants it to have. */
export const masterSteps = (wanted: WantedLink, listings: Listings): Settled => {
  const { id, name, place, intent } = wanted
  const master = masterOf(wanted, listings)
  const current = place.links.get(name)?.master
  if (current === master || (current !== undefined && place.left.has(current)))
    return { steps: [], waiting: [] }
  if (master !== undefined && !place.links.has(master)) {
    if (intent.master === undefined) return { steps: [], waiting: [] }
    const message = `${name} is to be a port of ${master}, which is not there`
    const hint = `It joins as soon as ${master} appears.`
    return { steps: [], waiting: [{ link: id, reason: 'MasterMissing', message, hint }] }
  }
  imagine(place, name, { master })
  return { steps: [stepIn(place, { kind: 'link-set', link: name, master: master ?? null })], waiting: [] }
}

/** The bridge's part: out with what it does not list, in with what nobody else brings. */
export const portSteps = (bridge: WantedLink, listings: Listings): Settled => {
  const { id, name, place, intent } = bridge
  if (intent.ports === undefined) return { steps: [], waiting: [] }
  const steps: Step[] = []
  const missing: string[] = []
  const set = (link: string, master: string | undefined): void => {
    steps.push(stepIn(place, { kind: 'link-set', link, master: master ?? null }))
    imagine(place, link, { master })
  }
  for (const { name: port } of listings.get(place)?.ports.get(name) ?? []) {
    if (place.links.get(port)?.master !== name) continue
    const wanted = place.wanted.get(port)
    const own = wanted?.kind === 'link' ? masterOf(wanted, listings) : undefined
    if (own !== name && !intent.ports.includes(port) && !place.left.has(port)) set(port, undefined)
  }
  for (const port of intent.ports) {
    if (place.wanted.has(port) || place.left.has(port)) continue
    const link = place.links.get(port)
    if (link === undefined) missing.push(`${port} is not there`)
    else if (link.master === undefined) set(port, name)
    else if (link.master !== name) missing.push(`${port} is a port of ${link.master} already`)
  }
  return { steps, waiting: missing.length === 0 ? [] : [portMissing(id, missing)] }
}

const portMissing = (id: string, missing: readonly string[]): Waiting => ({
  link: id,
  reason: 'PortMissing',
  message: `Of the ports of ${id}, ${missing.join(', ')}`,
  hint: 'A port joins as soon as it is there and a port of nothing else; the rest is as wanted.',
})

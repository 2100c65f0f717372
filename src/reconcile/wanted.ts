/**
 * What is wanted, with the place where it is wanted: the one form in which WireGuard interfaces and all other links
 * go through a diff. Their order in the intent means nothing.
 */
import { linkIdOf, netnsNameOf } from '../model/index.ts'
import type { LinkIntent, NetnsName, ObservedContainer, WireGuardIntent } from '../model/index.ts'
import type { DiffInput } from './difference.ts'
import { markedAs } from './ownership.ts'
import { containerOf } from './netns-ref.ts'
import { withPathMtus } from './path-mtu.ts'
import { placeOf } from './place.ts'
import type { Place } from './place.ts'

export type Wanted = WantedWireGuard | WantedLink

export interface WantedWireGuard {
  readonly kind: 'wireguard'
  readonly id: string
  readonly name: string
  readonly place: Place
  readonly intent: WireGuardIntent
}

export interface WantedLink {
  readonly kind: 'link'
  readonly id: string
  readonly name: string
  readonly place: Place
  readonly intent: LinkIntent
}

export type Away = Exclude<ObservedContainer, { readonly kind: 'present' }>

export interface Scene {
  readonly input: DiffInput
  /** Two texts may name one namespace; then they have one place. */
  readonly places: ReadonlyMap<NetnsName, Place>
  readonly away: ReadonlyMap<NetnsName, Away>
  /** By id, WireGuard first. */
  readonly wanted: ReadonlyMap<string, Wanted>
  /** Wanted where nothing can be done for now. */
  readonly elsewhere: readonly { readonly id: string; readonly netns: NetnsName }[]
  /** Wanted under a name that another one is wanted under, by another text for the same namespace. */
  readonly twice: readonly string[]
}

const NOT_LOOKED: Away = { kind: 'unknown', message: 'nobody has looked into this namespace yet' }

export const awayIn = (scene: Pick<Scene, 'away'>, netns: NetnsName): Away =>
  scene.away.get(netns) ?? NOT_LOOKED

export const sceneOf = (input: DiffInput): Scene => {
  const { places, away } = placesOf(input)
  const { interfaces, links } =
    input.pathMtus === undefined ? input.intent : withPathMtus(input.intent, input.pathMtus)
  const wanted = new Map<string, Wanted>()
  const elsewhere: { id: string; netns: NetnsName }[] = []
  const twice: string[] = []
  const all = [...byId(interfaces), ...byId(links)]
  for (const { id, intent } of all) {
    const netns = netnsNameOf(intent.container)
    const place = places.get(netns)
    if (input.leave?.has(id) === true) place?.left.add(intent.name)
    else if (place === undefined) elsewhere.push({ id, netns })
    else if (place.wanted.has(intent.name)) twice.push(id)
    else {
      const { name } = intent
      const one: Wanted =
        'kind' in intent
          ? { kind: 'link', id, name, place, intent }
          : { kind: 'wireguard', id, name, place, intent }
      place.wanted.set(name, one)
      wanted.set(id, one)
    }
  }
  if ((input.leave?.size ?? 0) > 0) for (const place of places.values()) leaveUnwanted(place)
  return { input, places, away, wanted, elsewhere, twice }
}

/** While something is left alone, so is whatever of ours nobody wants: it may belong to what is left alone. */
const leaveUnwanted = (place: Place): void => {
  for (const link of place.links.values()) {
    const mark = markedAs(link)
    if (mark !== undefined && !place.wanted.has(mark)) place.left.add(link.name)
  }
}

const byId = <T extends LinkIntent | WireGuardIntent>(intents: readonly T[]): { id: string; intent: T }[] =>
  intents
    .map((intent) => ({ id: linkIdOf(intent.name, intent.container), intent }))
    .toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))

const placesOf = ({ observed }: DiffInput): { places: Map<NetnsName, Place>; away: Map<NetnsName, Away> } => {
  const own = placeOf(observed, undefined)
  const places = new Map([['', own]])
  const away = new Map<NetnsName, Away>()
  const known = new Map(observed.identity === undefined ? [] : [[observed.identity, own]])
  for (const netns of Object.keys(observed.containers).toSorted()) {
    const seen = observed.containers[netns]
    if (seen === undefined) continue
    if (seen.kind !== 'present') {
      away.set(netns, seen)
      continue
    }
    const place = known.get(seen.identity ?? netns) ?? placeOf(seen, containerOf(netns))
    known.set(seen.identity ?? netns, place)
    places.set(netns, place)
  }
  return { places, away }
}

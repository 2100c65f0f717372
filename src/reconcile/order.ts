/**
 * The order in which links are made and settled: a link after the one below it and after its master, WireGuard
 * first where nothing else decides, then by name. What stands on itself is taken where it was met first.
 */
import { linkIdOf } from '../model/index.ts'
import { masterOf } from './ports.ts'
import type { Listings } from './ports.ts'
import type { Wanted } from './wanted.ts'

export const inOrder = (wanted: ReadonlyMap<string, Wanted>, listings: Listings): Wanted[] => {
  const seen = new Set<string>()
  const ordered: Wanted[] = []
  const visit = (one: Wanted): void => {
    if (seen.has(one.id)) return
    seen.add(one.id)
    for (const before of needs(one, { wanted, listings })) visit(before)
    ordered.push(one)
  }
  for (const one of wanted.values()) visit(one)
  return ordered
}

/** Of a veth also what its other end needs: both are made by one step. */
const needs = (
  one: Wanted,
  o: { readonly wanted: ReadonlyMap<string, Wanted>; readonly listings: Listings },
): Wanted[] => {
  if (one.kind === 'wireguard') return []
  const names = [one.intent.settings.link, masterOf(one, o.listings)]
  const found = names.map((n) => (typeof n === 'string' ? one.place.wanted.get(n) : undefined))
  return found.filter((w) => w !== undefined)
}

/** The end of a veth that is made by name, and the one that comes with it. */
export const otherEndOf = (one: Wanted, wanted: ReadonlyMap<string, Wanted>): Wanted | undefined => {
  const peer = one.kind === 'link' ? one.intent.peer : undefined
  return peer === undefined ? undefined : wanted.get(linkIdOf(peer.name, peer.container))
}

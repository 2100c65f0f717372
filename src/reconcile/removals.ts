/**
 * What is deleted: links of ours that nobody wants, and those that are made anew, dependants first. One end of a
 * veth takes the other along, so a pair is one step.
 */
import type { Step } from '../model/index.ts'
import { withDependants } from './dependants.ts'
import type { Dependants, Spot } from './dependants.ts'
import { markedAs } from './ownership.ts'
import { forgetItself, forgetReferences, stepIn } from './place.ts'
import type { Place } from './place.ts'
import { backendOf } from './wireguard-steps.ts'

const removal = (place: Place, name: string): Step => {
  const link = place.links.get(name)
  const backend = link?.kind === 'wireguard' || link?.kind === 'tun' ? { backend: backendOf(link) } : {}
  return stepIn(place, { kind: 'link-delete', link: name, ...backend })
}

/** Ours, and nobody wants it under the name that it was made with. */
export const staleIn = (place: Place): Spot[] =>
  [...place.links.values()]
    .filter((link) => {
      const mark = markedAs(link)
      return mark !== undefined && !place.wanted.has(mark)
    })
    .map((link) => ({ place, name: link.name }))

/** Dependants that are somebody else's go with the link below them, and no step says so. */
export const removeAll = (spots: readonly Spot[], dependants: Dependants): Step[] => {
  const asked = spotSets(spots)
  const gone: Spot[] = []
  const steps: Step[] = []
  for (const spot of withDependants(spots, dependants)) {
    const { place, name } = spot
    const link = place.links.get(name)
    if (link === undefined) continue
    const end = dependants.otherEnd(spot)
    if (markedAs(link) !== undefined || asked.get(place)?.has(name) === true) steps.push(removal(place, name))
    for (const one of end === undefined ? [spot] : [spot, end]) {
      forgetItself(one.place, one.name)
      gone.push(one)
    }
  }
  for (const [place, names] of spotSets(gone)) forgetReferences(place, names)
  return steps
}

const spotSets = (spots: readonly Spot[]): Map<Place, Set<string>> => {
  const sets = new Map<Place, Set<string>>()
  for (const { place, name } of spots) {
    const names = sets.get(place) ?? new Set()
    sets.set(place, names.add(name))
  }
  return sets
}

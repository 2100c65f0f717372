/**
 * Links of ours that somebody renamed: the mark still says what they were made as. When that is wanted and the name
 * is free, the link gets it back and keeps its sessions, addresses and whatever is on top of it; when nobody wants
 * it, it is removed like everything that nobody wants. A kernel before 6.2 renames only a link that is down.
 *
 * A link that was moved to another namespace is not brought back: it is removed there and made anew.
 */
import type { Step } from '../model/index.ts'
import { markedAs } from './ownership.ts'
import { forget, imagine, imagineName, stepIn } from './place.ts'
import type { Place } from './place.ts'
import { removal } from './removals.ts'

export const renameSteps = (place: Place): Step[] => {
  const steps: Step[] = []
  for (let strays = straysOf(place); strays.length > 0; strays = straysOf(place)) {
    const free = strays.find(({ to }) => !place.links.has(to))
    if (free !== undefined) {
      steps.push(...renameOne(place, free))
      continue
    }
    // Names that were swapped: one of the links makes way, and is made anew.
    const names = new Set(strays.map(({ from }) => from))
    const inTheWay = strays.find(({ to }) => names.has(to))?.to
    if (inTheWay === undefined) return steps
    steps.push(removal(place, inTheWay))
    forget(place, inTheWay)
  }
  return steps
}

interface Stray {
  readonly from: string
  readonly to: string
}

const straysOf = (place: Place): Stray[] => {
  const strays: Stray[] = []
  for (const link of place.links.values()) {
    const to = markedAs(link)
    if (to !== undefined && to !== link.name && place.wanted.has(to)) strays.push({ from: link.name, to })
  }
  return strays
}

const renameOne = (place: Place, { from, to }: Stray): Step[] => {
  const wasUp = place.links.get(from)?.up === true
  imagineName(place, from, to)
  imagine(place, to, { up: false })
  return [
    ...(wasUp ? [stepIn(place, { kind: 'link-set', link: from, up: false })] : []),
    stepIn(place, { kind: 'link-set', link: from, name: to }),
  ]
}

/** What wg-quick cannot make of a plan: nothing is left out without a word. Pure. */
import type { NodeIntent } from '../../model/index.ts'
import { someOf } from '../terminal/some-of.ts'

/** Whole lines, or nothing. */
export function whatWgQuickLacks(intents: readonly NodeIntent[]): string {
  const links = intents.flatMap(({ node, links: own }) => own.map(({ name }) => `${node}/${name}`))
  const inside = intents.flatMap(({ node, interfaces }) =>
    interfaces.filter(({ container }) => container !== undefined).map(({ name }) => `${node}/${name}`),
  )
  return [
    links.length === 0 ? '' : `Left out, since wg-quick makes WireGuard only: ${someOf(links)}.\n`,
    inside.length === 0
      ? ''
      : `Made on the machine itself, since wg-quick knows no containers: ${someOf(inside)}.\n`,
  ].join('')
}

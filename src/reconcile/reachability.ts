/**
 * Whether a change could cut this host off from somebody: for each address that has to stay reachable, its way
 * before the first step against its way after the last. What is in between lasts milliseconds and breaks nothing.
 *
 * A cut is what could happen, not what will: through another tunnel the address may be reached as well as before,
 * but that only trying shows (docs/guides/safe-changes.md).
 */
import type { Step } from '../model/index.ts'
import { withStep } from './reachability-steps.ts'
import type { RoutingView } from './reachability-view.ts'
import { wayTo } from './reachability-way.ts'
import type { Way } from './reachability-way.ts'

export interface ProtectedAddress {
  readonly address: string
  /** Of a session with it, our address. */
  readonly from?: string
}

export interface Cut {
  readonly address: string
  /** How packets to it leave now, and how they would. */
  readonly before: string
  readonly after: string
  /** The step since which it would be so; of several peers that are set at once, the one that it is about. */
  readonly because: Step
}

export interface CutsInput {
  readonly view: RoutingView
  readonly steps: readonly Step[]
  readonly keep: readonly ProtectedAddress[]
}

/** In the order of `keep`. What cannot be reached before cannot be cut off. */
export const cuts = ({ view, keep, ...given }: CutsInput): Cut[] => {
  if (keep.length === 0 || given.steps.length === 0) return []
  const steps = given.steps.flatMap(pieces)
  const views = [view]
  for (const [at, step] of steps.entries()) views.push(withStep(views[at] ?? view, step, at))
  return keep.flatMap((one) => cutOf(one, { views, steps }) ?? [])
}

/** One peer at a time, so that it is clear which of them it is. */
const pieces = (step: Step): Step[] => {
  if (step.kind !== 'wireguard-set') return [step]
  const { peers, ...own } = step.change
  const device: Step[] = Object.keys(own).length === 0 ? [] : [{ ...step, change: { ...own, peers: [] } }]
  return [...device, ...peers.map((one): Step => ({ ...step, change: { peers: [one] } }))]
}

interface Course {
  readonly views: readonly RoutingView[]
  readonly steps: readonly Step[]
}

const cutOf = ({ address, from }: ProtectedAddress, { views, steps }: Course): Cut | undefined => {
  const flow = { to: address, ...(from === undefined ? {} : { from }) }
  const ways = (at: number): Way => wayTo(views[at] ?? NO_VIEW, flow)
  const before = ways(0)
  let at = steps.length
  const after = ways(at)
  if (!before.leads || keeps(before, after)) return undefined
  while (at > 1 && !keeps(before, ways(at - 1))) at--
  const because = steps[at - 1]
  return because && { address, before: before.text, after: textAfter(before, after), because }
}

/** What is different, when the way itself reads the same: a key, a port, an address of ours. */
const textAfter = (before: Way, after: Way): string => {
  if (after.text !== before.text) return after.text
  return `the same way, but no longer so: ${before.needs.find((need) => !after.gives.has(need))}`
}

const NO_VIEW: RoutingView = { links: [], addresses: [], routes: [], rules: [], wireguard: [] }

const keeps = (before: Way, after: Way): boolean => before.needs.every((need) => after.gives.has(need))

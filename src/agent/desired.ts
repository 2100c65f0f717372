/**
 * What this node is to have, from what the source says: planned, held against the local bounds and against the
 * node's own keys. Whatever is refused is a problem, and what runs of it stays as it is: `leave` names the links
 * that nothing may touch meanwhile. A snapshot with any problem of its own is refused as a whole.
 */
import type { Allocations, NodeAllocation, NodeIntent, Problem } from '../model/index.ts'
import { own } from '../model/index.ts'
import { plan } from '../plan/index.ts'
import { lockoutRisks } from '../reconcile/index.ts'
import type { SourceSnapshot } from '../sources/index.ts'
import { askedTogether, beyondBounds } from './beyond-bounds.ts'
import type { Bounds } from './bounds.ts'
import { idOf } from './by-link.ts'
import type { KeyStore } from './key-store.ts'
import { objectId } from './link-status.ts'
import { askedBy } from './object-status.ts'
import type { Asked } from './object-status.ts'
import { resolveKeys } from './keys.ts'
import type { NodeKeys } from './keys.ts'
import type { PeerPins } from './pins.ts'

export interface Desired {
  readonly intent: NodeIntent
  readonly keys: NodeKeys
  readonly leave: ReadonlySet<string>
  /** Why something is left alone. */
  readonly problems: readonly Problem[]
  /** Every object that asks something of this node, also those that ask too much. */
  readonly asked: readonly Asked[]
}

export type Planned =
  | { readonly kind: 'intent'; readonly intent: NodeIntent; readonly warnings: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** Plans a snapshot for one node, or says everything that is wrong with it. */
export const planFor = (node: string, snapshot: SourceSnapshot): Planned => {
  if (snapshot.problems.some(isError)) return { kind: 'refused', problems: snapshot.problems }
  const result = plan(snapshot.objects, snapshot.allocations)
  const problems = [...snapshot.problems, ...result.problems]
  if (problems.some(isError)) return { kind: 'refused', problems }
  if (!sameDecisions(snapshot.allocations, result.allocations))
    return { kind: 'refused', problems: [...problems, notAllocated()] }
  const intent = result.intents.get(node)
  if (intent === undefined && snapshot.objects.length > 0)
    return { kind: 'refused', problems: [...problems, notInPlan(node)] }
  return { kind: 'intent', intent: intent ?? { node, interfaces: [], links: [] }, warnings: problems }
}

const isError = (problem: Problem): boolean => problem.severity !== 'warning'

const notAllocated = (): Problem => ({
  code: 'NotAllocated',
  path: '',
  message: 'the lock lacks what the plan needs: addresses, ports or names would have to be allocated',
  hint: 'Run `warren plan --write` or `warren push` where the plan is kept.',
})

const notInPlan = (node: string): Problem => ({
  code: 'NodeNotInPlan',
  path: node,
  message: `no plan names the node ${node}`,
  hint: 'Check --node, and that the plan lists it.',
})

/**
 * Whether everything the plan needs was decided before. Public keys aside: those are facts about nodes, not
 * decisions that somebody has to make first; and what only the lock knows belongs to nodes that are gone.
 */
const sameDecisions = (given: Allocations, planned: Allocations): boolean =>
  given === planned ||
  Object.entries(planned.networks).every(([name, network]) =>
    Object.entries(network.nodes).every(([node, wanted]) => {
      const known = own(own(given.networks, name)?.nodes, node)
      return known !== undefined && decisions(known) === decisions(wanted)
    }),
  )

const decisions = ({ addresses, interfaces }: NodeAllocation): string =>
  JSON.stringify([addresses, interfaces.map((i) => [i.link ?? '', i.name, i.listenPort])])

export interface AcceptOptions {
  readonly objects: SourceSnapshot['objects']
  readonly bounds: Bounds
  readonly store: KeyStore
  readonly pins: PeerPins
  /** The intent in force, for objects that now ask too much. */
  readonly before: NodeIntent | undefined
  /** A dry run makes no keys and pins nothing. */
  readonly write: boolean
}

/** Takes of an intent what this node allows; objects that ask too much keep what they had. */
export const accept = async (intent: NodeIntent, o: AcceptOptions): Promise<Desired> => {
  const problems: Problem[] = []
  const refused = new Map<string, Problem>()
  const all = [...intent.interfaces, ...intent.links]
  const together = askedTogether(all)
  for (const wanted of all) {
    const found = [
      ...beyondBounds(wanted, o.bounds, together),
      ...('peers' in wanted && o.bounds.pinPeerKeys ? await o.pins.check(wanted, o) : []),
    ]
    const [first] = found
    if (first !== undefined) refused.set(objectId(wanted.owner), first)
    problems.push(...found)
  }
  const kept = keepBefore(intent, refused, o.before)
  const keys = await resolveKeys(kept.intent, { objects: o.objects, store: o.store, make: o.write })
  for (const wg of kept.intent.interfaces) {
    const problem = keys.problems.get(idOf(wg))
    if (problem !== undefined) refused.set(objectId(wg.owner), problem)
  }
  return {
    intent: kept.intent,
    keys,
    leave: new Set([...kept.leave, ...keys.problems.keys()]),
    problems: [...problems, ...keys.problems.values(), ...risksOf(kept.intent)],
    asked: askedBy(intent, refused),
  }
}

type Refused = ReadonlyMap<string, Problem>

const keepBefore = (
  intent: NodeIntent,
  refused: Refused,
  before: NodeIntent | undefined,
): { intent: NodeIntent; leave: Set<string> } => {
  const interfaces = keepOf(intent.interfaces, before?.interfaces ?? [], refused)
  const links = keepOf(intent.links, before?.links ?? [], refused)
  return {
    intent: { ...intent, interfaces: interfaces.kept, links: links.kept },
    leave: new Set([...interfaces.leave, ...links.leave]),
  }
}

type Wanted = Pick<NodeIntent['links'][number], 'name' | 'container' | 'owner'>

const keepOf = <T extends Wanted>(
  wanted: readonly T[],
  before: readonly T[],
  refused: Refused,
): { readonly kept: T[]; readonly leave: string[] } => {
  const isRefused = (one: T): boolean => refused.has(objectId(one.owner))
  const old = before.filter(isRefused)
  const ids = new Set(old.map(idOf))
  return {
    kept: [...wanted.filter((one) => !isRefused(one) && !ids.has(idOf(one))), ...old].toSorted(byId),
    leave: wanted.filter((one) => isRefused(one) && !ids.has(idOf(one))).map(idOf),
  }
}

const byId = (a: Wanted, b: Wanted): number => (idOf(a) < idOf(b) ? -1 : 1)

/** Said before anything is applied. Warnings: whether they come true depends on the host's other routes. */
const risksOf = (intent: NodeIntent): Problem[] =>
  lockoutRisks(intent).map((message) => ({
    code: 'LockoutRisk',
    path: intent.node,
    message,
    hint: 'Have another way into this machine at hand, or use narrower prefixes.',
    severity: 'warning',
  }))

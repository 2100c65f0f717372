/**
 * What this node is to have, from what the source says: planned, held against the local bounds and against the
 * node's own keys. Whatever is refused is a problem, and what runs of it stays as it is: `leave` names the links
 * that nothing may touch meanwhile. A snapshot with any problem of its own is refused as a whole.
 */
import type {
  Allocations,
  NodeAllocation,
  NodeIntent,
  ObjectRef,
  Problem,
  WireGuardIntent,
} from '../model/index.ts'
import { own } from '../model/index.ts'
import { plan } from '../plan/index.ts'
import { lockoutRisks } from '../reconcile/index.ts'
import type { SourceSnapshot } from '../sources/index.ts'
import { askedTogether, beyondBounds } from './bounds.ts'
import type { Bounds } from './bounds.ts'
import type { KeyStore } from './key-store.ts'
import { resolveKeys } from './keys.ts'
import type { NodeKeys } from './keys.ts'
import type { PeerPins } from './pins.ts'

export interface Desired {
  readonly intent: NodeIntent
  readonly keys: NodeKeys
  readonly leave: ReadonlySet<string>
  /** Why something is left alone. */
  readonly problems: readonly Problem[]
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
  const refused = new Set<string>()
  const together = askedTogether(intent.interfaces)
  for (const wg of intent.interfaces) {
    const found = [
      ...beyondBounds(wg, o.bounds, together),
      ...(o.bounds.pinPeerKeys ? await o.pins.check(wg, o) : []),
      ...(wg.container === undefined ? [] : [noContainers(wg)]),
    ]
    if (found.length > 0) refused.add(ownerId(wg.owner))
    problems.push(...found)
  }
  const kept = keepBefore(intent, refused, o.before)
  const keys = await resolveKeys(kept.intent, { objects: o.objects, store: o.store, make: o.write })
  return {
    intent: kept.intent,
    keys,
    leave: new Set([...kept.leave, ...keys.problems.keys()]),
    problems: [...problems, ...keys.problems.values(), ...risksOf(kept.intent)],
  }
}

const keepBefore = (
  intent: NodeIntent,
  refused: ReadonlySet<string>,
  before: NodeIntent | undefined,
): { intent: NodeIntent; leave: Set<string> } => {
  const isRefused = (wg: WireGuardIntent): boolean => refused.has(ownerId(wg.owner))
  const kept = (before?.interfaces ?? []).filter(isRefused)
  const names = new Set(kept.map((i) => i.name))
  const interfaces = [...intent.interfaces.filter((i) => !isRefused(i) && !names.has(i.name)), ...kept]
  const leave = intent.interfaces.filter((i) => isRefused(i) && !names.has(i.name)).map((i) => i.name)
  return {
    intent: { ...intent, interfaces: interfaces.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
    leave: new Set(leave),
  }
}

const ownerId = (owner: ObjectRef): string => `${owner.kind}/${owner.namespace}/${owner.name}`

/** Said before anything is applied. Warnings: whether they come true depends on the host's other routes. */
const risksOf = (intent: NodeIntent): Problem[] =>
  lockoutRisks(intent).map((message) => ({
    code: 'LockoutRisk',
    path: intent.node,
    message,
    hint: 'Have another way into this machine at hand, or use narrower prefixes.',
    severity: 'warning',
  }))

const noContainers = (wg: WireGuardIntent): Problem => ({
  code: 'ContainerUnsupported',
  path: ownerId(wg.owner),
  message: `${wg.name} is to live in a container, which is not supported yet`,
  hint: 'Leave out `container`.',
})

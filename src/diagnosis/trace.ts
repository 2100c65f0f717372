/**
 * The way that a plan gives a packet from one node to another, leg by leg:
 *
 *      from ── leg ── hub ── leg ── to           near and far are the two ends of a leg, seen from `from`
 *
 * Where the plan itself has no way, the answer is a finding: nothing on the machines needs to be asked.
 */
import {
  containsAddress,
  type NodeIntent,
  parseAddress,
  parsePrefix,
  type PeerIntent,
  type Problem,
  similarTo,
  type WireGuardIntent,
} from '../model/index.ts'
import { type LostReason, type Path, pathTo, type PlanResult } from '../plan/index.ts'
import { type Finding, findingsOf } from './finding.ts'

export interface LegEnd {
  readonly node: string
  readonly interface: WireGuardIntent
  /** The other end, as this one's plan has it. */
  readonly peer: PeerIntent
  /** Inside the tunnel. */
  readonly address: string
}

export interface Leg {
  readonly near: LegEnd
  readonly far: LegEnd
}

export interface Trace {
  readonly kind: 'trace'
  readonly from: string
  readonly to: string
  readonly family: 4 | 6
  /** The address that `from` would send with, and the one it sends to. */
  readonly source: string
  readonly target: string
  readonly nodes: readonly string[]
  readonly legs: readonly Leg[]
  /** Whether it takes direct paths, which both ends withdraw while they do not work. */
  readonly shortcuts: 'up' | 'down'
}

export interface TraceQuestion {
  readonly from: string
  readonly to: string
  /** Default: IPv4 where both ends have it. */
  readonly family?: 4 | 6 | undefined
  readonly shortcuts?: 'up' | 'down'
}

export type TraceResult = Trace | { readonly kind: 'none'; readonly finding: Finding }

export const traceOf = (plan: PlanResult, question: TraceQuestion): TraceResult => {
  const { from, to } = question
  const { fails } = findingsOf('intent', from)
  const none = (finding: Finding): TraceResult => ({ kind: 'none', finding })
  const wrong = problemWith(plan, question)
  if (wrong) return none(fails(wrong))
  for (const node of [from, to]) {
    if (!plan.intents.has(node)) return none(noSuchNode(plan, node))
    const missing = plan.publicKeysMissing.find((one) => one.node === node)
    if (missing) return none(noKey(node, missing.agent))
  }
  const [source, target] = [plan.intents.get(from), plan.intents.get(to)]
  if (source === undefined || target === undefined) return none(noSuchNode(plan, from))
  const families: readonly (4 | 6)[] = question.family === undefined ? [4, 6] : [question.family]
  let lost: Finding | undefined
  for (const address of families.flatMap((family) => addressesOf(target, family))) {
    const path = pathTo(plan.intents, { from, to: address, shortcuts: question.shortcuts ?? 'up' })
    if (path.kind === 'arrives') {
      const trace = withLegs(plan, { ...question, nodes: path.nodes, target: address })
      if (trace) return trace
    } else lost ??= lostFinding(plan, path, question)
  }
  return none(lost ?? fails(noAddress(question)))
}

interface Words {
  readonly says: string
  readonly because: string
  readonly fix: readonly string[]
}

/** A plan with an error changes nothing anywhere, so its first error about these two is the answer. */
const problemWith = (plan: PlanResult, { from, to }: TraceQuestion): Words | undefined => {
  const errors = plan.problems.filter((problem) => problem.severity !== 'warning')
  const mentions = (problem: Problem): number =>
    [from, to].filter((node) => new RegExp(`\\b${escaped(node)}\\b`).test(problem.message)).length
  const [worst] = errors.toSorted((a, b) => mentions(b) - mentions(a))
  if (worst === undefined) return undefined
  return {
    says: worst.message,
    because: 'a plan with an error is not carried out by anybody',
    fix: worst.hint === undefined ? [] : [worst.hint],
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

const noSuchNode = (plan: PlanResult, node: string): Finding => {
  const known = [...plan.intents.keys()]
  const meant = similarTo(node, known)
  return findingsOf('intent', node).fails({
    says: `the plan has no node ${node}`,
    because: 'only nodes of the plan get a place in the network',
    fix: [meant === undefined ? `Add ${node} to the nodes of the plan.` : `Did you mean ${meant}?`],
  })
}

const noKey = (node: string, agent: boolean): Finding =>
  findingsOf('intent', node).fails({
    says: `nobody knows the public key of ${node} yet`,
    because: 'a node without a key is left out of everybody’s peers',
    fix: [agent ? "warren keys PLAN --via 'ssh root@{node}'" : 'warren generate PLAN --out DIR'],
  })

const noAddress = ({ from, to, family }: TraceQuestion): Words => ({
  says: `${from} and ${to} have no address of the same family${family === undefined ? '' : ` (IPv${family})`}`,
  because: 'a packet needs a source and a destination',
  fix: ['Give both an address in the plan.'],
})

const lostFinding = (
  plan: PlanResult,
  path: Extract<Path, { kind: 'lost' }>,
  question: TraceQuestion,
): Finding => {
  const [missing] = plan.publicKeysMissing
  // Most likely the one that was to stand between them.
  if (path.reason === 'no-peer' && missing !== undefined) return noKey(missing.node, missing.agent)
  const at = path.nodes.at(-1) ?? question.from
  return findingsOf('intent', at).fails(lostWords(path.reason, { question, at }))
}

const lostWords = (
  reason: LostReason,
  { question, at }: { readonly question: TraceQuestion; readonly at: string },
): Words => {
  const { from, to } = question
  const what: Record<LostReason, readonly [string, string, string]> = {
    'no-address': [
      `${from} has no address to reach ${to} with`,
      'a packet needs a source',
      'Give it one in the plan.',
    ],
    'no-peer': [
      `no peer of ${at} leads to ${to}`,
      'WireGuard sends a packet to the peer whose allowed IPs hold its destination',
      'Make them peers in the plan, or name a hub or a relay.',
    ],
    'wrong-source': [
      `${at} would drop packets of ${from}: they come from another peer than its answers would go to`,
      'WireGuard takes a packet only from the peer whose allowed IPs hold its source',
      `Let the allowed IPs at ${at} hold the addresses of ${from}.`,
    ],
    'not-forwarded': [
      `${at} does not forward`,
      'a packet for somebody else ends there',
      `Make ${at} a hub or a relay.`,
    ],
    loop: [
      `packets go round in a circle at ${at}`,
      'they never arrive',
      'Look at the allowed IPs of the plan.',
    ],
  }
  const [says, because, fix] = what[reason]
  return { says, because, fix: [fix] }
}

const withLegs = (
  plan: PlanResult,
  { from, to, nodes, target, shortcuts = 'up' }: TraceQuestion & { nodes: readonly string[]; target: string },
): Trace | undefined => {
  const family = familyOf(target)
  const legs: Leg[] = []
  for (const [i, farName] of nodes.slice(1).entries()) {
    const [near, far] = [plan.intents.get(nodes[i] ?? ''), plan.intents.get(farName)]
    const leg = near && far && legBetween(near, far, { target, family, shortcuts })
    if (leg === undefined) return undefined
    legs.push(leg)
  }
  const source = legs[0]?.near.address
  if (source === undefined) return undefined
  return { kind: 'trace', from, to, family, source, target, nodes, legs, shortcuts }
}

interface LegQuestion {
  readonly target: string
  readonly family: 4 | 6
  readonly shortcuts: 'up' | 'down'
}

/** By the longest prefix, as WireGuard chooses; of what leads to the node that is next. */
const legBetween = (
  near: NodeIntent,
  far: NodeIntent,
  { target, family, shortcuts }: LegQuestion,
): Leg | undefined => {
  let best: { leg: Leg; length: number } | undefined
  for (const one of near.interfaces) {
    for (const peer of one.peers) {
      if (peer.node !== far.node || (shortcuts === 'down' && peer.path !== 'always')) continue
      const length = longestMatch(peer.allowedIPs, target)
      const [nearAddress] = addressesIn(one, family)
      const back = endOf(far, one, family)
      if (length === undefined || nearAddress === undefined || back === undefined) continue
      if (best !== undefined && best.length >= length) continue
      const end: LegEnd = { node: near.node, interface: one, peer, address: nearAddress }
      best = { leg: { near: end, far: back }, length }
    }
  }
  return best?.leg
}

const endOf = (far: NodeIntent, near: WireGuardIntent, family: 4 | 6): LegEnd | undefined => {
  for (const one of far.interfaces) {
    const peer = one.peers.find((candidate) => candidate.publicKey === near.publicKey)
    const [address] = addressesIn(one, family)
    if (peer && address !== undefined) return { node: far.node, interface: one, peer, address }
  }
  return undefined
}

/** Bits of the longest prefix that holds the address. */
export const longestMatch = (prefixes: readonly string[], address: string): number | undefined => {
  const wanted = parseAddress(address)
  if (wanted === undefined) return undefined
  let longest: number | undefined
  for (const text of prefixes) {
    const prefix = parsePrefix(text)
    if (prefix === undefined || !containsAddress(prefix, wanted)) continue
    if (longest === undefined || prefix.length > longest) longest = prefix.length
  }
  return longest
}

export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4)

/** Global ones first: link-local addresses of two tunnels may be the same. */
const addressesIn = ({ addresses }: WireGuardIntent, family: 4 | 6): string[] => {
  const own = addresses.map(({ local }) => local).filter((local) => familyOf(local) === family)
  return own.toSorted((a, b) => Number(a.startsWith('fe80:')) - Number(b.startsWith('fe80:')))
}

const addressesOf = ({ interfaces }: NodeIntent, family: 4 | 6): string[] =>
  interfaces.flatMap((one) => addressesIn(one, family)).filter((address) => !address.startsWith('fe80:'))

/**
 * The walk: every check in the order in which a packet meets what it looks at, on every node and leg of the path. The
 * first that fails is the answer. When a probe came back, nothing is in the way, so whatever looks wrong is told
 * without being called the cause.
 */
import { allowedIPs } from './checks/allowed-ips.ts'
import { answer } from './checks/answer.ts'
import { clock } from './checks/clock.ts'
import { contact } from './checks/contact.ts'
import { endpoint } from './checks/endpoint.ts'
import { forwarding } from './checks/forwarding.ts'
import { handshake } from './checks/handshake.ts'
import { innerFirewall } from './checks/inner-firewall.ts'
import { tunnelInterface } from './checks/interface.ts'
import { keys } from './checks/keys.ts'
import { mtu } from './checks/mtu.ts'
import { outerFirewall } from './checks/outer-firewall.ts'
import { route } from './checks/route.ts'
import { rpFilter } from './checks/rp-filter.ts'
import { rule } from './checks/rule.ts'
import { underlay } from './checks/underlay.ts'
import {
  isAlive,
  type LegCheck,
  lookupAt,
  type NodeCheck,
  type PathContext,
  peerAt,
  reaches,
} from './context.ts'
import { deviceAt, endpointParts } from './context.ts'
import { type Finding, findingsOf } from './finding.ts'

export interface Diagnosis {
  /** Null: nobody could try. */
  readonly reaches: boolean | null
  readonly findings: readonly Finding[]
  /** The first that fails. */
  readonly cause: Finding | null
}

/** Per leg and direction until the tunnel stands; they explain a silence. */
const OUTER: readonly LegCheck[] = [keys, endpoint, underlay, outerFirewall, clock]
const INNER: readonly LegCheck[] = [route, rule, rpFilter]

export const diagnose = (context: PathContext): Diagnosis => {
  const arrived = reaches(context)
  const found = walk(context)
  const findings = arrived === true ? found.map(excused) : found
  return { reaches: arrived ?? null, findings, cause: findings.find((one) => one.ok === false) ?? null }
}

const walk = (context: PathContext): Finding[] => {
  const { trace } = context
  const path = trace.nodes.join(' → ')
  const intent = findingsOf('intent', trace.from).ok(`the plan: ${path}, ${trace.source} to ${trace.target}`)
  return [
    intent,
    ...overNodes(context, contact),
    ...overNodes(context, tunnelInterface),
    ...OUTER.flatMap((check) => overLegs(context, check)),
    ...overNearEnds(context, handshake),
    ...overLegs(context, allowedIPs),
    ...INNER.flatMap((check) => overLegs(context, check)),
    ...overNodes(context, forwarding),
    ...overNodes(context, innerFirewall),
    ...[mtu(context), answer(context)].filter(isFound),
  ]
}

const isFound = (finding: Finding | undefined): finding is Finding => finding !== undefined

const overNodes = (context: PathContext, check: NodeCheck): Finding[] =>
  context.trace.nodes.map((node) => check({ ...context, node })).filter(isFound)

/** With the packet, and back with the answer. */
const overLegs = (context: PathContext, check: LegCheck): Finding[] =>
  context.trace.legs.flatMap(({ near, far }) =>
    [
      check({ ...context, near, far, forth: true }),
      check({ ...context, near: far, far: near, forth: false }),
    ].filter(isFound),
  )

/** Once per leg; seen from its far end where the near one was not asked. */
const overNearEnds = (context: PathContext, check: LegCheck): Finding[] =>
  context.trace.legs
    .map(({ near, far }) =>
      context.facts.has(near.node)
        ? check({ ...context, near, far, forth: true })
        : check({ ...context, near: far, far: near, forth: false }),
    )
    .filter(isFound)

/** Full-sized packets may vanish although small ones arrive. */
const excused = (finding: Finding): Finding =>
  finding.ok === false && finding.check !== 'mtu' ? { ...finding, ok: null } : finding

/**
 * What has to be asked once more, now that it is known where callers call from: the way back to them, by node.
 * Only of legs that are silent.
 */
export const furtherAddresses = (context: PathContext): ReadonlyMap<string, readonly string[]> => {
  const { trace, facts } = context
  const wanted = new Map<string, string[]>()
  for (const leg of trace.legs) {
    if (isAlive(context, leg)) continue
    for (const [near, far] of [
      [leg.near, leg.far],
      [leg.far, leg.near],
    ] as const) {
      const own = facts.get(near.node)
      const at = peerAt(own, near)?.endpoint
      if (at === null || at === undefined || !facts.has(far.node)) continue
      const mark = deviceAt(own, near.interface.name)?.fwmark ?? 0
      const way = lookupAt(own, endpointParts(at).address, mark)?.answer
      if (way?.kind !== 'way' || way.source === null) continue
      wanted.set(far.node, [...(wanted.get(far.node) ?? []), way.source])
    }
  }
  return wanted
}

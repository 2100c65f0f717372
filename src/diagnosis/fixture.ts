/**
 * Facts for tests: two nodes and a hub whose tunnel is in perfect order, to be spoilt one thing at a time.
 *
 *      a 10.8.0.1 ── hub 10.8.0.254 ── b 10.8.0.2           underlay 192.0.2.1, 203.0.113.1, 198.51.100.1
 */
import { NO_ALLOCATIONS, parseObjects, withPublicKey } from '../model/index.ts'
import { plan, type PlanResult } from '../plan/index.ts'
import type { PathContext } from './context.ts'
import { type DeviceFacts, FACTS_VERSION, type NodeFacts, type ProbeFacts } from './facts.ts'
import { type LegEnd, type Trace, traceOf } from './trace.ts'

export const NOW_MS = Date.UTC(2030, 0, 1)

export const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.8.0.0/24]
  topology: HubAndSpoke
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: hub, addresses: [10.8.0.254], endpoint: "203.0.113.1:51820" }
  - { name: a, addresses: [10.8.0.1] }
  - { name: b, addresses: [10.8.0.2] }
`

const UNDERLAY: Readonly<Record<string, string>> = {
  ...{ a: '192.0.2.1', hub: '203.0.113.1', b: '198.51.100.1' },
}

/** 32 bytes that tell nodes apart, as base64. */
export const keyOf = (node: string): string => `${node.padEnd(42, 'A').slice(0, 42)}E=`

export const planOf = (text: string, withKeys: readonly string[] = ['hub', 'a', 'b']): PlanResult => {
  const { objects } = parseObjects(text, { file: 'home.yaml' })
  let { allocations } = plan(objects, NO_ALLOCATIONS)
  for (const node of withKeys)
    allocations = withPublicKey(allocations, { network: 'default/home', node, publicKey: keyOf(node) })
  return plan(objects, allocations)
}

export const traceBetween = (from: string, to: string): Trace => {
  const trace = traceOf(planOf(PLAN), { from, to })
  if (trace.kind === 'none') throw new Error(trace.finding.says)
  return trace
}

/** All nodes of the trace, in order, with every probe answered. */
export const perfect = (trace: Trace): PathContext => ({
  trace,
  facts: new Map(trace.nodes.map((node) => [node, factsOf(trace, node)])),
  unreachable: new Map(),
})

const factsOf = (trace: Trace, node: string): NodeFacts => {
  const ends = trace.legs.flatMap(({ near, far }) => [
    ...(near.node === node ? [{ own: near, other: far }] : []),
    ...(far.node === node ? [{ own: far, other: near }] : []),
  ])
  const [first] = ends
  if (first === undefined) throw new Error(`${node} is not on the way`)
  const targets = [...new Set([...ends.map(({ other }) => other.address), trace.source, trace.target])]
  const away = targets.filter((to) => to !== first.own.address)
  return {
    version: FACTS_VERSION,
    nowMs: NOW_MS,
    clockSynchronised: true,
    agent: { node, phase: 'Converged', problems: [], interfaces: ['wg0'] },
    links: [
      { name: 'eth0', index: 2, kind: '', up: true, mtuBytes: 1500 },
      { name: 'wg0', index: 3, kind: 'wireguard', up: true, mtuBytes: 1420 },
    ],
    addresses: [
      { link: 'eth0', local: UNDERLAY[node] ?? '', prefixLength: 24 },
      { link: 'wg0', local: first.own.address, prefixLength: 24 },
    ],
    routes: [{ destination: '10.8.0.0/24', table: 254, link: 'wg0', mtuBytes: null }],
    rules: [
      {
        ...{ family: 'inet', priority: 32_766, table: 254, text: 'from all lookup main' },
        ...{ from: null, to: null, fwmark: null, inputLink: null },
      },
    ],
    wireguard: [deviceOf(ends)],
    lookups: [
      ...away.map((to) => wayTo(to, 'wg0')),
      ...ends.map(({ other }) => wayTo(UNDERLAY[other.node] ?? '', 'eth0', UNDERLAY[node])),
    ],
    resolved: [],
    sysctls: { 'net/ipv4/conf/all/rp_filter': '0', 'net/ipv4/conf/wg0/forwarding': '1' },
    firewall: { ruleset: { chains: [], sets: [] }, unseen: [] },
    udpPorts: [51_820],
    probes: away.map(answeredProbe),
  }
}

const deviceOf = (ends: readonly { own: LegEnd; other: LegEnd }[]): DeviceFacts => ({
  link: 'wg0',
  backend: 'kernel',
  publicKey: keyOf(ends[0]?.own.node ?? ''),
  listenPort: 51_820,
  fwmark: 0,
  peers: ends.map(({ own, other }) => ({
    publicKey: own.peer.publicKey,
    presharedKeyDigest: null,
    endpoint: `${UNDERLAY[other.node]}:51820`,
    allowedIPs: own.peer.allowedIPs,
    lastHandshakeMs: NOW_MS - 10_000,
    rxBytes: 1000,
    txBytes: 1000,
    rxGrewBytes: 200,
    txGrewBytes: 200,
  })),
})

export const wayTo = (
  to: string,
  link: string,
  source: string | null = null,
): NodeFacts['lookups'][number] => ({
  ...{ to, from: null, inputLink: null, mark: 0 },
  answer: {
    ...{ kind: 'way', type: 1, link, gateway: null, source, mtuBytes: null, table: 254 },
    ...{ destination: link === 'wg0' ? '10.8.0.0/24' : '0.0.0.0/0', protocol: 2 },
  },
})

const answeredProbe = (to: string): ProbeFacts => ({
  ...{ to, refused: null, answeredMs: 1, largestBytes: null },
  full: { bytes: 1420, answered: true },
})

/** The same with one node's facts changed. */
export const spoil = (
  context: PathContext,
  node: string,
  change: (facts: NodeFacts) => Partial<NodeFacts>,
): PathContext => {
  const own = context.facts.get(node)
  if (own === undefined) throw new Error(`no facts of ${node}`)
  return { ...context, facts: new Map([...context.facts, [node, { ...own, ...change(own) }]]) }
}

/** Nothing gets through: no answers, nothing heard, and the last handshake was that long ago. */
export const silent = (context: PathContext, lastHandshakeMs: number | null = null): PathContext => ({
  ...context,
  facts: new Map(
    [...context.facts].map(([node, facts]) => [
      node,
      {
        ...facts,
        probes: facts.probes.map((one) => ({ ...one, answeredMs: null, full: null })),
        wireguard: facts.wireguard.map((device) => ({
          ...device,
          peers: device.peers.map((peer) => ({ ...peer, rxGrewBytes: 0, lastHandshakeMs })),
        })),
      },
    ]),
  ),
})

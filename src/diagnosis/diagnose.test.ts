/** What is spoilt in facts that are in order is what is named. Real machines are in test/netns/why-*.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseTrace } from './choose-trace.ts'
import type { PathContext } from './context.ts'
import { diagnose } from './diagnose.ts'
import type { DeviceFacts, NodeFacts, PeerFacts } from './facts.ts'
import { NOW_MS, perfect, PLAN, planOf, silent, spoil, traceBetween, wayTo } from './fixture.ts'
import { traceOf } from './trace.ts'

const causeOf = (context: PathContext): string => {
  const { cause } = diagnose(context)
  return cause === null ? 'none' : `${cause.check} at ${cause.node}: ${cause.says}`
}

const unanswered = (context: PathContext): PathContext =>
  ['a', 'b'].reduce(
    (so, node) =>
      context.facts.has(node)
        ? spoil(so, node, ({ probes }) => ({
            probes: probes.map((one) =>
              one.to === context.trace.target || one.to === context.trace.source
                ? { ...one, answeredMs: null, full: null }
                : one,
            ),
          }))
        : so,
    context,
  )

const peers = (facts: NodeFacts, change: (peer: PeerFacts) => Partial<PeerFacts>): Partial<NodeFacts> => ({
  wireguard: facts.wireguard.map((device) => ({
    ...device,
    peers: device.peers.map((peer) => ({ ...peer, ...change(peer) })),
  })),
})

const device = (facts: NodeFacts, change: Partial<DeviceFacts>): Partial<NodeFacts> => ({
  wireguard: facts.wireguard.map((one) => ({ ...one, ...change })),
})

const throughHub = perfect(traceBetween('a', 'b'))
const toHub = perfect(traceBetween('a', 'hub'))
const HOUR_MS = 3_600_000
const refusedArrival: NodeFacts['lookups'][number] = {
  ...{ to: '10.8.0.2', from: '10.8.0.1', inputLink: 'wg0', mark: 0 },
  answer: { kind: 'refused', code: 'EXDEV' },
}

const rows: readonly { name: string; given: PathContext; want: RegExp }[] = [
  { name: 'all in order', given: throughHub, want: /^none$/ },
  {
    name: 'an old session that cannot be renewed',
    given: silent(toHub, NOW_MS - HOUR_MS),
    want: /^handshake at a: the last handshake of a with hub is 60 min old, and no new one succeeds$/,
  },
  {
    name: 'never a session',
    given: silent(toHub),
    want: /^handshake at a: a and hub never shook hands$/,
  },
  {
    name: 'preshared keys that differ, although calls are heard',
    given: spoil(
      spoil(silent(toHub), 'hub', (facts) => peers(facts, () => ({ rxGrewBytes: 148 }))),
      'a',
      (facts) => peers(facts, () => ({ rxGrewBytes: 148, presharedKeyDigest: '00' })),
    ),
    want: /^keys at a: a and hub have different preshared keys for each other$/,
  },
  {
    name: 'a clock that went back',
    given: spoil(silent(toHub, NOW_MS - 1000), 'a', () => ({ nowMs: NOW_MS - HOUR_MS })),
    want: /^clock at a: the clock of a is 60 min before its last handshake with hub$/,
  },
  {
    name: 'a clock that went back and forgot its handshakes',
    given: spoil(silent(toHub, NOW_MS - 1000), 'a', (facts) => ({
      ...peers(facts, () => ({ lastHandshakeMs: null })),
      nowMs: NOW_MS - HOUR_MS,
    })),
    want: /^clock at a: the clock of a is 59 min before its last handshake with hub$/,
  },
  {
    name: 'a route to the endpoint through the tunnel itself',
    given: spoil(silent(toHub), 'a', ({ lookups }) => ({
      lookups: [...lookups.filter((one) => one.to !== '203.0.113.1'), wayTo('203.0.113.1', 'wg0')],
    })),
    want: /^underlay at a: the route to 203\.0\.113\.1 leads into the tunnel wg0 itself$/,
  },
  {
    name: 'another port than is called',
    given: spoil(silent(toHub), 'hub', (facts) => device(facts, { listenPort: 40_000 })),
    want: /^underlay at hub: a calls port 51820, but wg0 listens on 40000$/,
  },
  {
    name: 'no socket behind the port',
    given: spoil(silent(toHub), 'hub', () => ({ udpPorts: [53] })),
    want: /^underlay at hub: no UDP socket is bound to port 51820$/,
  },
  {
    name: 'a device without a key',
    given: spoil(silent(toHub), 'a', (facts) => device(facts, { publicKey: null })),
    want: /^keys at a: wg0 has no private key$/,
  },
  {
    name: 'an endpoint that is not set yet',
    given: spoil(silent(toHub), 'a', (facts) => peers(facts, () => ({ endpoint: null }))),
    want: /^endpoint at a: a has not set the endpoint 203\.0\.113\.1:51820 of hub yet$/,
  },
  {
    name: 'the address of the other end on this machine',
    given: unanswered(
      spoil(toHub, 'a', ({ lookups }) => ({
        lookups: lookups.map((one) =>
          one.to === '10.8.0.254' && one.answer.kind === 'way'
            ? { ...one, answer: { ...one.answer, type: 2, link: 'lo', table: 255 } }
            : one,
        ),
      })),
    ),
    want: /^route at a: 10\.8\.0\.254 is an address of a itself$/,
  },
  {
    name: 'strict filtering that the kernel applies although the tables look right',
    given: unanswered(
      spoil(throughHub, 'b', ({ lookups, sysctls }) => ({
        sysctls: { ...sysctls, 'net/ipv4/conf/wg0/rp_filter': '1' },
        lookups: [...lookups, refusedArrival],
      })),
    ),
    want: /^rp-filter at b: the kernel refuses packets from 10\.8\.0\.1 that come in by wg0 \(EXDEV\)/,
  },
  {
    name: 'a hub that forwards nothing',
    given: unanswered(spoil(throughHub, 'hub', () => ({ sysctls: { 'net/ipv4/conf/wg0/forwarding': '0' } }))),
    want: /^forwarding at hub: hub does not forward IPv4 packets that come in by wg0$/,
  },
  {
    name: 'nothing that can be seen',
    given: unanswered(throughHub),
    want: /^answer at a: b does not answer a, and nothing that was looked at explains it$/,
  },
  {
    name: 'a far end that is off',
    given: { ...withoutNode(silent(toHub, NOW_MS - HOUR_MS), 'hub') },
    want: /^handshake at a: a hears nothing from hub for 60 min$/,
  },
]

function withoutNode(context: PathContext, node: string): PathContext {
  return {
    ...context,
    facts: new Map([...context.facts].filter(([name]) => name !== node)),
    unreachable: new Map([[node, 'no route to host']]),
  }
}

for (const { name, given, want } of rows) {
  test(`diagnose() names ${name}`, () => {
    assert.match(causeOf(given), want)
  })
}

test('diagnose() calls nothing a cause that does not keep packets from arriving', () => {
  const odd = spoil(throughHub, 'hub', () => ({ sysctls: { 'net/ipv4/conf/wg0/forwarding': '0' } }))
  const { reaches, cause, findings } = diagnose(odd)
  assert.equal(reaches, true)
  assert.equal(cause, null)
  assert.deepEqual(
    findings.filter((one) => one.ok !== true).map((one) => one.check),
    ['forwarding'],
  )
})

test('diagnose() says that nobody could try when no node was asked', () => {
  const nobody = { ...throughHub, facts: new Map(), unreachable: new Map([['a', 'off']]) }
  const { reaches, cause } = diagnose(nobody)
  assert.deepEqual({ reaches, cause }, { reaches: null, cause: null })
})

const intents: readonly {
  name: string
  plan: string
  keys?: readonly string[]
  pair?: [string, string]
  want: RegExp
}[] = [
  { name: 'a node that is not in the plan', plan: PLAN, pair: ['a', 'c'], want: /^the plan has no node c$/ },
  {
    name: 'a node without a key',
    plan: PLAN,
    keys: ['hub', 'a'],
    want: /^nobody knows the public key of b yet$/,
  },
  {
    name: 'a hub without a key',
    plan: PLAN,
    keys: ['a', 'b'],
    want: /^nobody knows the public key of hub yet$/,
  },
  {
    name: 'two that can never meet',
    plan: PLAN.replace('HubAndSpoke', 'Mesh')
      .replace('hubs: [hub]', '')
      .replace(/, endpoint: "\S+"/, ''),
    want: /^\w+ and \w+ can never meet/,
  },
]

for (const { name, plan, keys, pair: [from, to] = ['a', 'b'], want } of intents) {
  test(`traceOf() names ${name}`, () => {
    const trace = traceOf(planOf(plan, keys), { from, to })
    assert.match(trace.kind === 'none' ? trace.finding.says : 'a way', want)
    assert.ok(trace.kind === 'none' && trace.finding.fix.length > 0)
  })
}

const DIRECT = PLAN.replace('hubs: [hub]', 'hubs: [hub]\n  directPeering: SameSite')
  .replace('addresses: [10.8.0.1]', 'addresses: [10.8.0.1], site: s, localEndpoint: "192.168.1.1:51820"')
  .replace('addresses: [10.8.0.2]', 'addresses: [10.8.0.2], site: s')

test('chooseTrace() takes the direct path while both ends have it, and the relayed one when one withdrew it', () => {
  const result = planOf(DIRECT)
  const [direct, relayed] = (['up', 'down'] as const).map((shortcuts) =>
    traceOf(result, { from: 'a', to: 'b', shortcuts }),
  )
  assert.ok(direct?.kind === 'trace' && relayed?.kind === 'trace')
  assert.deepEqual(
    [direct.nodes, relayed.nodes],
    [
      ['a', 'b'],
      ['a', 'hub', 'b'],
    ],
  )
  const context = perfect(direct)
  assert.equal(chooseTrace({ direct, relayed }, context.facts), direct)
  const emptied = spoil(context, 'b', (facts) => peers(facts, () => ({ allowedIPs: [] })))
  assert.equal(chooseTrace({ direct, relayed }, emptied.facts), relayed)
  const removed = spoil(context, 'a', (facts) => device(facts, { peers: [] }))
  assert.equal(chooseTrace({ direct, relayed }, removed.facts), relayed)
  assert.equal(chooseTrace({ direct, relayed }, new Map()), direct)
})

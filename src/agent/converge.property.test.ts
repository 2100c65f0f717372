/** Whatever a host has and whatever is wanted: one application makes it so, and touches nobody else's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { secretText } from '../model/index.ts'
import type { NodeIntent, ObservedHost, PeerIntent, WireGuardIntent } from '../model/index.ts'
import { diff } from '../reconcile/index.ts'
import { converge } from './converge.ts'
import { FakeHost } from './fake-host.ts'
import { generatePrivateKey, publicKeyOf } from './key-pair.ts'

const NAMES = ['wg0', 'wg1', 'wg2'] as const
const PRIVATE = Object.fromEntries(NAMES.map((name) => [name, generatePrivateKey()]))
const PEERS = Array.from({ length: 6 }, () => publicKeyOf(generatePrivateKey()))
const keys = {
  privateKeys: new Map(NAMES.map((name) => [name as string, secretText(PRIVATE[name] ?? '')])),
  presharedKeys: new Map(),
}
const publicKeys = new Map(NAMES.map((name) => [name as string, publicKeyOf(PRIVATE[name] ?? '')]))

/** Every prefix belongs to one peer at most, as the planner guarantees. */
const peers = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...PEERS), { maxLength: 4 }),
    fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
    fc.nat(1),
  )
  .map(([publicKeys, owners, keepalive]): PeerIntent[] =>
    publicKeys.toSorted().map((publicKey, i) => ({
      publicKey,
      node: undefined,
      presharedKey: undefined,
      endpoint: undefined,
      allowedIPs: owners.flatMap((owner, n) => (owner === i ? [`10.${n}.0.0/16`] : [])),
      persistentKeepaliveSeconds: keepalive * 25,
      path: 'always',
    })),
  )

const wireguard = (name: string): fc.Arbitrary<WireGuardIntent> =>
  fc
    .record({
      listenPort: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      fwmark: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      mtuBytes: fc.constantFrom(1280, 1420),
      addresses: fc
        .uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })
        .map((ns) => ns.map((n) => (n % 2 ? { local: `10.0.0.${n}`, prefixLength: 24 } : v6(n)))),
      peers,
      routes: fc
        .uniqueArray(fc.nat(4), { maxLength: 3 })
        .map((ns) =>
          ns.toSorted((a, b) => a - b).map((n) => ({ destination: `172.16.${n}.0/24`, table: 254 })),
        ),
      rules: fc.constantFrom([], [{ family: 'inet' as const, table: 7, fwmark: 7 }]),
      forwards: fc.record({ inet: fc.boolean(), inet6: fc.boolean() }),
    })
    .map((fields) => ({
      name,
      owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name },
      privateKey: { kind: 'node' },
      publicKey: undefined,
      container: undefined,
      ...fields,
    }))

const v6 = (n: number) => ({ local: `fd00::${n}`, prefixLength: 64, peer: `fd00::a${n}` })

const intent: fc.Arbitrary<NodeIntent> = fc
  .subarray([...NAMES])
  .chain((names) => fc.tuple(...names.map(wireguard)))
  .map((interfaces) => ({ node: 'a', interfaces, links: [] }))

const decide = () => ({ backend: 'kernel' as const, publicKeys, ipv6Consent: true })

const run = (host: FakeHost, wanted: NodeIntent) =>
  converge({ host, wanted, keys, decide, onApplied: () => {} })

const foreign = (host: FakeHost): void => {
  host.links.push({
    index: 99,
    name: 'eth0',
    kind: '',
    up: true,
    mtuBytes: 1500,
    altNames: [],
    operState: 'up',
    flags: ['UP'],
    settings: {},
  })
  host.addresses.push({ link: 'eth0', local: '192.0.2.9', prefixLength: 24, protocol: 0, scope: 0 })
  host.routes.push({
    destination: '0.0.0.0/0',
    table: 254,
    link: 'eth0',
    gateway: '192.0.2.1',
    metric: 0,
    protocol: 3,
    type: 1,
  })
  host.rules.push({ family: 'inet', priority: 32766, table: 254, protocol: 2 })
}

const ofOthers = (o: ObservedHost) => ({
  links: o.links.filter((l) => l.name === 'eth0'),
  addresses: o.addresses.filter((a) => a.link === 'eth0'),
  routes: o.routes.filter((r) => r.link === 'eth0'),
  rules: o.rules.filter((r) => r.protocol === 2),
})

test('from any state of our own to any other in one round, and the second pass has nothing to do', async () => {
  await fc.assert(
    fc.asyncProperty(intent, intent, async (first, second) => {
      const host = new FakeHost()
      foreign(host)
      const before = ofOthers(await host.observe())
      for (const wanted of [first, second]) {
        const done = await run(host, wanted)
        assert.equal(done.outcome, 'converged', JSON.stringify(done.failures))
        assert.ok(done.rounds <= 1, 'in one round')
        assert.equal((await run(host, wanted)).applied.length, 0)
      }
      assert.deepEqual(ofOthers(await host.observe()), before)
    }),
  )
})

test('an observation in any order gives the same steps', async () => {
  await fc.assert(
    fc.asyncProperty(intent, intent, async (first, second) => {
      const host = new FakeHost()
      await run(host, first)
      const observed = await host.observe()
      const turned = {
        ...observed,
        wireguard: observed.wireguard.toReversed().map((d) => ({ ...d, peers: d.peers.toReversed() })),
        addresses: observed.addresses.toReversed(),
        links: observed.links.toReversed(),
      }
      const kinds = (o: ObservedHost): string[] =>
        diff({ intent: second, observed: o, ...decide() })
          .steps.map((s) => JSON.stringify(s, sortLists))
          .toSorted()
      assert.deepEqual(kinds(turned), kinds(observed))
    }),
  )
})

const sortLists = (_key: string, value: unknown): unknown =>
  Array.isArray(value) ? value.map((v) => JSON.stringify(v, sortLists)).toSorted() : value

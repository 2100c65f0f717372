/** What holds for every plan: order independence, lasting allocations, and that everyone who should is reached. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  formatAllocations,
  formatObjects,
  NO_ALLOCATIONS,
  parseAllocations,
  type WarrenObject,
} from '../model/index.ts'
import { formatPlan, keyOf, withKeys } from './fixture.ts'
import { objectsForNode } from './objects-for-node.ts'
import { pathTo } from './path-to.ts'
import { plan } from './plan.ts'
import type { PlanResult } from './plan-result.ts'
import { validateObject } from '../model/index.ts'

interface NodeText {
  readonly name: string
  readonly endpoint?: string
  readonly site?: string
  readonly localEndpoint?: string
  readonly agent?: boolean
  readonly allowedNetworks?: readonly string[]
}

/** Names that trip naive code are as likely as others. */
const nodeName = fc.oneof(
  fc.constantFrom('constructor', 'a', 'b', 'very-long-name-of-a-node.in-some.zone', '0'),
  fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
)

const node = fc.record(
  {
    name: nodeName,
    endpoint: fc.integer({ min: 1, max: 250 }).map((n) => `192.0.2.${n}:51820`),
    site: fc.constantFrom('home-a', 'home-b'),
    localEndpoint: fc.integer({ min: 1, max: 250 }).map((n) => `192.168.1.${n}`),
    agent: fc.boolean(),
    allowedNetworks: fc.integer({ min: 0, max: 65535 }).map((n) => [`172.${16 + (n % 16)}.${n >> 8}.0/24`]),
  },
  { requiredKeys: ['name'] },
)

const nodes = fc.uniqueArray(node, {
  minLength: 2,
  maxLength: 9,
  selector: ({ name }) => name,
})

interface SharedPlan {
  readonly nodes: readonly NodeText[]
  readonly isMesh: boolean
  readonly carriers: number
  readonly directPeering: 'None' | 'SameSite' | 'WhereReachable'
}

const sharedPlan: fc.Arbitrary<SharedPlan> = fc
  .record({
    nodes,
    isMesh: fc.boolean(),
    carriers: fc.integer({ min: 1, max: 3 }),
    directPeering: fc.constantFrom('None', 'SameSite', 'WhereReachable'),
  })
  .map((given) => ({ ...given, nodes: withoutRepeats(given.nodes) }))

/** The first owner of a network or an endpoint keeps it. */
function withoutRepeats(all: readonly NodeText[]): readonly NodeText[] {
  const seen = new Set<string>()
  const isNew = (text: string): boolean => !seen.has(text) && seen.add(text).size > 0
  return all.map(({ endpoint, localEndpoint, allowedNetworks, ...rest }) => ({
    ...rest,
    ...(endpoint !== undefined && isNew(endpoint) ? { endpoint } : {}),
    ...(localEndpoint !== undefined && isNew(localEndpoint) ? { localEndpoint } : {}),
    allowedNetworks: (allowedNetworks ?? []).filter(isNew),
  }))
}

/** The first nodes are the carriers and get an endpoint. */
function objectOf({ nodes: given, isMesh, carriers, directPeering }: SharedPlan): WarrenObject {
  const own = given.map((one, index) =>
    index < carriers ? { ...one, endpoint: one.endpoint ?? `198.51.100.${index + 1}` } : one,
  )
  const names = own.slice(0, carriers).map(({ name }) => name)
  return parsed({
    cidrs: ['10.0.0.0/22', 'fd00::/64'],
    ...(isMesh ? { topology: 'Mesh', relays: names } : { hubs: names, directPeering }),
    nodes: own,
  })
}

function parsed(spec: unknown, name = 'net'): WarrenObject {
  const value = { apiVersion: 'warren.dev/v1alpha1', kind: 'WireGuardNetworkPlan', metadata: { name }, spec }
  const { objects, problems } = validateObject(value, { file: 'test' })
  assert.deepEqual(problems, [])
  return objects[0] as WarrenObject
}

const pairName = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)

const assertPlanned = ({ problems }: PlanResult): void =>
  assert.deepEqual(
    problems.filter(({ severity }) => severity !== 'warning'),
    [],
  )

test('plan() is the same for any order of nodes and objects', () => {
  fc.assert(
    fc.property(sharedPlan, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (given, dice) => {
      const first = objectOf(given)
      assert.ok(first.kind === 'WireGuardNetworkPlan')
      const other = parsed(
        { cidrs: ['10.99.0.0/24'], nodes: [{ name: 'a', endpoint: '203.0.113.1' }] },
        'other',
      )
      const shuffled = first.spec.nodes
        .map((one) => ({ one, at: dice.next().value as number }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ one }) => one)
      const second: WarrenObject = { ...first, spec: { ...first.spec, nodes: shuffled } }
      const [one, two] = [withKeys([first, other], NO_ALLOCATIONS), withKeys([other, second], NO_ALLOCATIONS)]
      assertPlanned(one)
      assert.deepEqual(one.allocations, two.allocations)
      assert.deepEqual([...one.intents], [...two.intents])
      assert.deepEqual(one.links, two.links)
    }),
  )
})

test('GC-04 adding a node changes nothing that others have, and removing it gives the first plan again', () => {
  fc.assert(
    fc.property(sharedPlan, node, (given, extra) => {
      fc.pre(given.nodes.every(({ name }) => name !== extra.name))
      const before = withKeys([objectOf(given)], NO_ALLOCATIONS)
      // It has no network, to which others would get routes.
      const more = { ...given, nodes: withoutRepeats([...given.nodes, { ...extra, allowedNetworks: [] }]) }
      const after = withKeys([objectOf(more)], before.allocations)
      assertPlanned(after)
      for (const { name } of given.nodes) {
        const [old, now] = [before.intents.get(name)?.interfaces[0], after.intents.get(name)?.interfaces[0]]
        assert.deepEqual({ ...now, peers: [] }, { ...old, peers: [] })
        const others = now?.peers.filter((peer) => peer.node !== extra.name)
        assert.deepEqual(others, old?.peers)
      }
      const again = withKeys([objectOf(given)], after.allocations)
      assert.deepEqual([...again.intents], [...before.intents])
      assert.deepEqual(again.allocations, before.allocations)
    }),
  )
})

test('every node reaches every other in both families, with direct paths up or down, and the networks behind it', () => {
  fc.assert(
    fc.property(sharedPlan, fc.constantFrom('up', 'down'), (given, shortcuts) => {
      const result = withKeys([objectOf(given)], NO_ALLOCATIONS)
      assertPlanned(result)
      for (const from of given.nodes) {
        for (const to of given.nodes.filter(({ name }) => name !== from.name)) {
          for (const { local } of result.intents.get(to.name)?.interfaces[0]?.addresses ?? []) {
            const path = pathTo(result.intents, { from: from.name, to: local, shortcuts })
            assert.equal(path.kind, 'arrives', `${from.name} → ${to.name} ${local}: ${JSON.stringify(path)}`)
            assert.ok(path.nodes.length <= 3)
          }
          const [network] = to.allowedNetworks ?? []
          if (network === undefined || (from.site !== undefined && from.site === to.site)) continue
          const path = pathTo(result.intents, {
            from: from.name,
            to: network.replace('.0/24', '.9'),
            shortcuts,
          })
          assert.equal(path.kind, 'arrives')
          assert.equal(path.nodes.at(-1), to.name)
        }
      }
    }),
  )
})

test('no interface has a prefix at two peers, and direct peers have each other with the same path', () => {
  fc.assert(
    fc.property(sharedPlan, (given) => {
      const result = withKeys([objectOf(given)], NO_ALLOCATIONS)
      for (const [name, { interfaces }] of result.intents) {
        const peers = interfaces[0]?.peers ?? []
        const prefixes = peers.flatMap(({ allowedIPs }) => allowedIPs)
        assert.equal(new Set(prefixes).size, prefixes.length)
        assert.deepEqual(
          peers.map(({ publicKey }) => publicKey),
          peers.map(({ publicKey }) => publicKey).toSorted(),
        )
        for (const peer of peers) {
          const back = result.intents
            .get(peer.node ?? '')
            ?.interfaces[0]?.peers.find(({ node: of }) => of === name)
          assert.equal(back?.path, peer.path)
        }
      }
      const pairs = [...result.intents.values()].flatMap(({ node: own, interfaces }) =>
        (interfaces[0]?.peers ?? []).map(({ node: other }) => pairName(own, other ?? '')),
      )
      assert.deepEqual(new Set(pairs), new Set(result.links.map(({ a, b }) => `${a} ${b}`)))
      assert.equal(pairs.length, 2 * result.links.length)
    }),
  )
})

test('GC-03 only a node without an endpoint keeps holes open, and only towards an endpoint', () => {
  fc.assert(
    fc.property(sharedPlan, (given) => {
      const object = objectOf(given)
      assert.ok(object.kind === 'WireGuardNetworkPlan')
      const byName = new Map(object.spec.nodes.map((one) => [one.name, one]))
      for (const [name, { interfaces }] of withKeys([object], NO_ALLOCATIONS).intents) {
        const own = byName.get(name)
        for (const peer of interfaces[0]?.peers ?? []) {
          const other = byName.get(peer.node ?? '')
          const isMate = own?.site !== undefined && own.site === other?.site
          if (other?.endpoint === undefined && !isMate) assert.equal(peer.endpoint, undefined)
          if (peer.path === 'while-alive') assert.equal(peer.persistentKeepaliveSeconds, 25)
          else if (own?.endpoint !== undefined) assert.equal(peer.persistentKeepaliveSeconds, 0)
          else
            assert.equal(
              peer.persistentKeepaliveSeconds,
              peer.endpoint === undefined ||
                (isMate && own?.localEndpoint !== undefined && peer.endpoint.host === other?.localEndpoint)
                ? 0
                : 25,
            )
        }
      }
    }),
  )
})

const linkPlan = fc
  .record({
    nodes: fc.uniqueArray(nodeName, { minLength: 2, maxLength: 7 }),
    links: fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 1, maxLength: 12 }),
  })
  .map(({ nodes: names, links }) => ({
    nodes: names.map((name, index) => ({ name, endpoint: `192.0.2.${index + 1}` })),
    links: links
      .map(([a, b]) => [names[a % names.length] ?? '', names[b % names.length] ?? ''] as const)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => ({ ends: [{ node: a }, { node: b }] })),
  }))

test('GC-04 links have names of at most 15 bytes and ports without a clash, which a further link does not change', () => {
  fc.assert(
    fc.property(linkPlan, ({ nodes: own, links }) => {
      const spec = { topology: 'Links', portRange: { start: 100, end: 120 }, nodes: own }
      const some = withKeys([parsed({ ...spec, links: links.slice(1) })], NO_ALLOCATIONS)
      const more = withKeys(
        [parsed({ ...spec, links: [...links.slice(1), ...links.slice(0, 1)] })],
        some.allocations,
      )
      assertPlanned(more)
      for (const [name, { interfaces }] of more.intents) {
        const ports = interfaces.map(({ listenPort }) => listenPort ?? 0)
        assert.equal(new Set(ports).size, ports.length)
        assert.ok(ports.every((port) => port >= 100 && port <= 120))
        const names = interfaces.map((one) => one.name)
        assert.equal(new Set(names).size, names.length)
        assert.ok(names.every((one) => new TextEncoder().encode(one).length <= 15))
        for (const old of some.intents.get(name)?.interfaces ?? []) {
          assert.deepEqual(
            interfaces.find((one) => one.name === old.name),
            old,
          )
        }
        for (const one of interfaces) {
          const far = more.intents.get(one.linkPeer ?? '')
          assert.ok(far?.interfaces.some(({ listenPort }) => listenPort === one.peers[0]?.endpoint?.port))
        }
      }
    }),
  )
})

test('a lock that is written and read again gives the same plan', () => {
  fc.assert(
    fc.property(sharedPlan, (given) => {
      const objects = [objectOf(given)]
      const { allocations, intents } = withKeys(objects, NO_ALLOCATIONS)
      const read = parseAllocations(formatAllocations(allocations), { file: 'net.lock.yaml' })
      assert.deepEqual(read.problems, [])
      const again = plan(objects, read.allocations)
      assert.deepEqual(again.allocations, allocations)
      assert.deepEqual([...again.intents], [...intents])
    }),
  )
})

test('what one node is given has no foreign key in it, and plans the same for that node', () => {
  fc.assert(
    fc.property(sharedPlan, fc.nat(8), (given, chosen) => {
      const keys = new Map(given.nodes.map(({ name }) => [name, keyOf(`private ${name}`)]))
      const secretOf = (name: string): WarrenObject => {
        const value = {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: `key-${name}` },
          stringData: { k: keys.get(name) },
        }
        return validateObject(value, { file: 'test' }).objects[0] as WarrenObject
      }
      const plain = objectOf(given)
      assert.ok(plain.kind === 'WireGuardNetworkPlan')
      const withRefs = plain.spec.nodes.map((one, index) =>
        index % 2 === 0
          ? { ...one, privateKeySecretRef: { name: `key-${one.name}`, key: 'k' } }
          : { ...one, privateKey: keys.get(one.name) },
      )
      const { spec } = plain
      const object = parsed({ ...spec, nodes: withRefs })
      const objects = [object, ...given.nodes.map(({ name }) => secretOf(name))]
      const whole = plan(objects, NO_ALLOCATIONS)
      assertPlanned(whole)
      const own = given.nodes[chosen % given.nodes.length]?.name ?? ''
      const copy = objectsForNode(objects, own)
      const text = formatObjects(copy)
      for (const [name, key] of keys) assert.equal(text.includes(key), name === own, name)
      const there = plan(copy, whole.allocations)
      assertPlanned(there)
      assert.equal(formatPlan(there, [own]), formatPlan(whole, [own]))
      assert.deepEqual(there.allocations, whole.allocations)
    }),
    { numRuns: 30 },
  )
})

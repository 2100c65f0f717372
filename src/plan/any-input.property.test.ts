/** Whatever was parsed, planning answers with intents or with problems, and never with an exception. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  formatAllocations,
  NO_ALLOCATIONS,
  parseAllocations,
  validateObject,
  type WarrenObject,
  type WireGuardIntent,
} from '../model/index.ts'
import { keyOf } from './fixture.ts'
import { objectsForNode } from './objects-for-node.ts'
import { plan } from './plan.ts'

const name = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString', 'hub', '0', 'x.y')
const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2/24',
  '10.0.0.255',
  '10.9.0.1',
  'fd00::1',
  'fe80::1/64',
  '::',
  '0.0.0.0/0',
)
const prefix = fc.constantFrom(
  '10.0.0.0/24',
  '10.0.0.0/8',
  '10.0.0.4/31',
  '10.0.0.9/32',
  'fd00::/64',
  'fd00::/127',
  '::/0',
  '0.0.0.0/0',
)
const endpoint = fc.constantFrom(
  '192.0.2.1',
  '192.0.2.1:51820',
  'hub.example.net',
  '[fd00::1]:1',
  '10.0.0.1:7',
)
const port = fc.constantFrom(1, 51820, 51821, 65535)
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 })
const secretRef = fc.record({ name, key: fc.constantFrom('k', 'toString') })
const range = fc.record({ start: port, end: port })
const settings = fc.record(
  {
    name: fc.constantFrom('wg0', 'wg1'),
    mtu: fc.constantFrom(1000, 1420),
    listenPort: port,
    table: fc.constantFrom('main', 'off', 7),
    fwmark: port,
  },
  { requiredKeys: [] },
)
const addresses = few(fc.oneof(address, fc.record({ local: address, peer: address })))

const nodeFields = {
  endpoint,
  listenPort: port,
  site: name,
  localEndpoint: endpoint,
  addresses,
  overrideAddresses: fc.boolean(),
  allowedNetworks: few(prefix),
  mtu: fc.constantFrom(1279, 1280),
  interface: settings,
  portRange: range,
  privateKey: fc.constantFrom(keyOf('p'), keyOf('q')),
  privateKeySecretRef: secretRef,
  publicKey: fc.constantFrom(keyOf('r'), keyOf('s')),
  agent: fc.boolean(),
  container: fc.record({ pid: fc.constant(1) }),
  defaultRoute: fc.record({ via: name }),
  persistentKeepalive: fc.constantFrom(0, 7),
}
const optional = { requiredKeys: [] as never[] }
const node = fc.tuple(name, fc.record(nodeFields, optional)).map(([own, rest]) => ({ ...rest, name: own }))
const group = fc
  .record({ names: fc.constantFrom('g{n}', '{n}', 'a{n}b{n}'), from: fc.nat(3), to: fc.nat(6) })
  .chain((own) => fc.record(nodeFields, optional).map((rest) => ({ ...rest, addresses: [], ...own })))
const end = fc.tuple(
  name,
  fc.record({ addresses, endpoint, listenPort: port, overrideAddresses: fc.boolean() }, optional),
)
const link = fc.record(
  {
    ends: few(end.map(([own, rest]) => ({ ...rest, node: own }))),
    allowedIPs: few(prefix),
    presharedKeySecretRef: secretRef,
    name,
  },
  { requiredKeys: ['ends'] },
)

const planSpec = fc.record(
  {
    cidrs: few(prefix),
    topology: fc.constantFrom('Mesh', 'HubAndSpoke', 'Links'),
    hubs: few(name),
    relays: few(name),
    directPeering: fc.constantFrom('None', 'SameSite', 'WhereReachable'),
    interface: settings,
    portRange: range,
    presharedKeys: few(fc.record({ nodes: few(name), secretRef })),
    nodes: fc.array(node, { maxLength: 6 }),
    nodeGroups: few(group),
    links: few(link),
  },
  { requiredKeys: [] },
)

const object = fc.oneof(
  fc.record({
    kind: fc.constant('WireGuardNetworkPlan'),
    name: fc.constantFrom('net', 'other'),
    spec: planSpec,
  }),
  fc.record({
    kind: fc.constant('WireGuardPeer'),
    name,
    spec: fc.record(
      {
        network: fc.constantFrom('net', 'nowhere'),
        node: name,
        publicKey: fc.constant(keyOf('t')),
        endpoint,
        site: name,
        addresses,
        allowedNetworks: few(prefix),
      },
      { requiredKeys: ['network', 'node', 'publicKey'] },
    ),
  }),
  fc.record({
    kind: fc.constant('WireGuardInterface'),
    name,
    spec: fc.record(
      {
        node: name,
        interfaceName: fc.constantFrom('wg0', 'wg9'),
        addresses,
        listenPort: port,
        table: fc.constantFrom('main', 'off', 9),
        peers: few(
          fc.record(
            { publicKey: fc.constantFrom(keyOf('u'), keyOf('v')), allowedIPs: few(prefix), endpoint },
            { requiredKeys: ['publicKey'] },
          ),
        ),
      },
      { requiredKeys: ['node', 'interfaceName'] },
    ),
  }),
)

/** Those that are valid one by one; what they are together is for the planner to say. */
const objects: fc.Arbitrary<readonly WarrenObject[]> = fc
  .array(object, { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.flatMap(({ kind, name: own, spec }) => [
      ...validateObject(
        { apiVersion: 'warren.dev/v1alpha1', kind, metadata: { name: own }, spec },
        { file: 'test' },
      ).objects,
    ]),
  )

/** Secrets are compared by what they are, not by what they hold. */
const withoutKey = (one: WireGuardIntent): unknown => ({ ...one, privateKey: one.privateKey.kind })

test('plan() never throws, plans nothing where it found an error, and keeps the lock then', () => {
  let planned = 0
  fc.assert(
    fc.property(objects, (given) => {
      const result = plan(given, NO_ALLOCATIONS)
      for (const { message, path, hint } of result.problems) {
        assert.ok(message !== '' && path !== '' && hint !== '')
        assert.ok(!`${message} ${hint ?? ''}`.includes(keyOf('p')))
      }
      if (result.problems.some(({ severity }) => severity !== 'warning')) {
        assert.equal(result.intents.size, 0)
        assert.equal(result.allocations, NO_ALLOCATIONS)
        assert.deepEqual([result.links, result.publicKeysMissing], [[], []])
        return
      }
      planned++
      for (const [own, { interfaces }] of result.intents) {
        for (const one of interfaces) {
          assert.ok(one.name.length > 0 && one.name.length <= 15)
          const prefixes = one.peers.flatMap(({ allowedIPs }) => allowedIPs)
          assert.equal(new Set(prefixes).size, prefixes.length)
        }
        const copy = plan(objectsForNode(given, own), result.allocations)
        assert.deepEqual(copy.problems.length, result.problems.length)
        const there = copy.intents.get(own)?.interfaces
        assert.deepEqual(there?.map(withoutKey), interfaces.map(withoutKey))
      }
      const { allocations } = parseAllocations(formatAllocations(result.allocations), { file: 'lock' })
      assert.deepEqual(plan(given, allocations).allocations, result.allocations)
    }),
    { numRuns: 1000 },
  )
  assert.ok(planned > 10, `only ${planned} of the plans were free of mistakes`)
})

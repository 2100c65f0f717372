/** Whatever NetlinkInterfaces somebody writes, planning answers, in any order of the objects alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  formatObjects,
  linkIdOf,
  NO_ALLOCATIONS,
  parseObjects,
  validateObject,
  type WarrenObject,
} from '../../model/index.ts'
import { plan } from '../plan.ts'

const name = fc.constantFrom('l0', 'l1', 'l2', 'l3', 'l4', 'l5', 'constructor', 'a-name-of-some-length')
const link = fc.constantFrom('l0', 'l1', 'l2', 'l3', 'l4', 'l5', 'eth0', 'toString')
const address = fc.constantFrom(...['10.0.0.1', '10.0.0.2', '239.1.1.1', 'fd00::1', 'ff05::1', 'FD00:0::1'])
const hosts = fc.constantFrom('10.0.0.1/24', '10.0.1.1', 'fd00::1/64', 'fe80::1/64')
const prefix = fc.constantFrom('10.0.0.0/24', '0.0.0.0/0', 'fd00::/64', '::/0')
const mac = fc.constantFrom('02:00:00:00:00:01', 'AA:00:00:00:00:01')
const mtu = fc.constantFrom(68, 1279, 1280, 1500, 9000)
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 })
const addresses = few(fc.oneof(hosts, fc.record({ local: address, peer: hosts })))
const routes = few(
  fc.record(
    { to: prefix, via: address, table: fc.constantFrom('main', 7), metric: fc.nat(2), mtu },
    { requiredKeys: ['to'] },
  ),
)
const container = fc.oneof(
  fc.constant({ pid: 7 }),
  fc.constant({ docker: { name: 'web' } }),
  fc.constant({ netns: 'blue' }),
  fc.constant({ netns: '/var/run/netns/blue' }),
  fc.constant({ pid: 7, cri: { id: 'x' } }),
  fc.constant({}),
)
/** Two of these fields at most: with more of them hardly any object is without a mistake. */
const someOf = (of: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  fc
    .subarray(Object.keys(of), { maxLength: 2 })
    .chain((keys) =>
      fc.record(Object.fromEntries(keys.map((key) => [key, of[key] as fc.Arbitrary<unknown>]))),
    )

const endFields = {
  ...{ interfaceName: link, addresses, routes, mtu, hardwareAddress: mac, master: link, container },
}
const end = someOf(endFields)
const outside = { local: address, remote: address, link, encapLimit: fc.nat(9) }
const entry = fc.record({ hardwareAddress: mac, destination: address }, { requiredKeys: ['destination'] })

const blocks = {
  dummy: fc.constant({}),
  bridge: someOf({
    ports: few(link),
    stp: fc.boolean(),
    forwardDelay: fc.constantFrom(0, 2.25, 0.07000000000000001),
  }),
  vxlan: fc
    .tuple(
      fc.nat(3),
      someOf({ link, local: address, remote: address, group: address, forwarding: few(entry) }),
    )
    .map(([vni, rest]) => ({ ...rest, vni })),
  veth: someOf({ local: end, peer: end }),
  vlan: fc.record({ link, id: fc.constantFrom(1, 2, 4094) }),
  vrf: fc.record({ table: fc.constantFrom(7, 8, 254) }),
  macvlan: fc.record({ link }),
  ipip: someOf(outside),
  gre: someOf({ ...outside, key: fc.nat(2), ethernet: fc.boolean() }),
}

const stray = fc.oneof(
  { weight: 20, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ vlan: { link: 'eth0', id: 5 } }) },
)

const spec = fc
  .constantFrom(...(Object.keys(blocks) as (keyof typeof blocks)[]))
  .chain((type) =>
    fc
      .tuple(someOf(endFields), blocks[type] as fc.Arbitrary<unknown>, stray)
      .map(([common, block, other]) => ({ ...other, ...common, type, [type]: block })),
  )

const object = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('NetlinkInterface'),
      name,
      spec: fc.tuple(fc.constantFrom('a', 'b'), spec).map(([node, rest]) => ({ ...rest, node })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('WireGuardInterface'),
      name,
      spec: fc.record({ node: fc.constantFrom('a', 'b'), interfaceName: link, addresses }),
    }),
  },
)

const objects: fc.Arbitrary<readonly WarrenObject[]> = fc
  .uniqueArray(object, { minLength: 1, maxLength: 6, selector: (one) => `${one.kind} ${one.name}` })
  .map((all) =>
    all.flatMap(({ kind, name: own, spec: given }) => {
      const value = { apiVersion: 'warren.dev/v1alpha1', kind, metadata: { name: own }, spec: given }
      return [...validateObject(value, { file: 'test' }).objects]
    }),
  )

test('plan() of any NetlinkInterfaces gives links or problems, each with a place and a hint', () => {
  let planned = 0
  fc.assert(
    fc.property(objects, (given) => {
      const { problems, intents } = plan(given, NO_ALLOCATIONS)
      for (const { path, message, hint } of problems) {
        assert.ok(path !== '' && message !== '' && hint !== undefined && hint !== '')
      }
      for (const { links, interfaces } of intents.values()) {
        const ids = [...links, ...interfaces].map((one) => linkIdOf(one.name, one.container))
        assert.equal(new Set(ids).size, ids.length)
        for (const { peer, container: own } of links) {
          const far = links.find(
            (one) => peer && linkIdOf(one.name, one.container) === linkIdOf(peer.name, peer.container),
          )
          if (peer !== undefined) assert.deepEqual(far?.peer?.container, own)
        }
        planned += links.length
      }
    }),
    { numRuns: 2000 },
  )
  assert.ok(planned > 200, `only ${planned} links were free of mistakes`)
})

test('plan() does not depend on the order of NetlinkInterfaces', () => {
  const shuffled = objects.chain((given) =>
    fc.tuple(fc.constant(given), fc.shuffledSubarray([...given], { minLength: given.length })),
  )
  fc.assert(
    fc.property(shuffled, ([given, other]) => {
      const [a, b] = [plan(given, NO_ALLOCATIONS), plan(other, NO_ALLOCATIONS)]
      assert.deepEqual(a.problems, b.problems)
      assert.deepEqual([...a.intents], [...b.intents])
    }),
    { numRuns: 500 },
  )
})

test('NetlinkInterfaces that are written and read again plan the same', () => {
  fc.assert(
    fc.property(objects, (given) => {
      const read = parseObjects(formatObjects(given), { file: 'again.yaml' })
      assert.deepEqual(read.problems, [])
      assert.deepEqual(
        [...plan(read.objects, NO_ALLOCATIONS).intents],
        [...plan(given, NO_ALLOCATIONS).intents],
      )
    }),
    { numRuns: 300 },
  )
})

test('plan() follows a long chain of links without running out of stack', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) => ({
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'NetlinkInterface',
    metadata: { name: `l${index}` },
    spec: { node: 'a', type: 'vlan', vlan: { link: `l${index + 1}`, id: 1 } },
  })).flatMap((value) => validateObject(value, { file: 'test' }).objects)
  assert.equal(plan(chain, NO_ALLOCATIONS).intents.get('a')?.links.length, 20_000)
})

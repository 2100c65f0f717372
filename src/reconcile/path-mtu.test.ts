/** What measured paths make of an intent, and the search for the largest packet that arrives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { LinkIntent, RouteIntent } from '../model/index.ts'
import { withPathMtus, wireguardOverhead } from './path-mtu.ts'
import type { MeasuredPaths } from './path-mtu.ts'
import { isFound, narrowed, RESOLUTION_BYTES, sizesToTry } from './path-mtu-search.ts'
import { peerId } from './peer-steps.ts'
import { KEY, node, peer, wg } from './samples.ts'

const measured = (bytes: Record<string, number>, raised: readonly string[] = []): MeasuredPaths => ({
  bytes: new Map(Object.entries(bytes).map(([letter, size]) => [peerId('wg0', KEY(letter)), size])),
  raised: new Set(raised),
})

const HUB = peer('H', { allowedIPs: ['10.0.0.0/24'] })
const one = (given: MeasuredPaths, change: Parameters<typeof wg>[0] = {}) => {
  const interfaces = withPathMtus(node(wg({ peers: [HUB], ...change })), given).interfaces
  return { mtuBytes: interfaces[0]?.mtuBytes, routes: routesText(interfaces[0]?.routes ?? []) }
}
const routesText = (routes: readonly RouteIntent[]): string[] =>
  routes.map((r) => `${r.destination} table ${r.table} mtu ${r.mtuBytes ?? '-'}`)

test('nothing measured, or nothing narrower than the plan: the intent is the very same', () => {
  const intent = node(wg({ peers: [HUB] }))
  assert.equal(withPathMtus(intent, measured({})), intent)
  assert.equal(withPathMtus(intent, measured({ H: 1420 })), intent)
  assert.equal(withPathMtus(intent, measured({ H: 9000 })), intent)
})

test('an interface whose only peer needs less gets that, and no routes', () => {
  assert.deepEqual(one(measured({ H: 1372 })), { mtuBytes: 1372, routes: [] })
})

test('where only some peers need less, the interface stays and their routes get an MTU', () => {
  const peers = [HUB, peer('P', { allowedIPs: ['10.0.0.7/32'] })]
  assert.deepEqual(one(measured({ P: 1340 }), { peers }), {
    mtuBytes: 1420,
    routes: ['10.0.0.7/32 table 254 mtu 1340'],
  })
  assert.deepEqual(one(measured({ P: 1340, H: 1400 }), { peers }), {
    mtuBytes: 1400,
    routes: ['10.0.0.7/32 table 254 mtu 1340'],
  })
})

test('a route that the plan has anyway gets the MTU itself; beside the kernel’s own route its halves do', () => {
  const routes = [{ destination: '192.168.7.0/24', table: 254 }]
  const peers = [
    peer('P', { allowedIPs: ['10.0.0.0/24', '192.168.7.0/24'] }),
    peer('Q', { allowedIPs: ['10.0.0.9/32'] }),
  ]
  assert.deepEqual(one(measured({ P: 1300 }), { peers, routes }).routes, [
    '10.0.0.0/25 table 254 mtu 1300',
    '10.0.0.128/25 table 254 mtu 1300',
    '192.168.7.0/24 table 254 mtu 1300',
  ])
})

test('a prefix for which there is no route gets none', () => {
  const peers = [peer('P', { allowedIPs: ['0.0.0.0/0', '::/0'] }), HUB]
  assert.deepEqual(one(measured({ P: 1300 }), { peers }), { mtuBytes: 1420, routes: [] })
})

test('never under 1280 where there is IPv6; with IPv4 alone what arrives counts', () => {
  const addresses = [
    { local: '10.0.0.1', prefixLength: 24 },
    { local: 'fd00::1', prefixLength: 64 },
  ]
  assert.deepEqual(one(measured({ H: 1200 }), { addresses }), {
    mtuBytes: 1280,
    routes: ['10.0.0.0/25 table 254 mtu 1200', '10.0.0.128/25 table 254 mtu 1200'],
  })
  assert.equal(one(measured({ H: 1200 })).mtuBytes, 1200)
})

test('while an interface is measured anew it has the plan’s MTU and its routes keep what was known', () => {
  assert.deepEqual(one(measured({ H: 1340 }, ['wg0'])), {
    mtuBytes: 1420,
    routes: ['10.0.0.0/25 table 254 mtu 1340', '10.0.0.128/25 table 254 mtu 1340'],
  })
})

const vxlan = (settings: LinkIntent['settings'], mtuBytes?: number): LinkIntent => ({
  name: 'vx0',
  owner: { kind: 'NetlinkInterface', namespace: 'default', name: 'vx0' },
  container: undefined,
  kind: 'vxlan',
  settings: { id: 1, link: 'wg0', ...settings },
  up: true,
  mtuBytes,
  hardwareAddress: undefined,
  master: undefined,
  ports: undefined,
  forwarding: undefined,
  addresses: [],
  routes: [],
  adopt: false,
  replacePolicy: 'Never',
})

test('a vxlan on top fits the narrowest peer that its frames may go to, unless its MTU is written', () => {
  const peers = [HUB, peer('P', { allowedIPs: ['10.0.0.7/32'] })]
  const mtuOf = (link: LinkIntent) =>
    withPathMtus({ ...node(wg({ peers })), links: [link] }, measured({ P: 1340 })).links[0]?.mtuBytes
  assert.equal(mtuOf(vxlan({ group: '10.0.0.7' })), 1290)
  assert.equal(mtuOf(vxlan({})), 1290)
  assert.equal(mtuOf(vxlan({ group: '10.0.0.7' }, 1400)), 1400)
  assert.equal(mtuOf(vxlan({ group: 'fd00::7' })), 1280)
})

test('around an inner packet WireGuard puts 60 bytes over IPv4 and 80 over IPv6', () => {
  assert.equal(1500 - wireguardOverhead(4), 1440)
  assert.equal(1500 - wireguardOverhead(6), 1420)
})

test('the search finds the largest size that a path carries, in a few rounds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 576, max: 9000 }), fc.integer({ min: 576, max: 9000 }), (floor, path) => {
      const most = Math.max(floor, 8920)
      const carried = Math.max(path, floor)
      let range = { arrives: floor, most }
      let rounds = 0
      for (; !isFound(range); rounds++) {
        const tried = sizesToTry(range)
        range = narrowed(range, tried, new Set(tried.filter((size) => size <= carried)))
      }
      assert.ok(range.arrives <= carried, 'never more than arrives')
      assert.ok(Math.min(carried, most) - range.arrives < RESOLUTION_BYTES, `found ${range.arrives}`)
      assert.ok(rounds <= 5, `${rounds} rounds`)
    }),
  )
})

test('a path without a bottleneck is found in one round', () => {
  const tried = sizesToTry({ arrives: 576, most: 1420 })
  assert.ok(tried.includes(1420))
  assert.ok(isFound(narrowed({ arrives: 576, most: 1420 }, tried, new Set(tried))))
})

test('answers with gaps make the search neither hang nor grow', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), (luck) => {
      let range = { arrives: 1280, most: 1420 }
      for (let round = 0; round < 200 && !isFound(range); round++) {
        const tried = sizesToTry(range)
        const next = narrowed(range, tried, new Set(tried.filter(() => luck.next().value === true)))
        assert.ok(next.arrives >= range.arrives && next.most <= range.most && next.arrives <= next.most)
        assert.ok(next.arrives > range.arrives || next.most < range.most)
        range = next
      }
      assert.ok(isFound(range))
    }),
  )
})

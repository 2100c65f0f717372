/** Two devices in any weather: whatever happens, they find each other again, and no packet arrives twice. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CALM, SimNetwork } from './wireguard-network.ts'
import type { SimHost } from './wireguard-network.ts'

type Happening =
  | { readonly kind: 'send'; readonly from: 0 | 1; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'rebind' }
  | { readonly kind: 'restart'; readonly host: 0 | 1; readonly clockLost: boolean }
  | { readonly kind: 'spoof' }

const side = fc.constantFrom(0 as const, 1 as const)
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('send'), from: side, count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait'),
      ms: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1_000, max: 150_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rebind') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart'), host: side, clockLost: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('spoof') }) },
)

const weather = fc.record({
  loss: fc.constantFrom(0, 0.1, 0.4),
  duplicate: fc.constantFrom(0, 0.3),
  minDelayMs: fc.constantFrom(1, 40),
  maxDelayMs: fc.constantFrom(40, 900, 6_000),
})

interface World {
  readonly network: SimNetwork
  readonly hosts: readonly [SimHost, SimHost]
  readonly stranger: SimHost
  nextId: number
}

/** `a` sits behind a NAT; `b` has a fixed address and may ask every initiator for a cookie; `stranger` is a peer of `b` that lies about its source. */
function newWorld(seed: number, underLoad = false): World {
  const network = new SimNetwork(seed)
  const a = network.addHost({ name: 'a', inner: '10.9.0.1', outer: { address: '203.0.113.1', port: 40_000 } })
  const b = network.addHost({
    name: 'b',
    inner: '10.9.0.2',
    outer: { address: '198.51.100.2', port: 51_820 },
    ...(underLoad ? { underLoadAbove: 0 } : {}),
  })
  const stranger = network.addHost({ name: 'c', inner: '10.9.0.3', outer: { address: '192.0.2.3', port: 9 } })
  a.addPeer(b, { knowsEndpoint: true })
  b.addPeer(a, { knowsEndpoint: false })
  b.addPeer(stranger, { knowsEndpoint: false })
  stranger.addPeer(b, { knowsEndpoint: true })
  return { network, hosts: [a, b], stranger, nextId: 1 }
}

function happen(world: World, event: Happening): void {
  const [a, b] = world.hosts
  switch (event.kind) {
    case 'send':
      for (let count = 0; count < event.count; count += 1) {
        world.hosts[event.from].send(world.hosts[event.from === 0 ? 1 : 0], (world.nextId += 1))
      }
      return
    case 'wait':
      return world.network.run(event.ms)
    case 'rebind':
      return a.rebind()
    case 'restart':
      return world.hosts[event.host].restart(event.clockLost ? { wallClockOffsetMs: 0 } : {})
    case 'spoof':
      return world.stranger.send(b, (world.nextId += 1), a.inner)
  }
}

test('two devices converge after any weather, and never deliver twice or from a wrong source', () => {
  fc.assert(
    fc.property(
      fc.record({ seed: fc.integer(), underLoad: fc.boolean() }),
      weather,
      fc.array(happening, { maxLength: 40 }),
      ({ seed, underLoad }, storm, happenings) => {
        const world = newWorld(seed, underLoad)
        const { network, hosts } = world
        network.weather = storm
        for (const event of happenings) happen(world, event)
        network.weather = CALM
        network.run(storm.maxDelayMs)
        // Calm now. Whoever sends finds the other: by then an initiation was repeated or silence was noticed.
        for (let second = 0; second < 30; second += 1) {
          hosts[0].send(hosts[1], (world.nextId += 1))
          hosts[1].send(hosts[0], (world.nextId += 1))
          network.run(1_000)
        }
        const last = world.nextId
        for (const [host, peer, id] of [
          [hosts[1], 'a', last - 1],
          [hosts[0], 'b', last],
        ] as const) {
          const seen = host.delivered.map((delivery) => delivery.id)
          assert.equal(new Set(seen).size, seen.length, `${host.name} got a packet twice`)
          assert.ok(
            host.delivered.every(({ from }) => from === peer),
            `${host.name} got a spoofed packet`,
          )
          assert.ok(seen.includes(id), `${host.name} does not hear ${peer}`)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('in steady loss every packet of a live session arrives at most once and most arrive', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { network, hosts } = newWorld(seed)
      const [a, b] = hosts
      network.weather = { loss: 0.2, duplicate: 0.2, minDelayMs: 5, maxDelayMs: 200 }
      for (let id = 1; id <= 600; id += 1) {
        a.send(b, id)
        network.run(500)
      }
      const seen = b.delivered.map((delivery) => delivery.id)
      assert.equal(new Set(seen).size, seen.length)
      assert.ok(seen.length > 420, `${seen.length} of 600`)
    }),
    { numRuns: 8 },
  )
})

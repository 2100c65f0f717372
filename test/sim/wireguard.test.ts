/** Two devices and a clock: what the paper promises, event by event. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CALM, SimNetwork } from './wireguard-network.ts'
import type { HostSpec, Peering, SimHost } from './wireguard-network.ts'

const A: HostSpec = { name: 'a', inner: '10.9.0.1', outer: { address: '203.0.113.1', port: 40_000 } }
const B: HostSpec = { name: 'b', inner: '10.9.0.2', outer: { address: '198.51.100.2', port: 51_820 } }
const C: HostSpec = { name: 'c', inner: '10.9.0.3', outer: { address: '192.0.2.3', port: 40_000 } }

function pair(o: { a?: Partial<HostSpec>; b?: Partial<HostSpec>; peering?: Partial<Peering> } = {}): {
  network: SimNetwork
  a: SimHost
  b: SimHost
} {
  const network = new SimNetwork(1)
  const a = network.addHost({ ...A, ...o.a })
  const b = network.addHost({ ...B, ...o.b })
  a.addPeer(b, { knowsEndpoint: true, ...o.peering })
  b.addPeer(a, { knowsEndpoint: false, ...o.peering })
  return { network, a, b }
}

const ids = (host: SimHost): number[] => host.delivered.map((delivery) => delivery.id)

test('the first packet starts a handshake and arrives after it', () => {
  const { network, a, b } = pair()
  a.send(b, 7)
  network.run(100)
  assert.deepEqual(b.delivered, [{ id: 7, from: 'a', at: 30 }])
  b.send(a, 8)
  network.run(100)
  assert.deepEqual(ids(a), [8])
})

test('a session is renewed every 120 seconds without losing or delaying a packet', () => {
  const { network, a, b } = pair()
  const initiations: number[] = []
  network.onWire = (datagram) => datagram[0] === 1 && initiations.push(network.nowMs)
  a.send(b, 0)
  network.run(100)
  for (let id = 1; id <= 4_000; id += 1) {
    a.send(b, id)
    if (id % 10 === 0) b.send(a, id)
    network.run(100)
  }
  assert.deepEqual(
    ids(b),
    Array.from({ length: 4_001 }, (_, id) => id),
  )
  assert.equal(a.delivered.length, 400)
  for (const { id, at } of b.delivered.slice(1)) assert.ok(at <= id * 100 + 11, `packet ${id} at ${at}`)
  assert.equal(initiations.length, 4)
  for (const [index, at] of initiations.entries()) assert.ok(Math.abs(at - index * 120_000) < 1_000, `${at}`)
})

test('an initiator that hears something after 165 seconds renews the session before it is rejected', () => {
  const { network, a, b } = pair()
  a.send(b, 0)
  network.run(166_000)
  const initiations: number[] = []
  network.onWire = (datagram, from) => {
    if (datagram[0] === 1 && from === a.outer) initiations.push(network.nowMs)
  }
  b.send(a, 1)
  network.run(20)
  assert.deepEqual(initiations, [166_010])
})

test('both start at the same moment: each first packet arrives, and so do the next', () => {
  const { network, a, b } = pair()
  b.restart()
  b.addPeer(a, { knowsEndpoint: true })
  a.send(b, 1)
  b.send(a, 2)
  network.run(50)
  assert.deepEqual([ids(a), ids(b)], [[2], [1]])
  for (let id = 3; id < 300; id += 1) {
    a.send(b, id)
    b.send(a, id)
    network.run(1_000)
  }
  assert.equal(a.delivered.length, 298)
  assert.equal(b.delivered.length, 298)
})

test('a peer that moved is answered where it is now', () => {
  const { network, a, b } = pair()
  a.send(b, 1)
  network.run(100)
  a.rebind()
  b.send(a, 2)
  network.run(100)
  assert.deepEqual(ids(a), [])
  a.send(b, 3)
  network.run(100)
  b.send(a, 4)
  network.run(100)
  assert.deepEqual(ids(a), [4])
  assert.deepEqual(b.device.snapshot().peers[0]?.endpoint, a.outer)
})

test('a host whose clock starts in 1970 is still believed, because its last timestamp is on disk', () => {
  const { network, a, b } = pair()
  a.send(b, 1)
  network.run(10_000)
  a.restart({ wallClockOffsetMs: 0 })
  a.send(b, 2)
  network.run(100)
  assert.deepEqual(ids(b), [1, 2])
  assert.equal(b.drops['replayed-initiation'], 0)
})

test('without that timestamp it is not believed', () => {
  const { network, a, b } = pair()
  a.send(b, 1)
  network.run(10_000)
  a.restart({ wallClockOffsetMs: 0, keepDisk: false })
  a.send(b, 2)
  network.run(60_000)
  assert.deepEqual(ids(b), [1])
  assert.ok(b.drops['replayed-initiation'] >= 10)
})

test('a peer that restarts is found again by the one that sends to it', () => {
  const { network, a, b } = pair()
  a.send(b, 1)
  network.run(1_000)
  b.restart()
  for (let id = 2; id < 40; id += 1) {
    a.send(b, id)
    network.run(1_000)
  }
  assert.ok(ids(b).includes(39))
  assert.ok(b.drops['unknown-index'] > 0)
})

test('under load an initiator proves its address by a cookie and gets in', () => {
  const { network, a, b } = pair({ b: { underLoadAbove: 0 } })
  const types: number[] = []
  network.onWire = (datagram) => types.push(datagram[0]!)
  a.send(b, 1)
  network.run(6_000)
  assert.deepEqual(types.slice(0, 5), [1, 3, 1, 2, 4])
  assert.deepEqual(ids(b), [1])
  assert.equal(b.drops['cookie-required'], 1)
})

test('under load whoever spoofs its address costs a cookie reply each and no handshake', () => {
  const { network, a, b } = pair({ b: { underLoadAbove: 0 } })
  const initiation = captureInitiation(network, a, b)
  for (let port = 1; port <= 100; port += 1) {
    b.receive(initiation.slice(), { address: '198.18.0.1', port })
  }
  assert.equal(b.drops['cookie-required'], 101)
  assert.equal(b.device.snapshot().peers[0]?.lastHandshakeMs, undefined)
})

function captureInitiation(network: SimNetwork, a: SimHost, b: SimHost): Uint8Array {
  let initiation = new Uint8Array(0)
  network.onWire = (datagram) => {
    if (datagram[0] === 1) initiation = Uint8Array.from(datagram)
  }
  a.send(b, 1)
  network.run(20)
  return initiation
}

test('a repeated initiation is not answered again', () => {
  const { network, a, b } = pair()
  const initiation = captureInitiation(network, a, b)
  const responses: number[] = []
  network.onWire = (datagram) => datagram[0] === 2 && responses.push(network.nowMs)
  b.receive(initiation.slice(), A.outer)
  assert.deepEqual(responses, [])
  assert.equal(b.drops['replayed-initiation'], 1)
})

test('a preshared key that only one side has stops the handshake at the response', () => {
  const presharedKey = Buffer.alloc(32, 7).toString('base64')
  const { network, a, b } = pair({ peering: { presharedKey } })
  a.send(b, 1)
  network.run(100)
  assert.deepEqual(ids(b), [1])
  a.device.configure(
    { peers: [{ publicKey: b.publicKey, presharedKey: `${'A'.repeat(43)}=` }] },
    network.nowMs,
  )
  network.run(200_000)
  a.send(b, 2)
  network.run(1_000)
  assert.deepEqual(ids(b), [1])
  assert.ok(a.drops['wrong-handshake'] > 0)
})

test('an inner source that is not the peer’s own is dropped, though the session is authentic', () => {
  const { network, a, b } = pair()
  const c = network.addHost(C)
  c.addPeer(b, { knowsEndpoint: true })
  b.addPeer(c, { knowsEndpoint: false })
  c.send(b, 1, a.inner)
  c.send(b, 2)
  network.run(100)
  assert.deepEqual(
    b.delivered.map(({ id, from }) => ({ id, from })),
    [{ id: 2, from: 'c' }],
  )
  assert.equal(b.drops['wrong-source'], 1)
})

test('persistent keepalives connect by themselves and keep the session open', () => {
  const { network, a, b } = pair({ peering: { persistentKeepaliveSeconds: 25 } })
  const times: number[] = []
  network.onWire = (datagram, from) => {
    if (datagram[0] === 4 && from.port === A.outer.port) times.push(Math.round(network.nowMs / 1000))
  }
  network.run(110_000)
  assert.ok(b.device.snapshot().peers[0]?.lastHandshakeMs !== undefined)
  assert.deepEqual(times, [0, 25, 50, 75, 100])
  b.send(a, 1)
  network.run(100)
  assert.deepEqual(ids(a), [1])
})

test('a peer that never answers is tried for 90 seconds, and what waited for it is dropped', () => {
  const { network, a, b } = pair()
  network.weather = { ...CALM, loss: 1 }
  let initiations = 0
  network.onWire = () => (initiations += 1)
  for (let id = 0; id < 130; id += 1) a.send(b, id)
  network.run(300_000)
  assert.equal(initiations, 19)
  assert.equal(a.drops['queue-overflow'], 2)
  assert.equal(a.drops['handshake-timeout'], 128)
  assert.equal(a.device.nextDeadline() !== undefined, true)
  network.run(600_000)
  assert.equal(a.device.nextDeadline(), undefined)
})

test('a peer without an endpoint keeps its packets until it shows up', () => {
  const { network, a, b } = pair()
  b.send(a, 1)
  network.run(1_000)
  assert.equal(b.drops['no-endpoint'], 1)
  a.send(b, 2)
  network.run(1_000)
  assert.deepEqual([ids(a), ids(b)], [[1], [2]])
})

test('sessions are forgotten 540 seconds after the last handshake', () => {
  const { network, a, b } = pair()
  a.send(b, 1)
  network.run(539_000)

  network.run(60_000)
  assert.equal(a.device.nextDeadline(), undefined)
  assert.equal(b.device.nextDeadline(), undefined)
  a.send(b, 2)
  network.run(1_000)
  assert.deepEqual(ids(b), [1, 2])
})

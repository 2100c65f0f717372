/** Bounds: of connections in every stage, of memory, of patience, of packet size. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connected, Sink, Source, transfer } from '../../../../test/models/tcp-programs.ts'
import { LEFT, RIGHT, RIGHT_6, TwoStacks } from '../../../../test/models/two-stacks.ts'
import type { TcpStream } from '../stack-api.ts'

test('half-open connections are bounded: the oldest gives way', () => {
  const net = new TwoStacks({ right: { limits: { halfOpen: 8 } } })
  net.right.listen({ port: 80, onConnection: () => {} })
  // The answers to our SYNs do not arrive.
  net.onPacket = (_, fromLeft) => fromLeft
  for (let count = 0; count < 50; count++) net.left.connect({ address: RIGHT, port: 80 })
  net.run(500)
  assert.equal(net.right.counters['tcp-connections'], 8)
  assert.equal(net.right.counters['tcp-half-open-dropped'], 42)
  net.onPacket = undefined
  const client = net.left.connect({ address: RIGHT, port: 80 })
  assert.ok(net.runUntil(() => client.state === 'open', 5_000))
})

test('half-open connections whose other end is gone end after the time for connecting', () => {
  const net = new TwoStacks()
  net.right.listen({ port: 80, onConnection: () => {} })
  net.onPacket = (_, fromLeft) => fromLeft
  net.left.connect({ address: RIGHT, port: 80 }, { settings: { connectTimeoutMs: 100 } })
  net.run(60_000)
  assert.equal(net.right.counters['tcp-connections'], 0)
  assert.equal(net.right.nextDeadline(), undefined)
})

test('a full backlog refuses, and what is refused comes again', () => {
  const net = new TwoStacks()
  const accepted: TcpStream[] = []
  net.right.listen({ port: 80, backlog: 2, onConnection: (stream) => accepted.push(stream) })
  const clients = Array.from({ length: 10 }, () => net.left.connect({ address: RIGHT, port: 80 }))
  net.run(20_000)
  assert.ok(clients.every((client) => client.state === 'open'))
  assert.equal(accepted.length, 10)
})

test('connections are bounded: connect() fails with ENOBUFS, and a SYN is dropped', () => {
  const net = new TwoStacks({ left: { limits: { connections: 3 } }, right: { limits: { connections: 2 } } })
  net.right.listen({ port: 80, onConnection: () => {} })
  const clients = Array.from({ length: 4 }, () => net.left.connect({ address: RIGHT, port: 80 }))
  net.run(100)
  assert.equal(clients[3]!.failure?.code, 'ENOBUFS')
  assert.deepEqual(
    clients.slice(0, 3).map((client) => client.state),
    ['open', 'open', 'opening'],
  )
})

test('connections in TIME-WAIT are bounded: the oldest ends early', () => {
  const net = new TwoStacks({ right: { limits: { timeWait: 2 } } })
  const accepted: TcpStream[] = []
  net.right.listen({ port: 80, onConnection: (stream) => accepted.push(stream) })
  const clients = Array.from({ length: 5 }, () => net.left.connect({ address: RIGHT, port: 80 }))
  net.run(100)
  for (const stream of accepted) stream.end()
  net.run(100)
  for (const client of clients) client.end()
  net.run(1_000)
  assert.deepEqual(
    accepted.map((stream) => stream.info().tcpState),
    ['CLOSED', 'CLOSED', 'CLOSED', 'TIME-WAIT', 'TIME-WAIT'],
  )
  assert.equal(net.right.counters['tcp-time-wait-cut-short'], 3)
})

test('memory is bounded for all together, and everybody gets through', () => {
  const limits = { bufferBytes: 256 * 1024 }
  const net = new TwoStacks({ left: { limits }, right: { limits } })
  const sinks: Sink[] = []
  net.right.listen({
    port: 80,
    onConnection: (stream) => {
      const sink = new Sink(stream)
      sinks.push(sink)
      sink.start()
    },
  })
  const sources: Source[] = []
  for (let count = 0; count < 30; count++) {
    const source = new Source(net.left.connect({ address: RIGHT, port: 80 }), 100_000)
    sources.push(source)
    source.start()
  }
  assert.ok(net.runUntil(() => sinks.length === 30 && sinks.every((sink) => sink.ended), 120_000))
  assert.ok(sinks.every((sink) => sink.receivedBytes === 100_000 && sink.isIntact))
})

test('readers that do not read keep others neither from memory nor from their turn', () => {
  const limits = { bufferBytes: 2 * 1024 * 1024 }
  const net = new TwoStacks({ right: { limits } })
  const streams: TcpStream[] = []
  net.right.listen({ port: 80, onConnection: (stream) => streams.push(stream) })
  for (let count = 0; count < 8; count++)
    new Source(net.left.connect({ address: RIGHT, port: 80 }), 1_000_000).start()
  net.run(5_000)
  const client = net.left.connect({ address: RIGHT, port: 80 })
  net.run(100)
  transfer(net, { from: client, to: streams.at(-1)!, bytes: 300_000, limitMs: 60_000 })
})

test('keepalive finds out that the other end is gone', () => {
  const tcp = { keepaliveIdleMs: 10_000, keepaliveIntervalMs: 1_000, keepaliveProbes: 3 }
  const net = new TwoStacks({ left: { tcp } })
  const { client } = connected(net)
  net.run(60_000)
  assert.equal(client.state, 'open')
  net.onPacket = () => false
  net.run(14_000)
  assert.equal(client.failure?.code, 'ETIMEDOUT')
})

test('what is not acknowledged is borne for userTimeoutMs', () => {
  const net = new TwoStacks({ left: { tcp: { userTimeoutMs: 20_000 } } })
  const { client } = connected(net)
  net.onPacket = () => false
  client.write(new Uint8Array(10))
  net.run(19_900)
  assert.equal(client.state, 'open')
  net.run(200)
  assert.equal(client.failure?.code, 'ETIMEDOUT')
  assert.equal(net.left.nextDeadline(), undefined)
})

for (const [family, address, small] of [['IPv4', RIGHT, 576] as const, ['IPv6', RIGHT_6, 1_280] as const]) {
  test(`${family}: a path that drops large packets without a word is found out`, () => {
    const net = new TwoStacks()
    const { client, server } = connected(net, address)
    net.onPacket = (packet) => packet.length <= small
    transfer(net, { from: client, to: server, bytes: 100_000 })
    assert.ok((net.left.counters['tcp-black-hole-suspected'] ?? 0) >= 1)
  })
}

test('a link that becomes smaller has its packets at once', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  new Source(client, 1_000_000).start()
  const sink = new Sink(server)
  sink.start()
  net.run(12)
  net.left.setMtu(1_000)
  net.onPacket = (packet, fromLeft) => assert.ok(!fromLeft || packet.length <= 1_000)
  assert.ok(net.runUntil(() => sink.ended))
  assert.equal(sink.isIntact, true)
})

test('a listener that closes refuses what is half open, and leaves what is open', () => {
  const net = new TwoStacks()
  const { client, server, listener } = connected(net)
  const late = net.left.connect({ address: RIGHT, port: 80 })
  net.runUntil(() => net.right.counters['tcp-connections'] === 2)
  listener.close()
  net.run(1_000)
  assert.equal(late.failure?.code, 'ECONNRESET')
  transfer(net, { from: client, to: server, bytes: 10_000 })
})

test('listen() says EADDRINUSE and EADDRNOTAVAIL; port 0 is a free one', () => {
  const { left } = new TwoStacks()
  const onConnection = () => {}
  left.listen({ port: 80, onConnection })
  assert.throws(() => left.listen({ port: 80, onConnection }), { code: 'EADDRINUSE' })
  assert.throws(() => left.listen({ port: 81, address: RIGHT, onConnection }), { code: 'EADDRNOTAVAIL' })
  left.listen({ port: 80, address: LEFT, onConnection })
  assert.ok(left.listen({ port: 0, onConnection }).port >= 32_768)
})

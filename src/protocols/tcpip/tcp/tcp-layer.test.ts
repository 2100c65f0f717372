/** Connections between two stacks over a link without faults, and over one with the fault that a test names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEFT, LEFT_6, RIGHT, RIGHT_6, TwoStacks } from '../../../../test/models/two-stacks.ts'
import { connected, Sink, Source, transfer } from '../../../../test/models/tcp-programs.ts'
import type { TcpStream } from '../stack-api.ts'

for (const [family, address, own] of [['IPv4', RIGHT, LEFT] as const, ['IPv6', RIGHT_6, LEFT_6] as const]) {
  test(`${family}: bytes arrive in both directions, and both ends end`, () => {
    const net = new TwoStacks()
    const { client, server } = connected(net, address)
    assert.equal(server.remote.address, own)
    assert.equal(server.remote.port, client.local.port)
    transfer(net, { from: client, to: server, bytes: 300_000 })
    transfer(net, { from: server, to: client, bytes: 300_000 })
    assert.equal(client.state, 'closed')
    assert.equal(server.state, 'closed')
    assert.equal(client.failure, undefined)
    assert.equal(client.info().tcpState, 'TIME-WAIT')
    assert.equal(server.info().tcpState, 'CLOSED')
    net.run(61_000)
    assert.equal(client.info().tcpState, 'CLOSED')
    assert.equal(net.left.nextDeadline(), undefined)
  })
}

test('a direction that has ended leaves the other open', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  client.end()
  net.run(1_000)
  assert.equal(server.inputEnded, true)
  assert.equal(server.state, 'open')
  assert.equal(client.info().tcpState, 'FIN-WAIT-2')
  assert.equal(server.info().tcpState, 'CLOSE-WAIT')
  transfer(net, { from: server, to: client, bytes: 100_000 })
  assert.equal(client.state, 'closed')
})

test('ends that end at the same time go through CLOSING', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  client.end()
  server.end()
  net.run(1_000)
  assert.equal(client.info().tcpState, 'TIME-WAIT')
  assert.equal(server.info().tcpState, 'TIME-WAIT')
  assert.equal(client.state, 'closed')
  assert.equal(server.state, 'closed')
})

test('connect() fails with ECONNREFUSED where nobody listens', () => {
  const net = new TwoStacks()
  const client = net.left.connect({ address: RIGHT, port: 81 })
  let told = 0
  client.onProgress = () => (told += 1)
  assert.equal(client.state, 'opening')
  net.run(1_000)
  assert.equal(client.state, 'closed')
  assert.equal(client.failure?.code, 'ECONNREFUSED')
  assert.equal(told, 1)
})

test('connect() fails with ETIMEDOUT when nothing answers', () => {
  const net = new TwoStacks({ loss: 1 })
  const client = net.left.connect({ address: RIGHT, port: 80 })
  assert.ok(net.runUntil(() => client.state === 'closed'))
  assert.equal(client.failure?.code, 'ETIMEDOUT')
  assert.equal(net.nowMs, 31_000)
  assert.equal(net.left.nextDeadline(), undefined)
})

test('destroy() resets the other end, which can still read what has arrived', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  client.write(new Uint8Array(10))
  net.run(100)
  client.destroy()
  assert.equal(client.state, 'closed')
  assert.equal(client.failure, undefined)
  net.run(100)
  assert.equal(server.state, 'closed')
  assert.equal(server.failure?.code, 'ECONNRESET')
  assert.equal(server.readableBytes, 10)
  server.destroy()
  assert.equal(server.readableBytes, 0)
})

test('a reset of what both ends have ended is no failure, and the stream is closed', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  client.end()
  net.run(100)
  let told = 0
  server.onProgress = () => (told += 1)
  server.end()
  // Our FIN is answered with a RST: the other end is gone.
  client.destroy()
  net.run(100)
  assert.equal(server.state, 'closed')
  assert.equal(server.failure, undefined)
  assert.equal(told, 1)
})

test('bytes that nobody reads after a failure are given back after a while', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  client.write(new Uint8Array(10))
  net.run(100)
  client.destroy()
  net.run(29_000)
  assert.equal(server.readableBytes, 10)
  net.run(2_000)
  assert.equal(server.readableBytes, 0)
  assert.equal(net.right.nextDeadline(), undefined)
})

test('what is lost is sent again', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  let dropped = 0
  net.onPacket = (packet, fromLeft) => !(fromLeft && packet.length > 1_000 && dropped++ === 3)
  transfer(net, { from: client, to: server, bytes: 100_000 })
  assert.ok(client.info().retransmittedSegments > 0)
})

test('a SYN and its answer that are lost are sent again', () => {
  const net = new TwoStacks()
  let packets = 0
  net.onPacket = () => packets++ >= 2
  const { client } = connected(net)
  assert.equal(client.state, 'open')
  assert.ok(net.nowMs >= 3_000)
})

test('a reader that does not read closes the window, and opens it again', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  const source = new Source(client, 2_000_000)
  source.start()
  net.run(20_000)
  assert.ok(server.readableBytes <= 128 * 1024 + 128)
  assert.equal(client.info().sendWindowBytes, 0)
  const sink = new Sink(server)
  sink.start()
  assert.ok(net.runUntil(() => sink.ended))
  assert.equal(sink.receivedBytes, 2_000_000)
  assert.equal(sink.isIntact, true)
})

test('onProgress is called at most once per turn and never from inside a method', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  let inside = false
  let calls = 0
  server.onProgress = () => {
    assert.equal(inside, false)
    calls += 1
    inside = true
    if (server.readableBytes > 0) server.write(new Uint8Array(100))
    server.consume(server.readableBytes)
    inside = false
  }
  client.write(new Uint8Array(5_000))
  net.run(1_000)
  assert.ok(calls >= 1 && calls <= 4, `${calls}`)
})

test('close() fails every stream with ECONNABORTED and tells the other ends', () => {
  const net = new TwoStacks()
  const { client, server } = connected(net)
  net.left.close()
  assert.equal(client.failure?.code, 'ECONNABORTED')
  net.run(100)
  assert.equal(server.failure?.code, 'ECONNRESET')
})

test('ends that open towards each other become one connection', () => {
  const net = new TwoStacks()
  const left = net.left.connect({ address: RIGHT, port: 5_000 }, { localPort: 5_000 })
  const right = net.right.connect({ address: LEFT, port: 5_000 }, { localPort: 5_000 })
  net.run(2_000)
  assert.equal(left.state, 'open')
  assert.equal(right.state, 'open')
  transfer(net, { from: left, to: right, bytes: 50_000 })
})

test('a connection takes the place of one in TIME-WAIT', () => {
  const net = new TwoStacks()
  const accepted: TcpStream[] = []
  net.right.listen({ port: 80, onConnection: (stream) => accepted.push(stream) })
  const first = net.left.connect({ address: RIGHT, port: 80 }, { localPort: 4_000 })
  net.run(100)
  accepted[0]!.end()
  net.run(100)
  first.end()
  net.run(100)
  assert.equal(accepted[0]!.info().tcpState, 'TIME-WAIT')
  const second = net.left.connect({ address: RIGHT, port: 80 }, { localPort: 4_000 })
  net.run(100)
  assert.equal(second.state, 'open')
  assert.equal(accepted.length, 2)
  assert.equal(accepted[0]!.info().tcpState, 'CLOSED')
})

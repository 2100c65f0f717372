/** What is lost, where, and what it costs: seen from outside, by retransmissions, timeouts and time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connected, Sink, Source, transfer } from '../../../../test/models/tcp-programs.ts'
import { TwoStacks, type LinkOptions } from '../../../../test/models/two-stacks.ts'
import type { TcpSettings } from '../stack-api.ts'

const BYTES = 200_000
const TEXT = 1_000

interface Lossy {
  /** Of the packets with text from left to right, counted from 0. */
  readonly lose: readonly number[]
  readonly bytes?: number
  readonly tcp?: Partial<TcpSettings>
  readonly link?: LinkOptions
}

function send({ lose, bytes = BYTES, tcp = {}, link = {} }: Lossy) {
  const net = new TwoStacks({ delayMs: 20, ...link, left: { tcp }, right: { tcp } })
  const { client, server } = connected(net)
  let texts = 0
  net.onPacket = (packet, fromLeft) => !(fromLeft && packet.length > TEXT && lose.includes(texts++))
  const tookMs = transfer(net, { from: client, to: server, bytes })
  const timeouts = net.left.counters['tcp-retransmission-timeouts'] ?? 0
  return { net, tookMs, timeouts, again: client.info().retransmittedSegments, client }
}

const clean = send({ lose: [] }).tookMs

test('one loss in the middle costs one retransmission and no timeout', () => {
  const { again, timeouts, tookMs } = send({ lose: [100] })
  assert.deepEqual([again, timeouts], [1, 0])
  assert.ok(tookMs <= clean + 80, `${tookMs} after ${clean}`)
})

test('many losses of one flight are repaired together', () => {
  const lose = [80, 82, 84, 86, 88, 90, 91, 92]
  const { again, timeouts, tookMs } = send({ lose })
  assert.deepEqual([again, timeouts], [lose.length, 0])
  assert.ok(tookMs <= clean + 120, `${tookMs} after ${clean}`)
})

test('a retransmission that is lost is found without a timeout', () => {
  // The hole of 20 is repaired as the segment after those of its flight.
  for (let second = 21; second < 60; second++) {
    const { timeouts } = send({ lose: [20, second] })
    assert.equal(timeouts, 0, `also lost: ${second}`)
  }
})

test('the last segments of all are repaired by a tail probe before the timeout', () => {
  const segments = Math.ceil(BYTES / 1_368)
  const { timeouts, tookMs } = send({ lose: [segments - 3, segments - 2] })
  assert.equal(timeouts, 0)
  assert.ok(tookMs <= clean + 160, `${tookMs} after ${clean}`)
})

test('without SACK three duplicates repair a loss, and partial acknowledgments the next (RFC 6582)', () => {
  const { timeouts, again } = send({ lose: [20, 24, 27], tcp: { sack: false } })
  assert.equal(timeouts, 0)
  assert.ok(again >= 3 && again <= 5, `${again}`)
})

test('reordering costs little, and is learnt', () => {
  const link = { delayMs: 20, jitterMs: 8, seed: 7 }
  const { timeouts, again } = send({ lose: [], bytes: 2_000_000, link })
  assert.equal(timeouts, 0)
  assert.ok(again < 80, `${again} of 1462 segments`)
})

test('a delay that is taken for a loss is forgiven (RFC 3522)', () => {
  const net = new TwoStacks({ delayMs: 20 })
  const { client, server } = connected(net)
  const sink = new Sink(server)
  sink.start()
  new Source(client, 5_000_000).start()
  net.runUntil(() => sink.receivedBytes > 500_000)
  const before = client.info().congestionWindowBytes
  // Everything stands still for half a second and then goes on.
  net.pause(500)
  net.runUntil(() => (net.left.counters['tcp-recoveries-undone'] ?? 0) > 0)
  assert.equal(net.left.counters['tcp-retransmission-timeouts'], 1)
  assert.ok(client.info().congestionWindowBytes >= before / 2)
  assert.ok(net.runUntil(() => sink.ended))
  assert.equal(sink.isIntact, true)
})

test('a window that was closed for minutes opens to the speed of before', () => {
  const net = new TwoStacks({ delayMs: 20 })
  const { client, server } = connected(net)
  new Source(client, 3_000_000).start()
  net.run(300_000)
  assert.equal(client.state, 'open')
  const { congestionWindowBytes } = client.info()
  const sink = new Sink(server)
  sink.start()
  assert.ok(net.runUntil(() => sink.ended, 10_000))
  assert.ok(client.info().congestionWindowBytes >= congestionWindowBytes)
})

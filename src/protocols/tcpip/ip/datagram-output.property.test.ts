/** What one stack sends in fragments, another puts together; over any MTU, for both families. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { countedRandom, StackUnderTest } from '../../../../test/harness/stack-under-test.ts'
import { Identifications } from './identification.ts'

test('a datagram larger than the MTU arrives whole, in fragments no larger than the MTU', () => {
  const length = fc.oneof(fc.nat(5_000), fc.constantFrom(0, 1, 1_392, 1_393, 8_000, 65_507))
  fc.assert(
    fc.property(
      fc.constantFrom('10.0.0.1', 'fd00::1'),
      fc.integer({ min: 576, max: 9_000 }),
      length,
      (to, mtu, n) => {
        const sender = new StackUnderTest({ addresses: ['10.0.0.2', 'fd00::2'], mtuBytes: mtu })
        const receiver = new StackUnderTest()
        const data = new Uint8Array(n).map((_, index) => index * 7)
        const got: Uint8Array[] = []
        receiver.stack.openUdp({ localPort: 7, onDatagram: (bytes) => got.push(bytes) })
        assert.equal(sender.stack.openUdp().send(data, { address: to, port: 7 }), true)
        const packets = sender.sent()
        for (const packet of packets) {
          assert.ok(packet.length <= mtu)
          assert.equal(receiver.receive(packet), undefined)
        }
        receiver.stack.notify()
        assert.deepEqual(got, [data])
        const headers = to.includes(':') ? 48 : 28
        assert.equal(packets.length === 1, n + headers <= mtu)
      },
    ),
    { numRuns: 60 },
  )
})

test('the fragments of RFC 791, appendix A, example 2: 452 bytes over a link of 280', () => {
  const sender = new StackUnderTest({ mtuBytes: 280 })
  sender.stack.openUdp().send(new Uint8Array(444), { address: '10.0.0.9', port: 7 })
  const packets = sender.sent()
  assert.deepEqual(
    packets.map((packet) => [packet.length, packet.readUInt16BE(2), packet.readUInt16BE(6)]),
    [
      [276, 276, 0x2000],
      [216, 216, 32],
    ],
  )
  assert.equal(packets[0]?.readUInt16BE(4), packets[1]?.readUInt16BE(4))
})

test('a link said to carry nothing is taken to carry 68 bytes (RFC 791 §3.2)', () => {
  for (const address of ['10.0.0.9', 'fd00::9']) {
    const sender = new StackUnderTest({ mtuBytes: 0 })
    sender.stack.openUdp().send(new Uint8Array(1_000), { address, port: 7 })
    const packets = sender.sent()
    assert.ok(packets.length > 20 && packets.every(({ length }) => length <= 68))
  }
})

test('what fits exactly is not cut', () => {
  const sender = new StackUnderTest({ mtuBytes: 1_280 })
  for (const [address, headers] of [
    ['10.0.0.9', 28],
    ['fd00::9', 48],
  ] as const) {
    sender.stack.openUdp().send(new Uint8Array(1_280 - headers), { address, port: 7 })
    const packets = sender.sent()
    assert.deepEqual(
      packets.map(({ length }) => length),
      [1_280],
    )
    assert.equal(packets[0]?.[headers === 28 ? 9 : 6], 17)
  }
})

test('65,536 identifications of IPv4 come before one comes again, in no order that one could guess', () => {
  const identifications = new Identifications(countedRandom())
  const all = Array.from({ length: 65_536 }, () => identifications.next(4))
  assert.equal(new Set(all).size, 65_536)
  const steps = new Set(all.slice(1, 1_000).map((id, index) => (id - all[index]!) & 0xffff))
  assert.ok(steps.size > 900, `${steps.size} different steps`)
  assert.notDeepEqual(
    Array.from({ length: 100 }, () => identifications.next(4)),
    all.slice(0, 100),
  )
})

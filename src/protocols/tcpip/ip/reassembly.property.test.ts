/** Reassembly against a model that keeps one number for each byte; its bounds under floods; its times. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { StackUnderTest } from '../../../../test/harness/stack-under-test.ts'
import { fragmentPacket, icmpMessage, ipPacket } from '../../../../test/models/ip-packets.ts'
import { allocatePacketMemory } from '../../packet-memory/index.ts'
import { withoutTcp } from '../without-tcp.ts'
import { Inbound } from './inbound.ts'
import { walkExtensionHeaders } from './options.ts'
import { MAX_FRAGMENTS, Reassembly } from './reassembly.ts'

const ENDS = {
  4: { source: '10.0.0.9', destination: '10.0.0.1' },
  6: { source: 'fd00::9', destination: 'fd00::1' },
} as const

interface Fragment {
  readonly offset: number
  readonly more: boolean
  readonly payload: Uint8Array
}

/** What comes out of a datagram's fragments in this order. */
class SlowDatagram {
  #bytes = new Map<number, number>()
  #seen: Fragment[] = []
  #total: number | undefined
  #isDead = false

  add({ offset, more, payload }: Fragment): Uint8Array | undefined {
    const end = offset + payload.length
    if (payload.length === 0 || (more && payload.length % 8 !== 0) || this.#isDead) return undefined
    const isCopy = this.#seen.some(
      (other) => other.offset === offset && Buffer.compare(other.payload, payload) === 0,
    )
    if (isCopy) return undefined
    for (let at = offset; at < end; at++) if (this.#bytes.has(at)) this.#isDead = true
    if (this.#total !== undefined && (!more || end > this.#total)) this.#isDead = true
    if (!more && [...this.#bytes.keys()].some((at) => at >= end)) this.#isDead = true
    if (this.#isDead) return undefined
    for (const [index, byte] of payload.entries()) this.#bytes.set(offset + index, byte)
    this.#seen.push({ offset, more, payload })
    if (!more) this.#total = end
    if (this.#bytes.size !== this.#total) return undefined
    const whole = Uint8Array.from({ length: this.#total }, (_, at) => this.#bytes.get(at) ?? 0)
    this.#bytes = new Map()
    this.#seen = []
    this.#total = undefined
    return whole
  }
}

/** Collects what reaches TCP: whole payloads, whatever is in them. */
function collecting(): { host: StackUnderTest; payloads: Uint8Array[] } {
  const payloads: Uint8Array[] = []
  const host = new StackUnderTest({}, () => ({
    ...withoutTcp(),
    receive: ({ memory, at, length }) => {
      payloads.push(memory.bytes.slice(at, at + length))
      return undefined
    },
  }))
  return { host, payloads }
}

function cut(payload: Uint8Array, cuts: readonly number[]): Fragment[] {
  const inside = cuts.map((at) => at * 8).filter((at) => at < payload.length)
  const places = [...new Set([0, ...inside])].toSorted((a, b) => a - b)
  return places.map((offset, index) => {
    const end = places[index + 1] ?? payload.length
    return { offset, more: end < payload.length, payload: payload.subarray(offset, end) }
  })
}

const family = fc.constantFrom<4 | 6>(4, 6)
const payload = fc.uint8Array({ minLength: 9, maxLength: 400 })
const cuts = fc.array(fc.nat(50), { minLength: 1, maxLength: 8 })
const honest = fc.tuple(payload, cuts).chain(([bytes, at]) => {
  const fragments = cut(bytes, at)
  const all = [...fragments, ...fragments]
  return fc.record({
    bytes: fc.constant(bytes),
    fragments: fc.constant(fragments),
    order: fc.shuffledSubarray(
      all.map((_, index) => index),
      { minLength: all.length, maxLength: all.length },
    ),
  })
})

test('fragments in any order, some of them twice, become the datagram that they were', () => {
  fc.assert(
    fc.property(family, honest, (version, { bytes, fragments, order }) => {
      fc.pre(fragments.length > 1)
      const { host, payloads } = collecting()
      const slow = new SlowDatagram()
      const want: Uint8Array[] = []
      for (const index of order) {
        const fragment = fragments[index % fragments.length]!
        const whole = slow.add(fragment)
        if (whole !== undefined) want.push(whole)
        host.receive(fragmentPacket({ ...ENDS[version], protocol: 6, identification: 77, ...fragment }))
      }
      assert.ok(want.length > 0)
      assert.deepEqual(want[0], bytes)
      assert.deepEqual(payloads, want)
    }),
  )
})

const anything: fc.Arbitrary<Fragment> = fc.record({
  offset: fc.nat(12).map((units) => units * 8),
  more: fc.boolean(),
  // Pieces of different length begin alike, so that one may look like a copy of the other.
  payload: fc
    .tuple(fc.oneof(fc.constantFrom(8, 16, 24), fc.nat(30)), fc.constantFrom(1, 1, 1, 2))
    .map(([length, value]) => new Uint8Array(length).fill(value)),
})

test('whatever fragments come, what comes out is what the model says (RFC 5722)', () => {
  fc.assert(
    fc.property(family, fc.array(anything, { maxLength: 24 }), (version, fragments) => {
      const { host, payloads } = collecting()
      const slow = new SlowDatagram()
      const want: Uint8Array[] = []
      for (const fragment of fragments) {
        // A whole datagram that only looks like one is not reassembled.
        if (fragment.offset === 0 && !fragment.more) continue
        const whole = slow.add(fragment)
        if (whole !== undefined) want.push(whole)
        host.receive(fragmentPacket({ ...ENDS[version], protocol: 6, identification: 77, ...fragment }))
      }
      assert.deepEqual(payloads, want)
    }),
    { numRuns: 500 },
  )
})

test('datagrams whose fragments come mixed do not touch each other', () => {
  fc.assert(
    fc.property(family, fc.array(honest, { minLength: 2, maxLength: 5 }), (version, datagrams) => {
      const { host, payloads } = collecting()
      const queues = datagrams.map(({ fragments }) => [...fragments])
      while (queues.some((queue) => queue.length > 0))
        for (const [identification, queue] of queues.entries()) {
          const fragment = queue.pop()
          if (fragment !== undefined)
            host.receive(fragmentPacket({ ...ENDS[version], protocol: 6, identification, ...fragment }))
        }
      const sorted = (all: readonly Uint8Array[]) =>
        all.map((bytes) => Buffer.from(bytes).toString('hex')).toSorted()
      assert.deepEqual(sorted(payloads), sorted(datagrams.map(({ bytes }) => bytes)))
    }),
  )
})

test('a flood of fragments stays within its bounds, and the newest datagram still completes', () => {
  const memory = allocatePacketMemory(4_096)
  const options = { maxDatagrams: 4, maxBytes: 20_000, onTimeout: () => {}, count: () => {} }
  const reassembly = new Reassembly(options)
  const packet = new Inbound(memory)
  const add = (identification: number, offset: number, more: boolean, length = 1_000) => {
    const piece = fragmentPacket({
      ...{ ...ENDS[4], protocol: 17, identification, offset, more },
      payload: Buffer.alloc(length, identification),
    })
    memory.bytes.set(piece, 0)
    assert.equal(packet.read(memory, 0, piece.length, true), undefined)
    const outcome = reassembly.add(packet, 0)
    assert.ok(reassembly.size <= 4 && reassembly.heldBytes <= 20_000)
    return outcome
  }
  for (let identification = 0; identification < 1_000; identification++)
    for (let piece = 0; piece < 3; piece++) add(identification, piece * 1_000, true)
  assert.equal(add(2_000, 0, true), undefined)
  assert.equal(add(2_000, 1_000, false), 2_020)
  // One that is larger than all the room there is can not push out itself.
  let refused = 0
  for (let offset = 0; offset < 60_000; offset += 1_000)
    if (add(3_000, offset, true) === 'fragment-limit') refused += 1
  assert.ok(refused > 0)
})

test('datagrams share the bytes that there are; the oldest makes room', () => {
  const memory = allocatePacketMemory(4_096)
  const evicted: string[] = []
  const count = (what: string): void => void evicted.push(what)
  const reassembly = new Reassembly({ maxDatagrams: 64, maxBytes: 10_000, onTimeout: () => {}, count })
  const packet = new Inbound(memory)
  for (let identification = 0; identification < 20; identification++) {
    const piece = {
      ...ENDS[6],
      protocol: 17,
      identification,
      offset: 0,
      more: true,
      payload: Buffer.alloc(1_200),
    }
    memory.bytes.set(fragmentPacket(piece), 0)
    assert.equal(packet.read(memory, 0, 1_248, true), undefined)
    assert.equal(walkExtensionHeaders(packet, false), 'fragment')
    assert.equal(reassembly.add(packet, 0), undefined)
    assert.ok(reassembly.heldBytes <= 10_000)
  }
  assert.equal(reassembly.size, 7)
  assert.equal(evicted.length, 13)
})

test('a datagram in more pieces than anybody needs is given up, with what comes later of it', () => {
  const { host, payloads } = collecting()
  const send = (offset: number, more: boolean) =>
    host.receive(
      fragmentPacket({ ...ENDS[4], protocol: 6, identification: 1, offset, more, payload: Buffer.alloc(8) }),
    )
  for (let index = 0; index < MAX_FRAGMENTS; index++) assert.equal(send(index * 8, true), undefined)
  assert.equal(send(MAX_FRAGMENTS * 8, true), 'fragment-limit')
  assert.equal(send((MAX_FRAGMENTS + 1) * 8, false), 'malformed')
  assert.deepEqual(payloads, [])
})

test('a fragment that reaches beyond 65,535 bytes is refused', () => {
  const { host } = collecting()
  const payload = Buffer.alloc(24)
  for (const version of [4, 6] as const) {
    const piece = fragmentPacket({
      ...{ ...ENDS[version], protocol: 6, identification: 1, offset: 65_520, more: false, payload },
    })
    assert.equal(host.receive(piece), 'malformed')
  }
})

for (const [version, ms, answer] of [
  [4, 30_000, [11, 1]],
  [6, 60_000, [3, 1]],
] as const) {
  test(`IPv${version}: what is not complete after ${ms / 1000} s is forgotten, and its sender told`, () => {
    const { host, payloads } = collecting()
    const piece = { ...ENDS[version], protocol: 6, identification: 5, payload: Buffer.alloc(16, 1) }
    host.receive(fragmentPacket({ ...piece, offset: 0, more: true }))
    assert.equal(host.stack.nextDeadline(), host.nowMs + ms)
    host.pass(ms - 1)
    assert.deepEqual(host.sent(), [])
    host.pass(1)
    assert.deepEqual(
      host.sent().map((packet) => [...packet.subarray(version === 4 ? 20 : 40).subarray(0, 2)]),
      [[...answer]],
    )
    assert.equal(host.stack.nextDeadline(), undefined)
    host.receive(fragmentPacket({ ...piece, offset: 16, more: false }))
    assert.deepEqual(payloads, [])
    // Without the first fragment nobody is told (RFC 1122 §3.3.2).
    host.pass(ms)
    assert.deepEqual(host.sent(), [])
  })
}

test('congestion that one fragment met is seen by the layer (RFC 3168 §5.3)', () => {
  const seen: number[] = []
  const host = new StackUnderTest({}, () => ({
    ...withoutTcp(),
    receive: ({ ecn }) => {
      seen.push(ecn)
      return undefined
    },
  }))
  for (const version of [4, 6] as const) {
    const piece = { ...ENDS[version], protocol: 6, identification: 5, payload: Buffer.alloc(16) }
    host.receive(fragmentPacket({ ...piece, offset: 0, more: true, trafficClass: 2 }))
    host.receive(fragmentPacket({ ...piece, offset: 16, more: false, trafficClass: 3 }))
  }
  assert.deepEqual(seen, [3, 3])
})

test('an echo request in fragments is answered', () => {
  const host = new StackUnderTest()
  const rest = Buffer.alloc(3_000, 7)
  for (const [version, type] of [
    [4, 8],
    [6, 128],
  ] as const) {
    const message = icmpMessage(ENDS[version], { type, code: 0, rest })
    const whole = { ...ENDS[version], protocol: version === 4 ? 1 : 58, identification: 9 }
    host.receive(fragmentPacket({ ...whole, offset: 0, more: true, payload: message.subarray(0, 1_400) }))
    host.receive(fragmentPacket({ ...whole, offset: 1_400, more: false, payload: message.subarray(1_400) }))
    assert.equal(host.sent().length, 3)
  }
  assert.equal(host.receive(ipPacket({ ...ENDS[4], protocol: 1, payload: Buffer.alloc(8) })), 'checksum')
})

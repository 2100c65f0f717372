/** For whom a packet is, and why it is not taken: rows. Reassembly, ICMP and UDP have their own tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StackUnderTest } from '../../../test/harness/stack-under-test.ts'
import { icmpMessage, ipPacket, udpDatagram } from '../../../test/models/ip-packets.ts'
import type { StackDrop } from './stack-api.ts'
import { withoutTcp } from './without-tcp.ts'

const V4 = { source: '10.0.0.9', destination: '10.0.0.1' }
const V6 = { source: 'fd00::9', destination: 'fd00::1' }
const DATA = Buffer.from('hello')

const udp = (ends: typeof V4, to = 5000): Buffer => udpDatagram(ends, { from: 40_000, to, data: DATA })
const v4 = (change: object = {}): Buffer => {
  const ends = { ...V4, ...change }
  return ipPacket({ protocol: 17, payload: udp(ends), ...ends })
}
const v6 = (change: object = {}): Buffer => {
  const ends = { ...V6, ...change }
  return ipPacket({ protocol: 17, payload: udp(ends), ...ends })
}
/** A packet with some of its bytes changed, and the checksum of an IPv4 header made right again unless told not to. */
function changed(packet: Buffer, at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(packet)
  copy.set(bytes, at)
  return copy
}
function headers(first: number, ...all: Buffer[]): Buffer {
  return v6({ protocol: first, payload: Buffer.concat([...all, udp(V6)]) })
}
/** Next header, length and what is in it; a multiple of eight bytes. */
const extension = (next: number, ...content: number[]): Buffer => {
  const header = Buffer.alloc(Math.ceil((2 + content.length) / 8) * 8)
  header.set([next, header.length / 8 - 1, ...content])
  return header
}
const PADN_6 = [1, 4, 0, 0, 0, 0]

/** A message of ICMPv6 behind an option that asks for a complaint, and maybe a fragment header before that. */
function refusedBefore(first: 44 | 60, icmpType: number): Buffer {
  const fragment = first === 44 ? [Buffer.from([60, 0, 0, 0, 0, 0, 0, 1])] : []
  const message = Buffer.from([icmpType, 0, 0, 0, 0, 0, 0, 0])
  return v6({
    protocol: first,
    payload: Buffer.concat([...fragment, extension(58, 0x9e, 4, 1, 2, 3, 4), message]),
  })
}

interface Row {
  readonly name: string
  readonly given: Buffer
  readonly want: StackDrop | undefined
  /** ICMP type and code of the answer, and the word behind the checksum: where the problem is. */
  readonly answer?: readonly [number, number, number]
}

const rows: readonly Row[] = [
  { name: 'a datagram for an open port', given: v4(), want: undefined },
  { name: 'the same over IPv6', given: v6(), want: undefined },
  { name: 'padding behind the packet', given: Buffer.concat([v4(), Buffer.alloc(11, 7)]), want: undefined },
  {
    name: 'padding behind the packet, IPv6',
    given: Buffer.concat([v6(), Buffer.alloc(11, 7)]),
    want: undefined,
  },
  { name: 'nothing', given: Buffer.alloc(0), want: 'malformed' },
  { name: 'half a header', given: v4().subarray(0, 19), want: 'malformed' },
  { name: 'half an IPv6 header', given: v6().subarray(0, 39), want: 'malformed' },
  { name: 'version 5', given: changed(v4(), 0, 0x55), want: 'malformed' },
  { name: 'a header length below 20', given: changed(v4(), 0, 0x44), want: 'malformed' },
  {
    name: 'a header longer than the packet',
    given: changed(v4().subarray(0, 20), 2, 0, 20, 0, 0, 0, 0),
    want: 'checksum',
  },
  { name: 'more length than there is', given: v4().subarray(0, 32), want: 'malformed' },
  { name: 'more length than there is, IPv6', given: v6().subarray(0, 52), want: 'malformed' },
  { name: 'a length below the header', given: changed(v4(), 2, 0, 19), want: 'malformed' },
  { name: 'a wrong header checksum', given: changed(v4(), 10, 1, 2), want: 'checksum' },
  { name: 'a wrong checksum of the payload', given: changed(v4(), 30, 7), want: 'checksum' },
  { name: 'somebody else’s', given: v4({ destination: '10.0.0.2' }), want: 'not-for-us' },
  { name: 'somebody else’s, IPv6', given: v6({ destination: 'fd00::2' }), want: 'not-for-us' },
  { name: 'to everybody', given: v4({ destination: '255.255.255.255' }), want: 'not-for-us' },
  { name: 'to all nodes', given: v6({ destination: 'ff02::1' }), want: 'not-for-us' },
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.1', '239.255.255.255', '255.255.255.255', '10.0.0.1'].map(
    (source): Row => ({ name: `from ${source}`, given: v4({ source }), want: 'bad-source' }),
  ),
  ...['::', '::1', 'ff02::1', '::ffff:10.0.0.9', '::10.0.0.9', 'fd00::1'].map(
    (source): Row => ({ name: `from ${source}`, given: v6({ source }), want: 'bad-source' }),
  ),
  { name: 'from a class E address, as some use them', given: v4({ source: '240.0.0.1' }), want: undefined },
  {
    name: 'options that do nothing',
    given: v4({ options: Buffer.from([1, 1, 7, 3, 4, 0, 0, 0]) }),
    want: undefined,
  },
  {
    name: 'an option beyond the header',
    given: v4({ options: Buffer.from([7, 9, 4, 0]) }),
    want: 'malformed',
  },
  { name: 'an option of length 0', given: v4({ options: Buffer.from([7, 0, 4, 0]) }), want: 'malformed' },
  { name: 'an option without length', given: v4({ options: Buffer.from([1, 1, 1, 7]) }), want: 'malformed' },
  { name: 'a loose source route', given: v4({ options: Buffer.from([131, 3, 4, 0]) }), want: 'malformed' },
  { name: 'a strict source route', given: v4({ options: Buffer.from([137, 3, 4, 0]) }), want: 'malformed' },
  { name: 'hop-by-hop padding', given: headers(0, extension(17, ...PADN_6)), want: undefined },
  {
    name: 'destination options twice',
    given: headers(60, extension(60, ...PADN_6), extension(17, 0, 0, 0, 0, 0, 0)),
    want: undefined,
  },
  {
    name: 'hop-by-hop options in second place',
    given: headers(60, extension(0, ...PADN_6), extension(17, ...PADN_6)),
    want: 'malformed',
    answer: [4, 1, 40],
  },
  {
    name: 'an option to be skipped',
    given: headers(60, extension(17, 0x1e, 4, 1, 2, 3, 4)),
    want: undefined,
  },
  {
    name: 'an option that says discard',
    given: headers(60, extension(17, 0x5e, 4, 1, 2, 3, 4)),
    want: 'malformed',
  },
  {
    name: 'an option that says discard and tell',
    given: headers(60, extension(17, 0x9e, 4, 1, 2, 3, 4)),
    want: 'malformed',
    answer: [4, 2, 42],
  },
  {
    name: 'an option beyond its header',
    given: headers(60, extension(17, 0x1e, 5, 1, 2, 3, 4)),
    want: 'malformed',
  },
  {
    name: 'a header beyond the packet',
    given: headers(60, Buffer.from([17, 9, ...PADN_6])),
    want: 'malformed',
  },
  { name: 'a route with nothing left', given: headers(43, extension(17, 0, 0, 0, 0, 0, 0)), want: undefined },
  {
    name: 'a route with something left (RFC 5095)',
    given: headers(43, extension(17, 0, 1, 0, 0, 0, 0)),
    want: 'malformed',
    answer: [4, 0, 42],
  },
  {
    name: 'eight headers',
    given: headers(
      60,
      ...Array.from({ length: 7 }, () => extension(60, ...PADN_6)),
      extension(17, ...PADN_6),
    ),
    want: undefined,
  },
  {
    name: 'nine headers',
    given: headers(
      60,
      ...Array.from({ length: 8 }, () => extension(60, ...PADN_6)),
      extension(17, ...PADN_6),
    ),
    want: 'malformed',
  },
  {
    name: 'an unknown protocol behind options',
    given: headers(60, extension(132, ...PADN_6)),
    want: 'unknown-protocol',
    answer: [4, 1, 40],
  },
  {
    name: 'an ICMPv6 error behind an option that says discard and tell (RFC 4443 §2.4 (e.1))',
    given: refusedBefore(60, 1),
    want: 'malformed',
  },
  {
    name: 'a redirect behind it, in a whole datagram with a fragment header',
    given: refusedBefore(44, 137),
    want: 'malformed',
  },
  {
    name: 'an echo request behind it',
    given: refusedBefore(60, 128),
    want: 'malformed',
    answer: [4, 2, 42],
  },
  {
    name: 'headers without end',
    given: headers(60, ...Array.from({ length: 30 }, () => extension(60, ...PADN_6))),
    want: 'malformed',
  },
  { name: 'no next header', given: headers(59), want: 'malformed' },
  {
    name: 'a whole datagram with a fragment header (RFC 6946)',
    given: headers(44, Buffer.from([17, 0, 0, 0, 1, 2, 3, 4])),
    want: undefined,
  },
  {
    name: 'two fragment headers',
    given: headers(44, Buffer.from([44, 0, 0, 0, 1, 2, 3, 4]), Buffer.from([17, 0, 0, 1, 1, 2, 3, 4])),
    want: 'malformed',
  },
  { name: 'an unknown protocol', given: v4({ protocol: 132 }), want: 'unknown-protocol', answer: [3, 2, 0] },
  {
    name: 'an unknown protocol, IPv6',
    given: v6({ protocol: 132 }),
    want: 'unknown-protocol',
    answer: [4, 1, 6],
  },
  { name: 'ICMPv6 over IPv4', given: v4({ protocol: 58 }), want: 'unknown-protocol', answer: [3, 2, 0] },
  { name: 'ICMP over IPv6', given: v6({ protocol: 1 }), want: 'unknown-protocol', answer: [4, 1, 6] },
  { name: 'a closed port', given: v4({ payload: udp(V4, 5001) }), want: 'no-listener', answer: [3, 3, 0] },
  {
    name: 'a closed port, IPv6',
    given: v6({ payload: udp(V6, 5001) }),
    want: 'no-listener',
    answer: [1, 4, 0],
  },
  {
    name: 'an ICMP message shorter than its header',
    given: v4({ protocol: 1, payload: Buffer.from([8, 0, 0xf7, 0xff]) }),
    want: 'malformed',
  },
  {
    name: 'an echo request with a wrong checksum',
    given: v4({ protocol: 1, payload: Buffer.from([8, 0, 1, 1, 0, 1, 0, 1]) }),
    want: 'checksum',
  },
  {
    name: 'an answer to a ping that was not sent',
    given: v4({ protocol: 1, payload: icmpMessage(V4, { type: 0, code: 0, rest: Buffer.alloc(12) }) }),
    want: 'no-listener',
  },
]

for (const { name, given, want, answer } of rows) {
  test(`receive(): ${name}: ${want ?? 'taken'}${answer ? `, answered with ICMP ${answer.slice(0, 2).join('/')}` : ''}`, () => {
    const host = new StackUnderTest()
    const got: string[] = []
    host.stack.openUdp({ localPort: 5000, onDatagram: (bytes) => got.push(Buffer.from(bytes).toString()) })
    assert.equal(host.receive(given), want)
    host.stack.notify()
    assert.deepEqual(got, want === undefined ? ['hello'] : [])
    const answers = host.sent().map((packet) => {
      const message = packet.subarray(packet[0]! >> 4 === 4 ? 20 : 40)
      return [message.readUInt8(0), message.readUInt8(1), message.readUInt32BE(4)]
    })
    assert.deepEqual(answers, answer === undefined ? [] : [[...answer]])
    assert.equal(host.stack.counters[`dropped-${want}`], want === undefined ? undefined : 1)
    assert.equal(host.stack.counters['received-packets'], 1)
  })
}

test('without checkChecksums, checksums of what arrives are not looked at', () => {
  const host = new StackUnderTest({ checkChecksums: false })
  host.stack.openUdp({ localPort: 5000, onDatagram: () => {} })
  assert.equal(host.receive(changed(changed(v4(), 10, 1, 2), 30, 7)), undefined)
})

test('the layer sees what congestion the packet met, and where it lies', () => {
  const seen: number[][] = []
  const host = new StackUnderTest({}, () => ({
    ...withoutTcp(),
    receive: ({ ecn, family, packetLength, length, at, packetAt }) => {
      seen.push([ecn, family, packetLength, length, at - packetAt])
      return undefined
    },
  }))
  for (const trafficClass of [0xfc, 0xfd, 0xfe, 0xff]) {
    host.receive(ipPacket({ ...V4, protocol: 6, payload: DATA, trafficClass }))
    host.receive(ipPacket({ ...V6, protocol: 6, payload: DATA, trafficClass }))
  }
  assert.deepEqual(
    seen,
    [0, 1, 2, 3].flatMap((ecn) => [
      [ecn, 4, 25, 5, 20],
      [ecn, 6, 45, 5, 40],
    ]),
  )
})

test('setAddresses() moves the stack', () => {
  const host = new StackUnderTest()
  host.stack.setAddresses(['10.0.0.2'])
  host.stack.openUdp({ localPort: 5000, onDatagram: () => {} })
  assert.equal(host.receive(v4()), 'not-for-us')
  assert.equal(host.receive(v4({ destination: '10.0.0.2' })), undefined)
  assert.throws(() => host.stack.setAddresses(['10.0.0.2/32']), RangeError)
})

test('emit() asks the layers in turn', () => {
  const host = new StackUnderTest()
  const socket = host.stack.openUdp()
  for (let index = 0; index < 3; index++) {
    socket.send(DATA, { address: '10.0.0.9', port: 7 })
    host.stack.ping('10.0.0.9', { timeoutMs: 100, onReply: () => {} })
  }
  assert.deepEqual(
    host.sent().map((packet) => packet[9]),
    [1, 17, 1, 17, 1, 17],
  )
})

test('onWork is called when something is to be sent outside receive() and advance()', () => {
  let calls = 0
  const host = new StackUnderTest({ onWork: () => (calls += 1) })
  const socket = host.stack.openUdp()
  socket.send(DATA, { address: '10.0.0.9', port: 7 })
  assert.equal(calls, 1)
  host.receive(v4({ payload: udp(V4, 5001) }))
  assert.equal(host.sent().length, 2)
  assert.equal(calls, 1)
})

test('close() ends everything, and what comes later is dropped', () => {
  const host = new StackUnderTest()
  const replies: unknown[] = []
  const socket = host.stack.openUdp({ localPort: 5000, onDatagram: () => assert.fail() })
  host.stack.ping('10.0.0.9', { timeoutMs: 100, onReply: (ms) => replies.push(ms) })
  host.receive(v4())
  host.stack.close()
  host.stack.close()
  assert.deepEqual(replies, [undefined])
  assert.equal(socket.send(DATA, { address: '10.0.0.9', port: 7 }), false)
  assert.equal(host.receive(v4()), 'no-listener')
  host.stack.notify()
  assert.deepEqual(host.sent(), [])
  assert.equal(host.stack.nextDeadline(), undefined)
})

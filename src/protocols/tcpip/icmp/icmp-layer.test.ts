/** ICMP and ICMPv6: echoes, errors sent and their budget, errors received and whom they reach, path MTUs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shuttle, StackUnderTest } from '../../../../test/harness/stack-under-test.ts'
import { onesSum } from '../../../../test/models/internet-packets.ts'
import {
  addressBytes,
  icmpMessage,
  ipPacket,
  transportSum,
  udpDatagram,
} from '../../../../test/models/ip-packets.ts'
import type { LayerContext, QuotedPacket } from '../layers.ts'
import type { UdpSocketInside } from '../stack-api.ts'
import { withoutTcp } from '../without-tcp.ts'

const V4 = { source: '10.0.0.9', destination: '10.0.0.1' }
const V6 = { source: 'fd00::9', destination: 'fd00::1' }
const back = (ends: typeof V4) => ({ source: ends.destination, destination: ends.source })

function hostWithTcp() {
  const quotes: QuotedPacket[] = []
  let context: LayerContext | undefined
  const host = new StackUnderTest({}, (given) => {
    context = given
    return { ...withoutTcp(), icmpError: (quoted) => void quotes.push(quoted) }
  })
  assert.ok(context)
  return { host, quotes, context }
}

for (const { ends, request, reply, protocol, header } of [
  { ends: V4, request: 8, reply: 0, protocol: 1, header: 20 },
  { ends: V6, request: 128, reply: 129, protocol: 58, header: 40 },
]) {
  test(`an echo request is answered with what it held (ICMP ${request} → ${reply})`, () => {
    const host = new StackUnderTest()
    const rest = Buffer.concat([Buffer.from([0x12, 0x34, 0, 7]), Buffer.from('abcdefghi')])
    const payload = icmpMessage(ends, { type: request, code: 0, rest })
    assert.equal(host.receive(ipPacket({ ...ends, protocol, payload })), undefined)
    const [answer, ...more] = host.sent()
    assert.equal(more.length, 0)
    assert.ok(answer)
    assert.deepEqual(answer.subarray(header), icmpMessage(back(ends), { type: reply, code: 0, rest }))
    const addresses = Buffer.concat([addressBytes(ends.destination), addressBytes(ends.source)])
    assert.deepEqual(answer.subarray(header - addresses.length, header), addresses)
    if (header === 20) assert.equal(onesSum(answer.subarray(0, 20)), 0xffff)
    else assert.equal(transportSum(back(ends), 58, answer.subarray(40)), 0)
  })
}

test('echoes are answered so often a second and no more', () => {
  const host = new StackUnderTest({ limits: { answersPerSecond: 40 } })
  const payload = icmpMessage(V4, { type: 8, code: 0, rest: Buffer.alloc(4) })
  const burst = () => {
    let answers = 0
    for (let index = 0; index < 100; index++) {
      const refused = host.receive(ipPacket({ ...V4, protocol: 1, payload }))
      assert.ok(refused === undefined || refused === 'rate-limit')
      answers += host.sent().length
    }
    return answers
  }
  const first = burst()
  assert.ok(first >= 30 && first <= 40, `${first}`)
  assert.equal(burst(), 0)
  host.pass(1_000)
  assert.ok(burst() >= 30)
})

test('errors have a budget of their own, and one for all of them', () => {
  const host = new StackUnderTest({ limits: { answersPerSecond: 40 } })
  let answers = 0
  for (let port = 1; port <= 200; port++) {
    const payload = udpDatagram(V4, { from: 7, to: port, data: Buffer.alloc(0) })
    host.receive(ipPacket({ ...V4, protocol: 17, payload }))
    answers += host.sent().length
  }
  assert.ok(answers >= 30 && answers <= 40, `${answers}`)
  assert.equal(host.stack.counters['dropped-rate-limit'], 200 - answers)
})

test('port unreachable quotes the packet, within 576 and 1280 bytes', () => {
  const host = new StackUnderTest()
  for (const [ends, header, most] of [
    [V4, 20, 576],
    [V6, 40, 1_280],
  ] as const) {
    for (const size of [5, 1_300]) {
      const payload = udpDatagram(ends, { from: 7, to: 9, data: Buffer.alloc(size, 3) })
      const packet = ipPacket({ ...ends, protocol: 17, payload })
      host.receive(packet)
      const [answer] = host.sent()
      assert.ok(answer)
      const quoted = Math.min(packet.length, most - header - 8)
      assert.deepEqual(answer.subarray(header + 8), packet.subarray(0, quoted))
      assert.equal(answer.length, header + 8 + quoted)
    }
  }
})

test('no ICMP error is answered with another (RFC 1122 §3.2.2, RFC 4443 §2.4)', () => {
  const host = new StackUnderTest()
  for (let type = 0; type < 256; type++) {
    host.receive(
      ipPacket({ ...V4, protocol: 1, payload: icmpMessage(V4, { type, code: 3, rest: Buffer.alloc(40) }) }),
    )
    host.receive(
      ipPacket({ ...V6, protocol: 58, payload: icmpMessage(V6, { type, code: 3, rest: Buffer.alloc(60) }) }),
    )
  }
  const kinds = host.sent().map((packet) => packet[packet[0]! >> 4 === 4 ? 20 : 40])
  assert.deepEqual(kinds, [0, 129])
})

/** An error of `ends` about what we sent to 192.0.2.7 or 2001:db8::7. */
function error(
  ends: typeof V4,
  d: { type: number; code: number; word?: number; protocol?: number; quote?: Buffer; local?: string },
): Buffer {
  const isInet = ends === V4
  const sent = { source: d.local ?? ends.destination, destination: isInet ? '192.0.2.7' : '2001:db8::7' }
  const transport = Buffer.from([0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8])
  const quote = d.quote ?? ipPacket({ ...sent, protocol: d.protocol ?? 6, payload: transport })
  const word = Buffer.alloc(4)
  word.writeUInt32BE(d.word ?? 0)
  const payload = icmpMessage(ends, { type: d.type, code: d.code, rest: Buffer.concat([word, quote]) })
  return ipPacket({ ...ends, protocol: isInet ? 1 : 58, payload })
}

const kinds: readonly [typeof V4, number, number, QuotedPacket['kind'] | undefined][] = [
  [V4, 3, 0, 'unreachable-net'],
  [V4, 3, 1, 'unreachable-host'],
  [V4, 3, 2, 'unreachable-port'],
  [V4, 3, 3, 'unreachable-port'],
  [V4, 3, 4, 'packet-too-big'],
  [V4, 3, 5, 'unreachable-net'],
  [V4, 3, 9, 'prohibited'],
  [V4, 3, 10, 'prohibited'],
  [V4, 3, 13, 'prohibited'],
  [V4, 3, 16, undefined],
  [V4, 11, 0, 'unreachable-host'],
  [V4, 11, 1, undefined],
  [V4, 12, 0, undefined],
  [V4, 5, 0, undefined],
  [V4, 4, 0, undefined],
  [V6, 1, 0, 'unreachable-net'],
  [V6, 1, 1, 'prohibited'],
  [V6, 1, 3, 'unreachable-host'],
  [V6, 1, 4, 'unreachable-port'],
  [V6, 1, 6, 'prohibited'],
  [V6, 1, 7, undefined],
  [V6, 2, 0, 'packet-too-big'],
  [V6, 3, 0, 'unreachable-host'],
  [V6, 3, 1, undefined],
  [V6, 4, 1, undefined],
  [V6, 135, 0, undefined],
]
for (const [ends, type, code, want] of kinds) {
  const name = ends === V4 ? 'ICMP' : 'ICMPv6'
  test(`${name} ${type}/${code} about a segment of ours is ${want ?? 'nobody’s business'}`, () => {
    const { host, quotes } = hostWithTcp()
    assert.equal(host.receive(error(ends, { type, code, word: 1300 })), undefined)
    assert.deepEqual(
      quotes,
      want === undefined
        ? []
        : [
            {
              kind: want,
              local: new Uint8Array(addressBytes(ends.destination)),
              remote: new Uint8Array(addressBytes(ends === V4 ? '192.0.2.7' : '2001:db8::7')),
              ...{ localPort: 40_000, remotePort: 443, sequence: 0x01020304 },
              mtuBytes: want === 'packet-too-big' ? 1300 : 0,
            },
          ],
    )
    assert.equal(host.stack.counters['icmp-ignored'], want === undefined ? 1 : undefined)
  })
}

test('an error about what we can not have sent is ignored', () => {
  const { host, quotes } = hostWithTcp()
  const sent = { source: V4.destination, destination: '192.0.2.7' }
  const payload = Buffer.from([0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4])
  const whole = ipPacket({ ...sent, protocol: 6, payload })
  const given = [
    error(V4, { type: 3, code: 1, local: '10.0.0.77' }),
    error(V6, { type: 1, code: 3, local: 'fd00::77' }),
    error(V4, { type: 3, code: 1, protocol: 132 }),
    error(V4, { type: 3, code: 1, quote: whole.subarray(0, 27) }),
    error(V4, { type: 3, code: 1, quote: Buffer.alloc(0) }),
    error(V4, { type: 3, code: 1, quote: ipPacket({ ...sent, protocol: 6, payload, fragmentField: 3 }) }),
    error(V4, { type: 3, code: 1, quote: Buffer.from(whole).fill(0x41, 0, 1) }),
    error(V4, { type: 3, code: 1, quote: Buffer.from(whole).fill(0x4f, 0, 1) }),
    error(V4, { type: 3, code: 1, quote: Buffer.from(whole).fill(0x65, 0, 1) }),
    error(V6, { type: 1, code: 3, quote: whole }),
    error(V6, { type: 1, code: 3, quote: Buffer.alloc(47, 0x60) }),
  ]
  for (const packet of given) assert.equal(host.receive(packet), undefined)
  assert.deepEqual(quotes, [])
  assert.equal(host.stack.counters['icmp-ignored'], given.length)
})

test('packet too big about a datagram of ours: what follows is cut to it, and for ten minutes', () => {
  const { host, context } = hostWithTcp()
  const socket = host.stack.openUdp({ localPort: 40_000 })
  sendTo(socket, '192.0.2.7', '2001:db8::7')
  host.sent()
  const big = (ends: typeof V4, word: number) =>
    host.receive(error(ends, { type: ends === V4 ? 3 : 2, code: ends === V4 ? 4 : 0, word, protocol: 17 }))
  const path = (to: string) => context.pathMtu(addressBytes(to))
  big(V4, 1_000)
  big(V6, 1_300)
  assert.deepEqual(['192.0.2.7', '2001:db8::7', '192.0.2.8'].map(path), [1_000, 1_300, 1_420])
  socket.send(Buffer.alloc(1_200), { address: '192.0.2.7', port: 443 })
  assert.deepEqual(
    host.sent().map(({ length }) => length),
    [996, 252],
  )
  // Never raised, never below what the family guarantees.
  big(V4, 1_200)
  big(V6, 100)
  assert.deepEqual(['192.0.2.7', '2001:db8::7'].map(path), [1_000, 1_280])
  big(V4, 20)
  assert.equal(path('192.0.2.7'), 576)
  host.pass(600_000)
  assert.deepEqual(['192.0.2.7', '2001:db8::7'].map(path), [1_420, 1_420])
})

test('packet too big about a fragment of ours (the first one has the ports)', () => {
  const { host, context } = hostWithTcp()
  const socket = host.stack.openUdp({ localPort: 40_000 })
  for (const [ends, to] of [
    [V4, '192.0.2.7'],
    [V6, '2001:db8::7'],
  ] as const) {
    socket.send(Buffer.alloc(3_000), { address: to, port: 443 })
    const fragments = host.sent()
    const [type, code] = ends === V4 ? [3, 4] : [2, 0]
    const tooBig = (quote: Buffer) => host.receive(error(ends, { type, code, word: 1_300, quote }))
    tooBig(fragments[1]!)
    assert.equal(context.pathMtu(addressBytes(to)), 1_420)
    tooBig(fragments[0]!.subarray(0, ends === V4 ? 27 : 55))
    assert.equal(context.pathMtu(addressBytes(to)), 1_420)
    tooBig(fragments[0]!.subarray(0, ends === V4 ? 28 : 56))
    assert.equal(context.pathMtu(addressBytes(to)), 1_300)
    tooBig(fragments[0]!)
  }
  assert.equal(host.stack.counters['path-mtu-lowered'], 2)
})

test('a router that does not say how large: the next plateau (RFC 1191 §7.1)', () => {
  const { host, context } = hostWithTcp()
  sendTo(host.stack.openUdp({ localPort: 40_000 }), '192.0.2.7')
  const seen: number[] = []
  for (let index = 0; index < 4; index++) {
    host.receive(error(V4, { type: 3, code: 4, protocol: 17 }))
    seen.push(context.pathMtu(addressBytes('192.0.2.7')))
  }
  assert.deepEqual(seen, [1_006, 576, 576, 576])
})

function sendTo(socket: UdpSocketInside, ...addresses: readonly string[]): void {
  for (const address of addresses) socket.send(Buffer.from('!'), { address, port: 443 })
}

test('packet too big about a port that we do not have, or to whom it never sent, changes nothing', () => {
  const { host, context } = hostWithTcp()
  sendTo(host.stack.openUdp({ localPort: 40_001 }), '192.0.2.7')
  const other = host.stack.openUdp({ localPort: 40_000 })
  sendTo(other, '192.0.2.8')
  other.send(Buffer.from('!'), { address: '192.0.2.7', port: 444 })
  host.receive(error(V4, { type: 3, code: 4, word: 700, protocol: 17 }))
  assert.equal(context.pathMtu(addressBytes('192.0.2.7')), 1_420)
})

test('ping() tells the round trip, or nothing after its time', () => {
  const a = new StackUnderTest({ addresses: ['10.0.0.2', 'fd00::2'] })
  const b = new StackUnderTest()
  const replies: (number | undefined)[] = []
  const ping = (to: string, payloadBytes = 56) =>
    a.stack.ping(to, { timeoutMs: 500, payloadBytes, onReply: (ms) => replies.push(ms) })
  ping('10.0.0.1')
  const [request] = a.sent()
  assert.ok(request)
  b.receive(request)
  const [answer] = b.sent()
  assert.ok(answer)
  a.nowMs += 40
  assert.equal(a.receive(answer), undefined)
  assert.deepEqual(replies, [])
  a.stack.notify()
  assert.deepEqual(replies, [40])
  assert.equal(a.receive(answer), 'no-listener')

  ping('fd00::1', 5_000)
  shuttle(a, b)
  assert.deepEqual(replies, [40, 0])

  ping('10.0.0.3')
  a.sent()
  assert.equal(a.stack.nextDeadline(), a.nowMs + 500)
  a.pass(499)
  assert.equal(replies.length, 2)
  a.pass(1)
  assert.deepEqual(replies, [40, 0, undefined])
  assert.equal(a.stack.nextDeadline(), undefined)
})

test('ping() fails at once without an address of that family, for what is none, and when a router says no', () => {
  const a = new StackUnderTest({ addresses: ['10.0.0.2'] })
  const replies: unknown[] = []
  const options = { timeoutMs: 500, onReply: (ms: number | undefined) => replies.push(ms) }
  a.stack.ping('fd00::1', options)
  a.stack.ping('nonsense', options)
  a.stack.notify()
  assert.deepEqual(replies, [undefined, undefined])
  a.stack.ping('10.0.0.1', options)
  const [request] = a.sent()
  assert.ok(request)
  const ends = { source: '10.0.0.254', destination: '10.0.0.2' }
  const rest = Buffer.concat([Buffer.alloc(4), request])
  a.receive(ipPacket({ ...ends, protocol: 1, payload: icmpMessage(ends, { type: 3, code: 1, rest }) }))
  a.stack.notify()
  assert.equal(replies.length, 3)
})

test('more pings than are borne fail at once', () => {
  const a = new StackUnderTest()
  let failed = 0
  for (let index = 0; index < 300; index++)
    a.stack.ping('10.0.0.9', { timeoutMs: 500, onReply: () => (failed += 1) })
  a.stack.notify()
  assert.equal(failed, 300 - 256)
})

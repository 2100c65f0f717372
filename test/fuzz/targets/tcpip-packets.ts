/**
 * Packets of any kind for a stack that has something of everything: a listener, a connection open and one opening,
 * a datagram socket that answers, an echo under way. Checksums are not looked at, so that a mutated packet gets as far
 * as its other bytes let it. Input: packets, each with its length in front (2 bytes).
 */
import assert from 'node:assert/strict'
import type { StackDrop } from '../../../src/protocols/tcpip/index.ts'
import { decodeSegment as decode, Segment } from '../../../src/protocols/tcpip/tcp/segment.ts'
import { PagePool } from '../../../src/streams/index.ts'
import { buildPacket } from '../../models/internet-packets.ts'
import { slowTcpOptions } from '../../models/slow-tcp-options.ts'
import { StackHost } from '../../tcpip/stack-host.ts'
import { encodeIcmp, encodeIcmpError, encodeIp, fragmentsOf } from '../../tcpip/wire/icmp.ts'
import { ACK, decodeIp, decodeSegment, encodeSegment, PSH, SYN } from '../../tcpip/wire/segment.ts'
import { encodeTcpOptions } from '../../tcpip/wire/tcp-options.ts'
import type { FuzzTarget } from '../target.ts'

const ENDS = {
  4: { ours: '10.0.0.1', theirs: '10.0.0.2' },
  6: { ours: 'fd00::1', theirs: 'fd00::2' },
} as const
type Family = keyof typeof ENDS
const FAMILIES = [4, 6] as const
const IRS = 1_000
const MAX_PACKETS = 20
const TIME_WAIT_MS = 1_000

class Everything {
  readonly pool = new PagePool({ maxBytes: 1024 * 1024 })
  readonly host: StackHost
  readonly sent: Uint8Array[] = []
  /** Our first number in the open connection of each family. */
  readonly iss = { 4: 0, 6: 0 }

  constructor() {
    this.host = new StackHost({
      ...{ checkChecksums: false, pool: this.pool, tcp: { timeWaitMs: TIME_WAIT_MS } },
      limits: { connections: 8, halfOpen: 4, reassemblies: 4, reassemblyBytes: 100_000, timeWait: 2 },
      onPacket: (packet) => this.sent.push(packet),
    })
    const { stack } = this.host
    stack.listen({ port: 80, onConnection: (stream) => void stream.write(new Uint8Array(3_000)) })
    const echo = stack.openUdp({ localPort: 53, onDatagram: (bytes, from) => void echo.send(bytes, from) })
    for (const family of FAMILIES) this.#open(family)
  }

  #open(family: Family): void {
    const { ours, theirs } = ENDS[family]
    const { stack } = this.host
    const ports = { source: theirs, destination: ours, sourcePort: 5000, destinationPort: 80 }
    const segment = { ...ports, acknowledgment: 0, window: 8_000, urgent: 0, payload: new Uint8Array(0) }
    this.host.receive(
      encodeSegment({ ...segment, sequence: IRS, flags: SYN, options: { mss: 1400, sackPermitted: true } }),
    )
    this.host.turn()
    const answer = this.sent.map(decodeSegment).findLast((one) => one !== undefined)
    this.iss[family] = answer?.sequence ?? 0
    const acknowledgment = (this.iss[family] + 1) >>> 0
    this.host.receive(
      encodeSegment({ ...segment, sequence: IRS + 1, acknowledgment, flags: ACK, options: {} }),
    )
    stack.connect({ address: theirs, port: 9 }, { localPort: 4000 })
    stack.ping(theirs, { timeoutMs: 5_000, onReply: () => {} })
    this.host.turn()
  }

  /** Whatever was said to it, this must be possible: everything ends, and nothing is left. */
  end(): void {
    this.host.run(10_000)
    this.host.stack.close()
    this.host.turn()
    assert.equal(this.pool.usedBytes, 0, 'pages are left')
    assert.equal(this.host.stack.nextDeadline(), undefined, 'a timer is left')
  }
}

function packetsOf(input: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = []
  for (let at = 0; at + 2 <= input.length && packets.length < MAX_PACKETS; ) {
    const length = (input[at]! << 8) | input[at + 1]!
    packets.push(input.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  return packets
}

function together(packets: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    packets.flatMap((packet) => [Buffer.from([packet.length >> 8, packet.length & 255]), packet]),
  )
}

function seedsOf(family: Family): Uint8Array[] {
  const { ours, theirs } = ENDS[family]
  const iss = new Everything().iss[family]
  const ends = { source: theirs, destination: ours }
  const segment = { ...ends, sourcePort: 5000, destinationPort: 80, window: 8_000, urgent: 0, options: {} }
  const next = { ...segment, sequence: IRS + 1, acknowledgment: (iss + 1) >>> 0 }
  const data = encodeSegment({ ...next, flags: PSH | ACK, payload: new Uint8Array(600) })
  const blocks = { sack: [[iss + 1401, iss + 2801]] as const }
  const udp = buildPacket({
    ...{
      version: family,
      protocol: 'udp',
      sourcePort: 99,
      destinationPort: 53,
      trafficClass: 0,
      hopLimit: 9,
    },
    ...{ source: addressBytes(theirs), destination: addressBytes(ours), id: 3, dontFragment: false },
    ...{ sequence: 0, acknowledgment: 0, flags: 0, window: 0 },
    ...{ options: new Uint8Array(0), payload: new Uint8Array(700) },
  })
  const echo = encodeIcmp({
    ...ends,
    type: family === 4 ? 8 : 128,
    code: 0,
    rest: 1,
    body: new Uint8Array(300),
  })
  const sent = encodeSegment({
    ...{ ...segment, source: ours, destination: theirs, sourcePort: 80, destinationPort: 5000 },
    ...{ sequence: (iss + 1) >>> 0, acknowledgment: IRS + 1, flags: ACK, payload: new Uint8Array(100) },
  })
  const error = (kind: 'too-big' | 'unreachable-port'): Uint8Array =>
    encodeIcmpError(sent, { kind, router: theirs, to: ours, mtuBytes: 1280 })
  return [
    ...[together([data]), together([udp]), together([echo]), together([error('too-big')])],
    together([
      error('unreachable-port'),
      encodeSegment({ ...next, flags: ACK, options: blocks, payload: new Uint8Array(0) }),
    ]),
    ...[together(fragmentsOf(udp, 200)), together(fragmentsOf(data, 304).toReversed())],
    together([encodeIp({ ...ends, protocol: 77, payload: new Uint8Array(40) })]),
    together([
      encodeIp({
        ...ends,
        protocol: 0,
        payload: Uint8Array.of(60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 5, 2, 0, 0, 1, 0),
      }),
    ]),
  ]
}

function addressBytes(text: string): Uint8Array {
  return text.includes(':')
    ? Uint8Array.from({ length: 16 }, (_, index) =>
        index === 0 ? 0xfd : index === 15 ? Number(text.at(-1)) : 0,
      )
    : Uint8Array.from(text.split('.').map(Number))
}

export const tcpipPacketTargets: readonly FuzzTarget[] = [
  {
    name: 'tcpip-packets',
    kind: 'bytes',
    seeds: () => FAMILIES.flatMap(seedsOf),
    run(input) {
      const all = new Everything()
      const drops = new Set<StackDrop | 'taken'>()
      all.sent.length = 0
      const packets = packetsOf(input)
      for (const packet of packets) {
        drops.add(all.host.receive(packet) ?? 'taken')
        all.host.turn()
      }
      // What we say is well formed, whatever made us say it.
      const kinds = new Set(all.sent.map((packet) => decodeIp(packet).protocol))
      for (const packet of all.sent) decodeSegment(packet)
      all.end()
      return `${[...drops].toSorted().join(' ')}; says ${[...kinds].toSorted((a, b) => a - b).join(' ')}`
    },
  },
  {
    name: 'tcp-options',
    kind: 'bytes',
    seeds: () => [
      encodeTcpOptions({ mss: 1460, sackPermitted: true, timestamps: { value: 5, echo: 6 }, windowScale: 7 }),
      encodeTcpOptions({
        timestamps: { value: 5, echo: 6 },
        sack: [
          [1, 2],
          [3, 4],
        ],
      }),
      encodeTcpOptions({ raw: Uint8Array.of(1, 1), timestamps: { value: 5, echo: 6 } }),
    ],
    run(input) {
      const options = input.slice(0, Math.min(40, input.length & ~3))
      const bytes = new Uint8Array(20 + options.length)
      bytes[12] = (bytes.length / 4) << 4
      bytes.set(options, 20)
      const segment = new Segment()
      assert.ok(decode(new DataView(bytes.buffer), 0, bytes.length, segment))
      const want = slowTcpOptions(options)
      assert.equal(segment.maximumSegmentBytes, want.maximumSegmentBytes)
      assert.equal(segment.windowScale, want.windowScale)
      assert.equal(segment.sackPermitted, want.sackPermitted)
      assert.equal(segment.hasTimestamps, want.timestamps !== undefined)
      if (want.timestamps) assert.deepEqual([segment.timestamp, segment.timestampEcho], want.timestamps)
      assert.deepEqual([...segment.sackEdges.subarray(0, 2 * segment.sackCount)], want.sack)
      const words = [want.maximumSegmentBytes > 0, want.windowScale >= 0, want.sackPermitted, want.timestamps]
      return `${words.map((word) => (word ? 1 : 0)).join('')} ${want.sack.length / 2}`
    },
  },
]

/**
 * The state machine of TCP: the input is a list of deeds, done to a stack with a few connections. A deed is a segment
 * (with numbers that fit, nearly fit, or do not), time that passes, something that the program above does, or an ICMP
 * error. Nothing throws, sends without end, or leaves anything once all is over.
 */
import assert from 'node:assert/strict'
import type { TcpStream } from '../../../src/protocols/tcpip/index.ts'
import { PagePool } from '../../../src/streams/index.ts'
import { StackHost } from '../../tcpip/stack-host.ts'
import { encodeIcmpError, fragmentsOf } from '../../tcpip/wire/icmp.ts'
import { ACK, decodeSegment, encodeSegment, FIN, PSH, RST, SYN, URG } from '../../tcpip/wire/segment.ts'
import type { FuzzTarget } from '../target.ts'

const OURS = '10.0.0.1'
const THEIRS = '10.0.0.2'
const PEERS = 4
const MAX_DEEDS = 120
const POOL_BYTES = 256 * 1024
const LIMITS = { connections: 6, halfOpen: 3, timeWait: 2, connectionBufferBytes: 32 * 1024 }
/** More than any timeout of these settings, one after the other. */
const UNTIL_ALL_IS_OVER_MS = 3_600_000

const FLAGS = [
  ACK,
  PSH | ACK,
  SYN,
  SYN | ACK,
  FIN | ACK,
  RST,
  RST | ACK,
  0,
  FIN,
  FIN | SYN,
  URG | ACK,
  ACK,
  0xff,
]
const LENGTHS = [0, 1, 100, 1000, 1460, 0, 5, 3000]
const WINDOWS = [65_535, 0, 1, 100, 1000, 5000, 65_535, 16_000]
const TIMES_MS = [0, 1, 10, 40, 200, 1_000, 5_000, 60_000, 600_000]

/** What the other end of one connection would know. */
interface Peer {
  readonly port: number
  /** The next number that it would send, and that it awaits. */
  sequence: number
  awaited: number
  stream: TcpStream | undefined
  lastTimestamp: number
  lastSent: Uint8Array | undefined
}

class Arena {
  readonly pool = new PagePool({ maxBytes: POOL_BYTES })
  readonly host: StackHost
  readonly peers: readonly Peer[]
  readonly seen = new Set<string>()
  #at = 0
  readonly #input: Uint8Array

  constructor(input: Uint8Array) {
    this.#input = input
    this.peers = Array.from({ length: PEERS }, (_, index) => ({
      ...{ port: 5000 + index, sequence: 1_000 * index, awaited: 0, stream: undefined },
      ...{ lastTimestamp: 0, lastSent: undefined },
    }))
    this.host = new StackHost({
      ...{
        limits: LIMITS,
        pool: this.pool,
        tcp: { timeWaitMs: 1_000, userTimeoutMs: 30_000, keepaliveIdleMs: 20_000 },
      },
      onPacket: (packet) => this.#sent(packet),
    })
    this.host.stack.listen({ port: 80, onConnection: (stream) => this.#follow(stream) })
  }

  get isDone(): boolean {
    return this.#at >= this.#input.length
  }

  byte(): number {
    return this.#input[this.#at++] ?? 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.byte() % from.length]!
  }

  connect(peer: Peer): void {
    try {
      const to = { address: THEIRS, port: peer.port }
      this.#follow(this.host.stack.connect(to, { localPort: 80, localAddress: OURS }))
    } catch (error) {
      // The port is taken, or there are too many.
      this.seen.add((error as { code: string }).code)
    }
  }

  end(): void {
    this.host.turn()
    for (const { stream } of this.peers) stream?.destroy()
    this.host.turn()
    assert.ok(this.pool.usedBytes <= POOL_BYTES)
    this.host.run(UNTIL_ALL_IS_OVER_MS)
    assert.equal(this.pool.usedBytes, 0, 'pages are left')
    assert.equal(this.host.stack.nextDeadline(), undefined, 'a timer is left')
    assert.equal(this.host.stack.counters['tcp-connections'] ?? 0, 0, 'a connection is left')
  }

  #follow(stream: TcpStream): void {
    const peer = this.peers.find(({ port }) => port === stream.remote.port)
    // What the program lost sight of it has to destroy.
    if (peer?.stream && peer.stream !== stream) peer.stream.destroy()
    if (peer) peer.stream = stream
    stream.onProgress = () => this.seen.add(stream.info().tcpState)
  }

  #sent(packet: Uint8Array): void {
    const segment = decodeSegment(packet)
    const peer = this.peers.find(({ port }) => port === segment?.destinationPort)
    if (!segment || !peer) return
    peer.lastSent = packet
    if (segment.options.timestamps) peer.lastTimestamp = segment.options.timestamps.value
    if (segment.flags & RST) return
    const length = segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0)
    peer.awaited = (segment.sequence + length) >>> 0
    if (segment.flags & ACK) peer.sequence = segment.acknowledgment
  }
}

type Deed = (arena: Arena, peer: Peer) => void

const DEEDS: readonly Deed[] = [
  segmentDeed,
  segmentDeed,
  segmentDeed,
  segmentDeed,
  (arena) => arena.host.run(arena.pick(TIMES_MS)),
  (arena, { stream }) => void stream?.write(new Uint8Array(arena.pick([1, 100, 2000, 20_000, 100_000]))),
  (arena, { stream }) =>
    stream?.consume(Math.min(stream.readableBytes, arena.pick([1, 100, 5000, 1_000_000]))),
  (arena, { stream }) => (arena.byte() % 4 === 0 ? stream?.destroy() : stream?.end()),
  (arena, peer) => arena.connect(peer),
  (arena, { lastSent }) => {
    const kind = arena.pick(['too-big', 'unreachable-port', 'unreachable-host', 'prohibited'] as const)
    const mtuBytes = arena.pick([1300, 0, 68, 576, 9000])
    if (lastSent) arena.host.receive(encodeIcmpError(lastSent, { kind, router: THEIRS, to: OURS, mtuBytes }))
  },
  (arena) => (arena.host.mtuBytes = arena.pick([1500, 1280, 1420])),
  (arena, { stream }) =>
    stream?.set({ noDelay: arena.byte() % 2 === 0, userTimeoutMs: arena.pick([30_000, 1_000]) }),
]

function segmentDeed(arena: Arena, peer: Peer): void {
  const flags = arena.pick(FLAGS)
  const astray = (): number => arena.pick([0, 0, 0, 0, -1, 1, 100, -100, 70_000, -70_000, 2 ** 31, 1_460])
  const sequence = (peer.sequence + astray()) >>> 0
  const acknowledgment = (peer.awaited + astray()) >>> 0
  const [length, window, optionsByte] = [arena.pick(LENGTHS), arena.pick(WINDOWS), arena.byte()]
  const edge = (): number => (peer.awaited + astray()) >>> 0
  const stamp = { value: arena.host.nowMs + (optionsByte & 0x20 ? -500_000 : 0), echo: peer.lastTimestamp }
  const packet = encodeSegment({
    ...{ source: THEIRS, destination: OURS, sourcePort: peer.port, destinationPort: 80 },
    ...{ sequence, acknowledgment, flags, window, urgent: 0, payload: new Uint8Array(length) },
    options: {
      ...(flags & SYN ? { mss: arena.pick([1460, 536, 1, 65_535]) } : {}),
      ...(optionsByte & 1 ? { timestamps: { value: stamp.value >>> 0, echo: stamp.echo } } : {}),
      ...(optionsByte & 2 && flags & SYN
        ? { sackPermitted: true as const, windowScale: optionsByte >> 4 }
        : {}),
      ...(optionsByte & 4 && !(flags & SYN) ? { sack: [[edge(), edge()] as const] } : {}),
    },
  })
  const pieces = optionsByte & 0x40 && length > 100 ? fragmentsOf(packet, 504) : [packet]
  for (const piece of pieces) arena.seen.add(arena.host.receive(piece) ?? 'taken')
}

/** Deeds by their place in the table, for seeds. */
const SEGMENT = 0
const TIME = 4
const WRITE = 5
const READ = 6
const CLOSE = 7
const CALL = 8
const ICMP = 9

const at = <T>(list: readonly T[], wanted: T): number => list.indexOf(wanted)
/** A segment whose numbers fit. */
const segment = (flags: number, { length = 0, window = 65_535, options = 0, peer = 0 } = {}): number[] => {
  const start = [SEGMENT, peer, at(FLAGS, flags), 0, 0, at(LENGTHS, length), at(WINDOWS, window), options]
  const more = flags & SYN ? [0] : options & 4 ? [7, 8] : []
  // The last: the turn ends.
  return [...start, ...more, 1]
}

const ACCEPTED = [...segment(SYN, { options: 3 }), ...segment(ACK, { options: 1 })]
const CALLED = [CALL, 0, ...segment(SYN | ACK)]

const SEEDS: readonly (readonly number[])[] = [
  [...ACCEPTED, WRITE, 0, 3, TIME, 0, 4, ...segment(ACK, { options: 5 }), TIME, 0, 6],
  [
    ...ACCEPTED,
    ...segment(PSH | ACK, { length: 1000, options: 1 }),
    READ,
    0,
    3,
    ...segment(FIN | ACK, { options: 1 }),
    CLOSE,
    0,
    1,
    ...segment(ACK, { options: 1 }),
  ],
  [...CALLED, WRITE, 0, 2, CLOSE, 0, 1, ...segment(ACK), ...segment(FIN | ACK), TIME, 0, 5],
  [...CALLED, WRITE, 0, 3, ICMP, 0, 0, 0, ...segment(ACK, { window: 0 }), TIME, 0, 7, ...segment(ACK)],
  [...CALLED, ...segment(ACK, { window: 0 }), WRITE, 0, 1, TIME, 0, 6, ...segment(ACK, { window: 1000 })],
  [...CALLED, CLOSE, 0, 0, ...segment(ACK, { length: 100 })],
  [CALL, 0, ...segment(SYN), ...segment(SYN | ACK), WRITE, 0, 2, ...segment(RST)],
  [0, 1, 2, 3].flatMap((peer) => segment(SYN, { peer })),
]

export const tcpConversationTargets: readonly FuzzTarget[] = [
  {
    name: 'tcp-conversation',
    kind: 'bytes',
    seeds: () => SEEDS.map((seed) => Uint8Array.from(seed)),
    run(input) {
      const arena = new Arena(input)
      for (let deeds = 0; !arena.isDone && deeds < MAX_DEEDS; deeds++) {
        const deed = arena.pick(DEEDS)
        deed(arena, arena.pick(arena.peers))
        // Sometimes several arrive in one turn.
        if (deed !== segmentDeed || arena.byte() % 4 !== 0) arena.host.turn()
      }
      const states = arena.peers.map(({ stream }) => stream?.info().tcpState ?? '-')
      arena.end()
      return `${states.toSorted().join(' ')}; ${arena.seen.has('out-of-window') ? 'astray' : 'straight'}`
    },
  },
]

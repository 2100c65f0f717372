/**
 * TCP as a layer of the stack: finds out which connection a segment is for, and gives every connection its turn to send
 * and to tell.
 *
 *   receive ─▶ connection-table ─▶ arrival ─┐                      ┌─▶ emit: one segment of whose turn it is
 *   advance ─▶ deadline-heap ────▶ timers ──┼─▶ queues of those ───┤
 *   connect, write, end, destroy ───────────┘   who want something └─▶ notify: onProgress, onConnection
 */
import type { SocketEnd } from '../../../streams/index.ts'
import { addressesEqual } from '../../addresses/index.ts'
import type { PacketMemory } from '../../packet-memory/index.ts'
import { PROTOCOL_TCP, pseudoHeaderSum, transportChecksum } from '../ip/header.ts'
import type { InboundPacket, Layer, LayerContext, QuotedPacket } from '../layers.ts'
import type {
  StackDrop,
  StackListener,
  TcpConnectOptions,
  TcpListenOptions,
  TcpStream,
} from '../stack-api.ts'
import { Admission, isSuccessor } from './admission.ts'
import { arrive } from './arrival.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { ConnectionTable } from './connection-table.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import { Fifo } from './fifo.ts'
import { openActively } from './handshake.ts'
import { takeIcmpError } from './icmp-errors.ts'
import { type ConnectionEnds, InitialNumbers } from './initial-numbers.ts'
import { refreshPathMtu } from './path-mtu.ts'
import { Ports } from './ports.ts'
import { ResetQueue } from './reset-queue.ts'
import { ACK, RST, Segment, SYN, decodeSegment } from './segment.ts'
import { SYN_RECEIVED, TIME_WAIT } from './states.ts'
import { reserveOf } from './reserve.ts'
import { ConnectionStream } from './stream.ts'
import { expire } from './timers.ts'
import { transmit } from './transmit.ts'

/** So many segments in a row before the next connection has its turn: enough for a run that goes out as one. */
const SEGMENTS_PER_TURN = 32
/** While memory is short, those who could not write look again so often. */
const MEMORY_RETRY_MS = 5

export class TcpLayer implements Layer, ConnectionHost {
  readonly context: LayerContext
  readonly numbers: InitialNumbers
  nowMs: number
  readonly #segment = new Segment()
  readonly #table: ConnectionTable<Connection>
  readonly #ports: Ports
  readonly #resets = new ResetQueue()
  readonly #deadlines = new DeadlineHeap<Connection>()
  readonly #senders = new Fifo<Connection>()
  readonly #news = new Fifo<Connection>()
  readonly #admission: Admission
  readonly #timeWait = new Set<Connection>()
  readonly #wantMemory = new Set<Connection>()
  /** Of the latest connection: the next one is often between the same addresses and can share them. */
  #latestLocal: Uint8Array = new Uint8Array(0)
  #latestRemote: Uint8Array = new Uint8Array(0)
  /** How many segments the first of `#senders` has sent in this turn of its. */
  #sentInTurn = 0
  #isClosed = false

  constructor(context: LayerContext, nowMs: number) {
    this.context = context
    this.nowMs = nowMs
    this.numbers = new InitialNumbers(context.random)
    this.#table = new ConnectionTable(context.random(4))
    this.#ports = new Ports(context, this.#table)
    this.#admission = new Admission(this)
  }

  receive(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    this.nowMs = nowMs
    const { memory, source, destination } = packet
    const s = this.#segment
    if (!decodeSegment(memory.view, packet.at, packet.length, s)) return 'malformed'
    if (this.context.checkChecksums) {
      const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_TCP)
      if (transportChecksum(memory, packet.at, packet.length, pseudo) !== 0) return 'checksum'
    }
    const c = this.#table.find(destination, s.destinationPort, source, s.sourcePort)
    if (c === undefined) return this.#arriveAtListener(packet, s, undefined)
    if (c.state === TIME_WAIT && isSuccessor(c, s)) return this.#arriveAtListener(packet, s, c)
    return arrive(c, s, memory, nowMs)
  }

  emit(memory: PacketMemory, at: number, nowMs: number): number {
    this.nowMs = nowMs
    if (this.#resets.length > 0) return this.#resets.emit(memory, at)
    const senders = this.#senders
    for (let c = senders.first; c !== undefined; c = senders.first) {
      const length = transmit(c, memory, at, nowMs)
      if (length > 0) {
        if (++this.#sentInTurn >= SEGMENTS_PER_TURN) this.#nextSender(c, true)
        return length
      }
      this.#nextSender(c, false)
    }
    return 0
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs
    for (let c = this.#deadlines.takeDue(nowMs); c !== undefined; c = this.#deadlines.takeDue(nowMs)) {
      expire(c, nowMs)
      this.#deadlines.expectBy(c, c.deadlineMs)
    }
  }

  nextDeadline(): number {
    return this.#wantMemory.size > 0
      ? Math.min(this.nowMs + MEMORY_RETRY_MS, this.#deadlines.first)
      : this.#deadlines.first
  }

  notify(): void {
    if (this.#wantMemory.size > 0 && this.#hasMemory) this.#offerMemory()
    // Whoever has news because of being told has to wait for the next turn.
    for (let left = this.#news.length; left > 0; left--) {
      const c = this.#news.shift()!
      c.isInNewsQueue = false
      this.#tell(c)
    }
  }

  connect(to: SocketEnd, options: TcpConnectOptions = {}): TcpStream {
    const settings = { ...this.context.tcp, ...options.settings }
    const wanted = this.#ports.forConnecting(to, options)
    const ends = 'failure' in wanted ? wanted.ends : wanted
    const c = new Connection(this, this.#keep(ends), { settings })
    const stream = new ConnectionStream(c)
    openActively(c)
    if ('failure' in wanted) c.fail(wanted.failure, wanted.message)
    else if (this.#isClosed) c.fail('ECONNABORTED', 'the stack was closed')
    else if (this.#isFull) c.fail('ENOBUFS', 'there are as many connections as there may be')
    else {
      this.#table.add(c)
      this.wantsToSend(c)
    }
    this.context.work()
    return stream
  }

  listen(options: TcpListenOptions): StackListener {
    return this.#ports.listen(options, (listener) => this.#admission.listenerClosed(listener))
  }

  icmpError(quoted: QuotedPacket, nowMs: number): void {
    this.nowMs = nowMs
    const { local, localPort, remote, remotePort } = quoted
    const c = this.#table.find(local, localPort, remote, remotePort)
    if (c !== undefined) takeIcmpError(c, quoted, nowMs)
  }

  /** Everybody is gone at once; the other ends are told if `emit` is still asked. */
  close(): void {
    this.#isClosed = true
    for (const listener of this.#ports.listeners()) listener.close()
    for (const c of this.#table.all()) {
      if (c.state >= SYN_RECEIVED && c.state !== TIME_WAIT) this.sendReset(c)
      c.fail('ECONNABORTED', 'the stack was closed')
      // Nobody asks a closed stack for the time, so nothing waits for readers.
      c.receiver.consume(c.receiver.readyBytes)
      this.#deadlines.remove(c)
    }
    this.context.work()
  }

  /** Of the link. */
  mtuChanged(): void {
    for (const c of this.#table.all()) refreshPathMtu(c, this.nowMs)
  }

  pathChanged(remote: Uint8Array): void {
    for (const c of this.#table.all()) if (addressesEqual(c.remote, remote)) refreshPathMtu(c, this.nowMs)
  }

  wantsToSend(c: Connection): void {
    if (c.isInSendQueue) return
    c.isInSendQueue = true
    this.#senders.push(c)
  }

  hasNews(c: Connection): void {
    if (c.isInNewsQueue || c.isAbandoned) return
    c.isInNewsQueue = true
    this.#news.push(c)
  }

  expectBy(c: Connection, at: number): void {
    this.#deadlines.expectBy(c, at)
  }

  wantsMemory(c: Connection): void {
    this.#wantMemory.add(c)
  }

  accept(c: Connection): boolean {
    return this.#admission.accept(c)
  }

  entersTimeWait(c: Connection): void {
    this.#timeWait.add(c)
    if (this.#timeWait.size <= this.context.limits.timeWait) return
    this.context.count('tcp-time-wait-cut-short')
    for (const oldest of this.#timeWait) return oldest.finish()
  }

  leave(c: Connection): void {
    this.#table.remove(c)
    this.#deadlines.remove(c)
    this.#admission.forget(c)
    this.#timeWait.delete(c)
    this.#wantMemory.delete(c)
  }

  sendReset(c: Connection): void {
    this.#resets.ofConnection(c, c.sender.next, c.receiver.next)
    this.context.work()
  }

  answerWithReset(c: Connection, segment: Segment, nowMs: number): void {
    if (!this.context.mayAnswer(nowMs)) return
    this.#resets.answer(c, segment)
  }

  get connections(): number {
    return this.#table.size - this.#timeWait.size
  }

  get #isFull(): boolean {
    return this.connections >= this.context.limits.connections
  }

  #nextSender(c: Connection, again: boolean): void {
    this.#sentInTurn = 0
    this.#senders.shift()
    if (again) this.#senders.push(c)
    else c.isInSendQueue = false
  }

  #tell(c: Connection): void {
    if (c.isToBeAccepted) this.#admission.introduce(c)
    else if (!c.isAbandoned) c.stream?.onProgress?.()
  }

  get #hasMemory(): boolean {
    const { pool } = this.context
    return pool.freeBytes > reserveOf(pool)
  }

  #offerMemory(): void {
    for (const c of this.#wantMemory) this.hasNews(c)
    this.#wantMemory.clear()
  }

  /** No connection knows the segment, or only `predecessor`, in TIME-WAIT, whose place it may take. */
  #arriveAtListener(
    { source, destination }: InboundPacket,
    s: Segment,
    predecessor: Connection | undefined,
  ): StackDrop | undefined {
    if (s.has(RST)) return 'no-listener'
    const { sourcePort: remotePort, destinationPort: localPort } = s
    const ends = { local: destination, localPort, remote: source, remotePort }
    const listener = s.has(ACK) ? undefined : this.#ports.listenerFor(destination, localPort)
    if (listener === undefined || !s.has(SYN)) {
      if (!this.context.mayAnswer(this.nowMs) || !this.#resets.answer(ends, s)) return 'rate-limit'
      return 'no-listener'
    }
    if (listener.isFull || this.#isFull) return 'limit'
    const c = this.#admission.open(this.#keep(ends), s, listener, predecessor)
    this.#table.add(c)
    this.wantsToSend(c)
    return undefined
  }

  /** With addresses that nobody else writes to. */
  #keep(ends: ConnectionEnds): ConnectionEnds {
    if (!isSame(ends.local, this.#latestLocal)) this.#latestLocal = ends.local.slice()
    if (!isSame(ends.remote, this.#latestRemote)) this.#latestRemote = ends.remote.slice()
    return { ...ends, local: this.#latestLocal, remote: this.#latestRemote }
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && addressesEqual(a, b)

/**
 * One connection, RFC 9293 §3.3.1's TCB: what belongs together is in parts, and this holds the parts.
 *
 *   sender.ts    what was written, sent, acknowledged       arrival.ts    §3.10.7: what a segment does
 *   receiver.ts  what arrived, in order and beyond holes    transmit.ts   which segment is sent next
 *   recovery.ts  what counts as lost                        timers.ts     what time does
 *   congestion/  how much may be in flight                  handshake.ts  SYNs and their options
 *   acknowledgment.ts, round-trip.ts, path-mtu.ts           synchronize.ts, closing.ts  SYNs and FINs that arrive
 */
import type { FailureCode, StreamFailure } from '../../../streams/index.ts'
import { PROTOCOL_TCP, ipHeaderBytes, pseudoHeaderSum } from '../ip/header.ts'
import type { LayerContext } from '../layers.ts'
import type { TcpSettings } from '../stack-api.ts'
import { Acknowledgment } from './acknowledgment.ts'
import type { CongestionControl } from './congestion/control.ts'
import { congestionControl } from './congestion/index.ts'
import type { Timed } from './deadline-heap.ts'
import type { ConnectionEnds, InitialNumbers } from './initial-numbers.ts'
import type { Listener } from './listener.ts'
import { Receiver } from './receiver.ts'
import { Recovery } from './recovery.ts'
import { RoundTrip } from './round-trip.ts'
import { TCP_HEADER_BYTES, type Segment } from './segment.ts'
import { Sender } from './sender.ts'
import { CLOSED, type TcpState } from './states.ts'
import type { ConnectionStream } from './stream.ts'

/** What a connection needs of the layer around it. */
export interface ConnectionHost {
  readonly context: LayerContext
  readonly numbers: InitialNumbers
  /** The latest that anybody told us. */
  readonly nowMs: number
  wantsToSend(c: Connection): void
  hasNews(c: Connection): void
  /** A write took less than there was room for: the pool has no more pages. */
  wantsMemory(c: Connection): void
  /** `c.deadlineMs` is that early now. */
  expectBy(c: Connection, at: number): void
  /** The handshake of a passive connection is over; false: there is no room for it. */
  accept(c: Connection): boolean
  entersTimeWait(c: Connection): void
  /** It is CLOSED: nothing that arrives is for it. */
  leave(c: Connection): void
  /** It is given up by us: the other end is to know. */
  sendReset(c: Connection): void
  /** Other connections to the same address go the same way. */
  pathChanged(remote: Uint8Array): void
  /** What arrived is of some other connection than this one. */
  answerWithReset(c: Connection, segment: Segment, nowMs: number): void
}

/** What `retransmitAt` stands for. */
export type RetransmitTimer = 'timeout' | 'tail-probe' | 'reordering' | 'window-probe'

/** How long bytes wait for a reader after the connection has failed. */
const LINGER_MS = 30_000

export class Connection implements ConnectionEnds, Timed {
  readonly host: ConnectionHost
  readonly local: Uint8Array
  readonly localPort: number
  readonly remote: Uint8Array
  readonly remotePort: number
  settings: TcpSettings
  /** Undefined for those that we opened. */
  readonly listener: Listener | undefined
  /** Of the pseudo header, without the length. */
  readonly pseudoSum: number
  readonly ipHeaderBytes: number

  state: TcpState = CLOSED
  failure: StreamFailure | undefined
  /** Nobody wants to hear of it any more. */
  isAbandoned = false
  /** Its listener is to be told of it. */
  isToBeAccepted = false
  stream: ConnectionStream | undefined

  readonly sender: Sender
  readonly receiver: Receiver
  readonly roundTrip = new RoundTrip()
  readonly recovery = new Recovery()
  readonly congestion: CongestionControl
  readonly acknowledgment = new Acknowledgment()

  usesSack = false
  usesTimestamps = false
  readonly timestampOffset: number
  /** TS.Recent and when it was set (RFC 7323 §4.3). */
  recentTimestamp = 0
  recentTimestampAt = 0
  /** Last.ACK.sent */
  lastAcknowledgmentSent = 0
  /** The MSS option of the other end. */
  peerSegmentBytes = 0
  /** Its SYN had the window scale option. */
  peerScales = false
  /** Of an IP packet to the other end. */
  pathMtuBytes: number
  /** path-mtu.ts: what we dare to send, until when, and for how long we are careful next time. */
  carefulMtuBytes = Number.POSITIVE_INFINITY
  carefulUntil = 0
  trialMs = 0

  /** A SYN, or SYN and ACK, is to be sent. */
  synIsDue = false
  synsSent = 0
  synSentAt = 0
  /** A segment without text, one below SND.NXT, is to be sent: it makes the other end answer. */
  keepaliveIsDue = false
  keepalivesSent = 0
  /** A byte is to be sent into a closed window. */
  windowProbeIsDue = false
  /** One segment is to be sent whatever the congestion window says: tail-probe.ts. */
  tailProbeIsDue = false
  challengesInSecond = 0
  challengeSecondAt = 0
  /** What an ICMP error said while it could still be temporary. */
  softFailure: FailureCode | undefined

  retransmitTimer: RetransmitTimer = 'timeout'
  retransmitAt = Number.POSITIVE_INFINITY
  /** When the retransmission timeout is over, whatever may come before it. */
  timeoutAt = Number.POSITIVE_INFINITY
  /** The end of connecting or of TIME-WAIT, the next keepalive, or of lingering. */
  lifeAt = Number.POSITIVE_INFINITY
  lastHeardAt = 0

  // Of the layer's lists.
  isInSendQueue = false
  isInNewsQueue = false
  heapIndex = -1
  heapKey = 0
  tableHash = 0
  tableNext: Connection | undefined

  constructor(host: ConnectionHost, ends: ConnectionEnds, o: ConnectionOptions) {
    const { context } = host
    this.host = host
    this.local = ends.local
    this.localPort = ends.localPort
    this.remote = ends.remote
    this.remotePort = ends.remotePort
    this.settings = o.settings
    this.listener = o.listener
    this.pseudoSum = pseudoHeaderSum(ends.local, ends.remote, PROTOCOL_TCP)
    this.ipHeaderBytes = ipHeaderBytes(ends.remote)
    this.sender = new Sender(context.pool)
    this.receiver = new Receiver(context.pool, context.limits.connectionBufferBytes)
    this.timestampOffset = host.numbers.timestampOffset(ends)
    this.pathMtuBytes = context.pathMtu(ends.remote)
    this.sender.segmentBytes = this.pathMtuBytes - this.ipHeaderBytes - TCP_HEADER_BYTES
    this.congestion = congestionControl(o.settings.congestionControl, this.sender.segmentBytes)
    this.lastHeardAt = host.nowMs
  }

  get deadlineMs(): number {
    return Math.min(this.retransmitAt, this.lifeAt, this.acknowledgment.delayedUntil)
  }

  /** Both ends have ended and know it of each other. */
  get isComplete(): boolean {
    return this.sender.finAcknowledged && this.receiver.ended
  }

  /** Of the clock that the other end echoes. */
  timestampAt(nowMs: number): number {
    return (Math.floor(nowMs) + this.timestampOffset) | 0
  }

  /** It is over, and not as anybody wished. What has arrived in order can still be read for a while. */
  fail(code: FailureCode, message: string): void {
    if (this.state === CLOSED) return
    this.failure = { code, message }
    this.#close()
    if (this.receiver.readyBytes > 0 && !this.isAbandoned) {
      this.lifeAt = this.host.nowMs + LINGER_MS
      this.host.expectBy(this, this.lifeAt)
    }
    if (!this.isAbandoned) this.host.hasNews(this)
  }

  /** It is over, as both ends wished. */
  finish(): void {
    this.#close()
    if (!this.isAbandoned) this.host.hasNews(this)
  }

  #close(): void {
    this.state = CLOSED
    this.retransmitAt = Number.POSITIVE_INFINITY
    this.timeoutAt = Number.POSITIVE_INFINITY
    this.lifeAt = Number.POSITIVE_INFINITY
    this.acknowledgment.sent()
    this.acknowledgment.isDue = false
    this.sender.clear()
    this.receiver.stop()
    this.synIsDue = false
    this.host.leave(this)
  }
}

export interface ConnectionOptions {
  readonly settings: TcpSettings
  readonly listener?: Listener
}

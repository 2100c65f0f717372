/**
 * The sending half, RFC 9293 §3.3.1's SND variables. Bytes stay in the buffer until they are acknowledged, whatever was
 * made of them on the way.
 *
 *    buffer head = SND.UNA        SND.NXT          buffer end
 *        │  in flight: SentSegments  │   not sent yet   │ FIN
 */
import { SlidingBuffer, type PagePool } from '../../../streams/index.ts'
import { SentSegments } from './sent-segments.ts'
import { add, before, distance } from './sequence.ts'

export class Sender {
  /** ISS */
  initial = 0
  /** SND.UNA */
  oldest = 0
  /** SND.NXT */
  next = 0
  /** SND.WND */
  windowBytes = 0
  /** SND.WL1 and SND.WL2: of the segment that last told us the window. */
  windowSequence = 0
  windowAcknowledgment = 0
  /** Max(SND.WND): RFC 9293 §3.8.6.2.1 and RFC 5961 §5.2. */
  maxWindowBytes = 0
  /** What the other end shifts its windows by. */
  scale = 0
  /** Largest payload, options already taken off. */
  segmentBytes = 0
  readonly buffer: SlidingBuffer
  readonly sent = new SentSegments()
  /** Nothing will be written any more: a FIN follows the last byte. */
  ending = false
  finSent = false
  finAcknowledged = false
  /** When SND.UNA last moved, or something became outstanding. */
  progressAt = 0
  /** Retransmission timeouts since then. */
  timeouts = 0
  lastSentAt = 0
  /** When a segment as large as can be was last acknowledged. */
  fullAcknowledgedAt = Number.NEGATIVE_INFINITY
  bytesSent = 0
  retransmittedSegments = 0

  constructor(pool: PagePool) {
    this.buffer = new SlidingBuffer(pool)
  }

  start(initial: number): void {
    this.initial = initial
    this.oldest = initial
    this.next = add(initial, 1)
  }

  /** In sequence numbers: SYN and FIN count. */
  get outstandingBytes(): number {
    return distance(this.oldest, this.next)
  }

  get unsentBytes(): number {
    return this.finSent ? 0 : this.buffer.length - distance(this.oldest, this.next)
  }

  get finIsNext(): boolean {
    return this.ending && !this.finSent
  }

  get hasWork(): boolean {
    return this.unsentBytes > 0 || this.finIsNext
  }

  /** How many of the sequence numbers up to `end` are bytes, and not the FIN. */
  payloadUntil(start: number, end: number): number {
    const length = distance(start, end)
    const bytes = distance(this.oldest, start)
    return Math.min(length, this.buffer.length - bytes)
  }

  /** What fits into the other end's window behind SND.NXT; negative when it shrank. */
  get usableWindowBytes(): number {
    return distance(this.next, add(this.oldest, this.windowBytes))
  }

  /** Before `acknowledge`: what moves SND.UNA brings its window along, else the edge would move by itself. */
  updateWindow(sequence: number, acknowledgment: number, bytes: number): void {
    if (!before(this.oldest, acknowledgment)) {
      if (before(sequence, this.windowSequence)) return
      if (sequence === this.windowSequence && before(acknowledgment, this.windowAcknowledgment)) return
    }
    this.windowBytes = bytes
    this.windowSequence = sequence
    this.windowAcknowledgment = acknowledgment
    if (bytes > this.maxWindowBytes) this.maxWindowBytes = bytes
  }

  /** SND.UNA moves; returns how many bytes left the buffer. */
  acknowledge(to: number): number {
    const count = distance(this.oldest, to)
    const bytes = Math.min(count, this.buffer.length)
    this.buffer.consume(bytes)
    this.oldest = to
    if (this.finSent && to === this.next) this.finAcknowledged = true
    return bytes
  }

  clear(): void {
    this.buffer.clear()
    this.sent.clear()
  }
}

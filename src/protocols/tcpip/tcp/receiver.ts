/**
 * The receiving half, RFC 9293 §3.3.1's RCV variables: bytes in order wait for the reader, bytes beyond a hole wait
 * for the hole to be filled.
 *
 *    buffer head          RCV.NXT                    promised edge
 *        │  ready: to be read  │   hole, range, hole …   │
 */
import { PAGE_BYTES, SlidingBuffer, SMALL_PAGE_BYTES, type PagePool } from '../../../streams/index.ts'
import { Reassembly } from './reassembly.ts'
import { ReceiveWindow } from './receive-window.ts'
import { reserveOf } from './reserve.ts'
import type { Segment } from './segment.ts'
import { FIN } from './segment.ts'
import { add, atMost, before, distance } from './sequence.ts'

/** So many, apart from each other, are reported after one burst. */
const MAX_DUPLICATES = 8

/** What a segment's text did. */
export type Arrival = 'nothing' | 'advanced' | 'filled-hole' | 'out-of-order' | 'duplicate'

export class Receiver {
  next = 0
  /** Bytes that the reader can have. */
  readyBytes = 0
  readonly window: ReceiveWindow
  readonly buffer: SlidingBuffer
  /** Made by the first segment that is out of order. */
  reassembly: Reassembly | undefined
  /** The other end's FIN was reached: nothing comes after it. */
  ended = false
  bytesReceived = 0
  /** RFC 2883: what arrived twice, for the next acknowledgment. */
  hasDuplicate = false
  duplicateStart = 0
  duplicateEnd = 0
  readonly #pool: PagePool
  #isStopped = false
  /** Left and right edges in turn. */
  #moreDuplicates: number[] | undefined
  /** A FIN that is still ahead. */
  #finKnown = false
  #finSequence = 0

  constructor(pool: PagePool, maxBytes: number) {
    this.#pool = pool
    this.buffer = new SlidingBuffer(pool)
    this.window = new ReceiveWindow(maxBytes)
  }

  get hasHoles(): boolean {
    return this.reassembly !== undefined && this.reassembly.count > 0
  }

  /** Takes what fits into the window. The segment has passed the checks of §3.10.7.4. */
  take(segment: Segment, bytes: Uint8Array): Arrival {
    if (this.ended) return 'nothing'
    let start = segment.sequence
    const sentEnd = add(start, segment.payloadLength)
    let end = sentEnd
    if (before(this.window.edge, end)) end = this.window.edge
    if (this.#finKnown && before(this.#finSequence, end)) end = this.#finSequence
    if (segment.has(FIN) && end === sentEnd && !this.#finKnown) {
      this.#finKnown = true
      this.#finSequence = end
    }
    const skipped = Math.max(0, distance(start, this.next))
    start = add(start, skipped)
    if (distance(start, end) <= 0) {
      if (skipped > 0 && segment.payloadLength > 0) this.#isDuplicate(segment.sequence, sentEnd)
      return this.#reachFin() ? 'advanced' : skipped > 0 ? 'duplicate' : 'nothing'
    }
    const from = segment.payloadAt + skipped
    return start === this.next ? this.#takeNext(end, bytes, from) : this.#takeLater(start, end, bytes, from)
  }

  /** A segment that is not acceptable: perhaps it is one of the past. Beyond the window there are others, never taken. */
  noteDuplicate(segment: Segment): void {
    const end = add(segment.sequence, segment.payloadLength)
    if (segment.payloadLength > 0 && atMost(end, this.next)) this.#isDuplicate(segment.sequence, end)
  }

  consume(length: number): void {
    const count = Math.min(length, this.readyBytes)
    this.buffer.consume(count)
    this.readyBytes -= count
    // What lay beyond holes that nobody will fill.
    if (this.readyBytes === 0 && this.#isStopped) this.buffer.clear()
  }

  /** Only what is in order is kept: nothing more will come. */
  stop(): void {
    this.#isStopped = true
    this.reassembly = undefined
    if (this.readyBytes === 0) this.buffer.clear()
  }

  #takeNext(end: number, bytes: Uint8Array, from: number): Arrival {
    const length = distance(this.next, end)
    const count = Math.min(length, this.#allowance())
    const taken = this.buffer.place(this.readyBytes, bytes.subarray(from, from + count))
    const reassembly = this.reassembly
    let next = add(this.next, taken)
    const filled = reassembly !== undefined && reassembly.count > 0
    if (filled) {
      next = reassembly.advance(next)
      // The FIN was reported among the ranges.
      if (this.#finKnown && before(this.#finSequence, next)) next = this.#finSequence
    }
    const gained = distance(this.next, next)
    this.next = next
    this.readyBytes += gained
    this.bytesReceived += gained
    this.#reachFin()
    return filled ? 'filled-hole' : gained > 0 ? 'advanced' : 'nothing'
  }

  /** The last page is for connections that have nothing yet: they can go on, and so make room for others. */
  #allowance(): number {
    if (this.#pool.freeBytes > PAGE_BYTES) return Number.POSITIVE_INFINITY
    return Math.max(0, SMALL_PAGE_BYTES - this.readyBytes)
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  #takeLater(start: number, end: number, bytes: Uint8Array, from: number): Arrival {
    const reassembly = (this.reassembly ??= new Reassembly())
    if (reassembly.has(start, end)) {
      this.#isDuplicate(start, end)
      return 'duplicate'
    }
    // The last memory is for what fills holes, not for what lies behind them.
    if (this.#pool.freeBytes <= reserveOf(this.#pool)) return 'out-of-order'
    const position = this.readyBytes + distance(this.next, start)
    const length = distance(start, end)
    const taken = this.buffer.place(position, bytes.subarray(from, from + length))
    // The FIN takes a place of its own, and the other end wants to know that it is here.
    const withFin = this.#finKnown && taken === length && end === this.#finSequence
    if (taken > 0) reassembly.add(start, add(start, taken + (withFin ? 1 : 0)))
    return 'out-of-order'
  }

  /** The one that is to be reported next was. */
  duplicateReported(): void {
    const more = this.#moreDuplicates
    this.hasDuplicate = more !== undefined && more.length > 0
    if (!this.hasDuplicate) return
    this.duplicateStart = more!.shift()!
    this.duplicateEnd = more!.shift()!
  }

  #isDuplicate(start: number, end: number): void {
    if (!this.hasDuplicate) {
      this.hasDuplicate = true
      this.duplicateStart = start
      this.duplicateEnd = end
    } else if (start === this.duplicateEnd) {
      this.duplicateEnd = end
    } else {
      const more = (this.#moreDuplicates ??= [])
      if (more.length < 2 * MAX_DUPLICATES) more.push(start, end)
    }
  }

  #reachFin(): boolean {
    if (!this.#finKnown || this.ended || !atMost(this.#finSequence, this.next)) return false
    // Never back, whatever came from behind the FIN.
    this.next = add(this.next, 1)
    this.ended = true
    this.stop()
    return true
  }
}

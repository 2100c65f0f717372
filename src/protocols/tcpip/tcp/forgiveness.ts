/**
 * What was sent again although nothing was lost, only late. Either the acknowledgment echoes a time before that, so that
 * it answers the first transmission (Eifel, RFC 3522), or everything that was sent again is reported to have arrived
 * twice (RFC 3708).
 */
import type { Connection } from './connection.ts'
import type { Segment } from './segment.ts'
import { atMost, before, distance } from './sequence.ts'

export class Forgiveness {
  /** Segments that this recovery sent again; of the first: when, on the clock that is echoed, and where it ends. */
  #count = 0
  #isDecided = false
  #stamp = 0
  #end = 0
  /** How much was sent again and is not known to have been superfluous. */
  #doubtfulBytes = 0
  /** What the recovery is about. */
  #from = 0
  #to = 0
  #isTimeout = false

  begin(c: Connection, isTimeout: boolean): void {
    this.#isTimeout = isTimeout
    this.#count = 0
    this.#isDecided = false
    this.#doubtfulBytes = 0
    this.#from = c.sender.oldest
    this.#to = c.sender.next
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  sentAgain(c: Connection, end: number, length: number, nowMs: number): void {
    this.#doubtfulBytes += length
    this.#count += 1
    if (this.#count > 1) return
    this.#stamp = c.timestampAt(nowMs)
    this.#end = end
  }

  /** SND.UNA moved: does it answer the first transmission of that segment? */
  isDue(c: Connection, s: Segment): boolean {
    if (this.#count === 0 || c.recovery.phase === 'open' || before(s.acknowledgment, this.#end)) return false
    // Of several that were sent again, others may well have been lost; and one decides for the whole recovery.
    const isOnly = this.#count === 1 && !this.#isDecided
    this.#isDecided = true
    if (!isOnly) return false
    return c.usesTimestamps && s.hasTimestamps && before(s.timestampEcho, this.#stamp)
  }

  /** Is it what this recovery sent again, because later segments had arrived? */
  isRepair(start: number, end: number): boolean {
    return !this.#isTimeout && !before(start, this.#from) && atMost(end, this.#to)
  }

  /** Arrived twice. True: with it, everything has. */
  duplicateReported(start: number, end: number): boolean {
    if (this.#doubtfulBytes <= 0 || before(start, this.#from) || !atMost(end, this.#to)) return false
    this.#doubtfulBytes -= distance(start, end)
    return this.#doubtfulBytes <= 0
  }

  /** It was done, once. */
  done(): void {
    this.#count = 0
    this.#doubtfulBytes = 0
  }
}

/**
 * The Eifel detection, RFC 3522: when the acknowledgment of what was sent again echoes a time before that, it answers
 * the first transmission. Nothing was lost, only late.
 */
import type { Connection } from './connection.ts'
import type { Segment } from './segment.ts'
import { before } from './sequence.ts'

export class Forgiveness {
  /** Segments that this recovery sent again; of the first: when, on the clock that is echoed, and where it ends. */
  #count = 0
  #stamp = 0
  #end = 0

  begin(): void {
    this.#count = 0
  }

  sentAgain(c: Connection, end: number, nowMs: number): void {
    this.#count += 1
    if (this.#count > 1) return
    this.#stamp = c.timestampAt(nowMs)
    this.#end = end
  }

  /** SND.UNA moved: does it answer the first transmission of that segment? */
  isDue(c: Connection, s: Segment): boolean {
    if (this.#count === 0 || c.recovery.phase === 'open' || before(s.acknowledgment, this.#end)) return false
    // Of several that were sent again, others may well have been lost.
    const isOnly = this.#count === 1
    this.#count = 0
    if (!isOnly) return false
    return c.usesTimestamps && s.hasTimestamps && before(s.timestampEcho, this.#stamp)
  }
}

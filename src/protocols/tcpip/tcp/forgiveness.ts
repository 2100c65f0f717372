/**
 * The Eifel detection, RFC 3522: when the acknowledgment of what was sent again echoes a time before that, it answers
 * the first transmission. Nothing was lost, only late.
 */
import type { Connection } from './connection.ts'
import type { Segment } from './segment.ts'
import { before } from './sequence.ts'

export class Forgiveness {
  /** The first segment that this recovery sent again: when, on the clock that is echoed, and where it ends. */
  #isKnown = false
  #stamp = 0
  #end = 0

  begin(): void {
    this.#isKnown = false
  }

  sentAgain(c: Connection, end: number, nowMs: number): void {
    if (this.#isKnown) return
    this.#isKnown = true
    this.#stamp = c.timestampAt(nowMs)
    this.#end = end
  }

  /** SND.UNA moved: does it answer the first transmission of that segment? */
  isDue(c: Connection, s: Segment): boolean {
    if (!this.#isKnown || c.recovery.phase === 'open' || before(s.acknowledgment, this.#end)) return false
    this.#isKnown = false
    return c.usesTimestamps && s.hasTimestamps && before(s.timestampEcho, this.#stamp)
  }
}

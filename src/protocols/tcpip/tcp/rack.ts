/**
 * RACK (RFC 8985 §6): a segment is lost when one that was sent later has been delivered and a round trip, with some
 * patience for reordering, has passed since. Retransmissions that are lost are found the same way.
 */
import type { Connection } from './connection.ts'
import { LOST, RETRANSMITTED, SACKED } from './sent-segments.ts'
import { before, distance } from './sequence.ts'

/** As many selective acknowledgments make patience end, while nothing was ever seen out of order. */
export const DUPLICATE_THRESHOLD = 3
/** Our clock ticks in milliseconds: less patience would be none. */
const LEAST_PATIENCE_MS = 1
/** Of a path whose round trip is shorter than its disorder. */
const MAX_LEAST_STEPS = 4
/** Timers that are not due now are not due at once either, whatever rounding does. */
const LEAST_TIMER_MS = 1
/** RFC 8985 §6.2 step 4. */
const MAX_PATIENCE_STEPS = 16
const RECOVERIES_UNTIL_IMPATIENT = 16

export class Rack {
  /** Of all that was delivered, what was sent last: when, up to where, and how long it took. */
  sentAt = Number.NEGATIVE_INFINITY
  end = 0
  roundTripMs = 0
  reorderingSeen = false
  /** The highest sequence number that is known to have arrived: RACK.fack. */
  #highest = 0
  /** The same before the present acknowledgment, whose blocks come in any order. */
  #highestBefore = 0
  #patienceSteps = 1
  #recoveriesLeft = 0
  #reportRoundEnd = 0

  start(c: Connection): void {
    this.#reportRoundEnd = c.sender.oldest
    this.#highest = c.sender.oldest
  }

  acknowledgmentBegins(): void {
    this.#highestBefore = this.#highest
  }

  /** One record was delivered, by SEG.ACK or by a SACK block. */
  // oxlint-disable-next-line eslint/max-params -- once per record: an options object would be garbage
  delivered(c: Connection, end: number, sentAt: number, flags: number, nowMs: number): void {
    const roundTripMs = nowMs - sentAt
    // Perhaps it is the first transmission that was delivered (step 2). What is beyond a hole echoes nothing new.
    if ((flags & RETRANSMITTED) !== 0 && roundTripMs < c.roundTrip.leastMs) return
    if (before(this.#highest, end)) this.#highest = end
    else if (before(end, this.#highestBefore) && (flags & RETRANSMITTED) === 0) this.reorderingSeen = true
    if (sentAt > this.sentAt || (sentAt === this.sentAt && before(this.end, end))) {
      this.sentAt = sentAt
      this.end = end
      this.roundTripMs = roundTripMs
    }
  }

  /** RFC 2883: what we sent again had arrived. More patience, once per round trip. */
  duplicateReported(c: Connection): void {
    const { next, oldest, retransmittedSegments } = c.sender
    if (retransmittedSegments === 0 || before(oldest, this.#reportRoundEnd)) return
    this.#reportRoundEnd = next
    this.reorderingSeen = true
    this.#patienceSteps = Math.min(MAX_PATIENCE_STEPS, this.#patienceSteps + 1)
    this.#recoveriesLeft = RECOVERIES_UNTIL_IMPATIENT
  }

  recoveryEnded(): void {
    if (this.#recoveriesLeft > 0 && --this.#recoveriesLeft === 0) this.#patienceSteps = 1
  }

  /** Marks what is lost (step 5). Returns after how many milliseconds to look again; 0: no need. */
  detect(c: Connection, nowMs: number): number {
    const { recovery, sender } = c
    const { sent } = sender
    const patienceMs = this.#patience(c)
    let again = 0
    let start = sender.oldest
    for (let index = 0; index < sent.count; index++) {
      const end = sent.end(index)
      const flags = sent.flags(index)
      const from = start
      start = end
      if ((flags & (SACKED | LOST)) !== 0) continue
      const sentAt = sent.sentAt(index)
      if (sentAt > this.sentAt || (sentAt === this.sentAt && !before(end, this.end))) {
        // Sent after it for the first time: so was everything behind.
        if ((flags & RETRANSMITTED) === 0) break
        continue
      }
      const leftMs = sentAt + this.roundTripMs + patienceMs - nowMs
      if (leftMs <= 0) recovery.markLost(c, index, distance(from, end))
      else again = Math.max(again, leftMs, LEAST_TIMER_MS)
    }
    return again
  }

  #patience(c: Connection): number {
    const { recovery, roundTrip } = c
    if (!this.reorderingSeen && (recovery.phase !== 'open' || recovery.sackedSegments >= DUPLICATE_THRESHOLD))
      return 0
    const patience = (this.#patienceSteps * roundTrip.leastMs) / 4
    const least = LEAST_PATIENCE_MS * Math.min(this.#patienceSteps, MAX_LEAST_STEPS)
    return Math.max(least, Math.min(patience, roundTrip.smoothedMs))
  }
}

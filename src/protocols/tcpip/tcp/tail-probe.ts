/**
 * Tail loss probes, RFC 8985 §7: when the last segments of a flight are lost, nothing that arrives later tells so. Well
 * before the timeout one more segment is sent, whose acknowledgment does.
 */
import type { Connection } from './connection.ts'
import type { Segment } from './segment.ts'
import { before } from './sequence.ts'

/** §7.2: how long the other end may delay an acknowledgment of a single segment. */
const MAX_ACK_DELAY_MS = 200
/** Our clock, and the other end's work, take time as well. */
const LEAST_WAIT_MS = 10
const WAIT_WITHOUT_SAMPLE_MS = 1_000

export class TailProbe {
  /** A probe is under way, and ends there. */
  #isOut = false
  #end = 0
  #isRetransmission = false
  #wasDuplicate = false

  /** One probe for each flight, and only while nothing is known to be wrong. */
  isWanted(c: Connection): boolean {
    const { recovery } = c
    return (
      c.usesSack &&
      !this.#isOut &&
      recovery.phase === 'open' &&
      recovery.sackedBytes === 0 &&
      recovery.lostBytes === 0 &&
      c.sender.windowBytes > 0
    )
  }

  afterMs(c: Connection): number {
    const { roundTrip, sender } = c
    if (roundTrip.smoothedMs < 0) return WAIT_WITHOUT_SAMPLE_MS
    const ms = Math.max(LEAST_WAIT_MS, 2 * roundTrip.smoothedMs)
    return sender.sent.count === 1 ? ms + MAX_ACK_DELAY_MS : ms
  }

  sent(end: number, isRetransmission: boolean): void {
    this.#isOut = true
    this.#end = end
    this.#isRetransmission = isRetransmission
    this.#wasDuplicate = false
  }

  /** RFC 2883: the segment that ends there arrived twice. True: it is the probe. */
  duplicateReported(end: number): boolean {
    if (end !== this.#end) return false
    this.#wasDuplicate = true
    return true
  }

  /** §7.4.2: did the probe repair a loss, which only it and congestion control know of? */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  acknowledged(c: Connection, s: Segment, isDuplicate: boolean, nowMs: number): void {
    if (!this.#isOut || before(s.acknowledgment, this.#end)) return
    if (!this.#isRetransmission || this.#wasDuplicate) {
      this.#isOut = false
    } else if (before(this.#end, s.acknowledgment)) {
      this.#isOut = false
      c.recovery.tailWasLost(c, nowMs)
    } else if (isDuplicate && s.sackCount === 0) {
      this.#isOut = false
    }
  }

  clear(): void {
    this.#isOut = false
  }
}

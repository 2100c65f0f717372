/**
 * When slow start should end before it loses packets: HyStart++, RFC 9406. A round trip that has become longer by an
 * eighth ends it on probation (Conservative Slow Start); five rounds later it is over, unless the round trip has
 * recovered meanwhile.
 */
const MIN_RTT_THRESHOLD_MS = 4
const MAX_RTT_THRESHOLD_MS = 16
const MIN_RTT_DIVISOR = 8
const RTT_SAMPLES = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5
const NONE = Number.POSITIVE_INFINITY

export class SlowStart {
  #lastRoundMs = NONE
  #roundMs = NONE
  #samples = 0
  /** 0: not on probation; else the round of it. */
  #conservativeRound = 0
  #baselineMs = NONE

  /** How many bytes the window grows by. */
  growth(bytes: number, roundTripMs: number): number {
    this.#roundMs = Math.min(this.#roundMs, roundTripMs)
    this.#samples += 1
    if (this.#samples >= RTT_SAMPLES) {
      if (this.#conservativeRound > 0) {
        if (this.#roundMs < this.#baselineMs) this.#conservativeRound = 0
      } else if (this.#roundMs !== NONE && this.#lastRoundMs !== NONE) {
        const eighth = this.#lastRoundMs / MIN_RTT_DIVISOR
        const threshold = Math.max(MIN_RTT_THRESHOLD_MS, Math.min(eighth, MAX_RTT_THRESHOLD_MS))
        if (this.#roundMs >= this.#lastRoundMs + threshold) {
          this.#baselineMs = this.#roundMs
          this.#conservativeRound = 1
        }
      }
    }
    return this.#conservativeRound > 0 ? bytes / CSS_GROWTH_DIVISOR : bytes
  }

  /** True: slow start is over. */
  roundBegan(): boolean {
    this.#lastRoundMs = this.#roundMs
    this.#roundMs = NONE
    this.#samples = 0
    return this.#conservativeRound > 0 && ++this.#conservativeRound > CSS_ROUNDS
  }

  reset(): void {
    this.#lastRoundMs = NONE
    this.#roundMs = NONE
    this.#samples = 0
    this.#conservativeRound = 0
  }
}

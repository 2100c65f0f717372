/**
 * The round trip and the retransmission timeout, RFC 6298. The minimum applies to the allowance for variation instead
 * of the sum: a path of 300 ms that never varied still gets 200 ms of patience for a delayed acknowledgment.
 */
export const INITIAL_RTO_MS = 1_000
/** RFC 6298 §5.7: after a SYN had to be sent again, data starts with this. */
export const RTO_AFTER_LOST_SYN_MS = 3_000
export const MIN_RTO_ALLOWANCE_MS = 200
export const MAX_RTO_MS = 60_000
const MAX_BACKOFF = 10

export class RoundTrip {
  /** -1: no sample so far. */
  smoothedMs = -1
  variationMs = 0
  /** Since `takeRecent`: what was late on the way says little, so the least counts. */
  #recentMs = Number.POSITIVE_INFINITY
  /** Of the whole connection. */
  leastMs = Number.POSITIVE_INFINITY
  backoff = 0
  #rtoMs = INITIAL_RTO_MS

  /**
   * Karn's algorithm (§3) is the caller's: no samples of what was sent twice, unless timestamps tell them apart; and only
   * a sample ends the backing off, or a path that has become slow would never be found out.
   */
  sample(ms: number): void {
    if (ms < this.#recentMs) this.#recentMs = ms
    if (ms < this.leastMs) this.leastMs = ms
    if (this.smoothedMs < 0) {
      this.smoothedMs = ms
      this.variationMs = ms / 2
    } else {
      this.variationMs += (Math.abs(this.smoothedMs - ms) - this.variationMs) / 4
      this.smoothedMs += (ms - this.smoothedMs) / 8
    }
    this.backoff = 0
    this.#rtoMs = this.smoothedMs + Math.max(MIN_RTO_ALLOWANCE_MS, 4 * this.variationMs)
  }

  /** Doubled for every expiry in a row (§5.5). */
  get timeoutMs(): number {
    return Math.min(MAX_RTO_MS, this.#rtoMs * (1 << this.backoff))
  }

  /** For congestion control. */
  takeRecent(): number {
    const recent = this.#recentMs
    this.#recentMs = Number.POSITIVE_INFINITY
    return recent === Number.POSITIVE_INFINITY ? Math.max(0, this.smoothedMs) : recent
  }

  backOff(): void {
    if (this.backoff < MAX_BACKOFF) this.backoff += 1
  }

  synWasLost(): void {
    if (this.smoothedMs < 0) this.#rtoMs = RTO_AFTER_LOST_SYN_MS
  }
}

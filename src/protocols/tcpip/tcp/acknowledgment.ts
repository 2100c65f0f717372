/**
 * When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2): every second full segment, at once when something is out of
 * order or fills a hole, otherwise a little later, hoping for data to go along with. "At once" means the end of the
 * turn: a burst that arrived together is acknowledged together. The first segments of a connection are answered at once,
 * as the other end is in slow start and counts on it, unless the two talk in turns: then what we say next answers.
 */
const QUICK_BYTES = 64 * 1024
const MAX_DUPLICATES_OWED = 16
const LEAST_FULL_SEGMENT_BYTES = 512

export class Acknowledgment {
  /** To be sent with the next emission. */
  isDue = false
  /** Infinity: none is held back. */
  delayedUntil = Number.POSITIVE_INFINITY
  /** Without SACK, the other end counts duplicates: as many are owed as segments came out of order (RFC 5681 §3.2). */
  duplicatesOwed = 0
  #quickBytes = QUICK_BYTES
  #waitingBytes = 0
  #hasReceived = false
  /** The largest that came. */
  #fullSegmentBytes = LEAST_FULL_SEGMENT_BYTES

  /** A segment in order. `untilMs`: when a delayed one must go. */
  received(bytes: number, untilMs: number): void {
    this.#waitingBytes += bytes
    this.#hasReceived = true
    if (bytes > this.#fullSegmentBytes) this.#fullSegmentBytes = bytes
    if (this.#quickBytes > 0) {
      this.#quickBytes -= bytes
      this.isDue = true
    } else if (this.#waitingBytes >= 2 * this.#fullSegmentBytes) {
      this.isDue = true
    } else if (!this.isDue && untilMs < this.delayedUntil) {
      this.delayedUntil = untilMs
    }
  }

  /** New text goes out. After something has come in, that makes it a conversation. */
  sentText(): void {
    if (this.#hasReceived) this.#quickBytes = 0
  }

  owesDuplicate(): void {
    if (this.duplicatesOwed < MAX_DUPLICATES_OWED) this.duplicatesOwed += 1
  }

  sent(): void {
    this.isDue = this.duplicatesOwed > 0
    if (this.isDue) this.duplicatesOwed -= 1
    this.delayedUntil = Number.POSITIVE_INFINITY
    this.#waitingBytes = 0
  }
}

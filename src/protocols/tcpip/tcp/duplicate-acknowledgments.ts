/**
 * Peers without SACK: three acknowledgments of the same say that what follows was lost (RFC 5681 §3.2), and one that
 * acknowledges only a part of what was in flight then says so of what follows it (RFC 6582 §3.2).
 */
import type { Connection } from './connection.ts'
import { DUPLICATE_THRESHOLD } from './rack.ts'
import { LOST } from './sent-segments.ts'
import { before, distance } from './sequence.ts'

export class DuplicateAcknowledgments {
  /** What they stand for: each was caused by a segment that has arrived. */
  bytes = 0
  #count = 0

  /** Returns how many bytes it says were delivered. */
  another(c: Connection): number {
    const { recovery, sender } = c
    this.#count += 1
    const most = sender.outstandingBytes - recovery.lostBytes - this.bytes - sender.segmentBytes
    const delivered = Math.max(0, Math.min(sender.segmentBytes, most))
    this.bytes += delivered
    // Not for what was in flight when the last recovery began: those may be of its retransmissions.
    const isNew = recovery.phase === 'open' && before(recovery.recoverTo, sender.oldest)
    if (this.#count === DUPLICATE_THRESHOLD && isNew) this.#loseFirst(c)
    return delivered
  }

  /** SND.UNA moved by `count`. */
  moved(c: Connection, count: number): void {
    const { recovery, sender } = c
    this.#count = 0
    if (recovery.phase === 'open') {
      this.bytes = 0
      return
    }
    this.bytes = Math.max(0, this.bytes - Math.max(0, count - sender.segmentBytes))
    if (recovery.phase === 'recovery' && before(sender.oldest, recovery.recoverTo)) this.#loseFirst(c)
  }

  clear(): void {
    this.bytes = 0
    this.#count = 0
  }

  #loseFirst(c: Connection): void {
    const { sent, oldest } = c.sender
    if (sent.count > 0 && (sent.flags(0) & LOST) === 0)
      c.recovery.markLost(c, 0, distance(oldest, sent.end(0)))
  }
}

/**
 * Which bytes beyond RCV.NXT have arrived: ranges of sequence numbers in order, apart from each other, their number
 * bounded. And which of them to report (RFC 2018 §4): the one that changed last comes first.
 */
import { atMost, before, later } from './sequence.ts'

/** So many holes; what would open another is dropped and comes again. */
export const MAX_RANGES = 256
/** So many changes are told of, in as many acknowledgments as it takes. */
const MAX_RECENT = 16

export class Reassembly {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** A sequence number inside each of the ranges touched last, the latest first. */
  readonly #recent: number[] = []
  /** The first so many of them were not reported yet. */
  unreported = 0

  get count(): number {
    return this.#starts.length
  }

  /** False: one hole too many. */
  add(start: number, end: number): boolean {
    const starts = this.#starts
    const ends = this.#ends
    // `first`: the first range that ends at or after `start`; most arrivals touch the last one.
    let first = starts.length
    while (first > 0 && !before(ends[first - 1]!, start)) first -= 1
    let behind = first
    while (behind < starts.length && atMost(starts[behind]!, end)) behind += 1
    if (behind === first) {
      if (starts.length >= MAX_RANGES) return false
      starts.splice(first, 0, start)
      ends.splice(first, 0, end)
    } else {
      const last = ends[behind - 1]!
      if (before(start, starts[first]!)) starts[first] = start
      ends[first] = later(end, last)
      if (behind - first > 1) {
        starts.splice(first + 1, behind - first - 1)
        ends.splice(first + 1, behind - first - 1)
      }
    }
    this.#touch(start)
    return true
  }

  has(start: number, end: number): boolean {
    for (let index = 0; index < this.#starts.length; index++)
      if (atMost(this.#starts[index]!, start) && atMost(end, this.#ends[index]!)) return true
    return false
  }

  /** RCV.NXT is there now: where it goes on to, over ranges that have become contiguous. */
  advance(next: number): number {
    let to = next
    let gone = 0
    while (gone < this.#starts.length && atMost(this.#starts[gone]!, to)) {
      to = later(to, this.#ends[gone]!)
      gone += 1
    }
    if (gone > 0) {
      this.#starts.splice(0, gone)
      this.#ends.splice(0, gone)
      if (this.#starts.length === 0) this.clear()
    }
    return to
  }

  /**
   * Writes up to `limit` blocks at view[at…] and returns how many. When more have changed since the last time, those
   * that changed first: others follow with the next acknowledgment.
   */
  writeBlocks(view: DataView, at: number, limit: number): number {
    let written = 0
    const first = Math.max(0, this.unreported - limit)
    this.unreported = first
    for (let index = first; index < this.#recent.length && written < limit; index++) {
      const range = this.#find(this.#recent[index]!)
      if (range < 0 || this.#isWritten(view, at, written, this.#starts[range]!)) continue
      view.setInt32(at + 8 * written, this.#starts[range]!)
      view.setInt32(at + 8 * written + 4, this.#ends[range]!)
      written += 1
    }
    return written
  }

  clear(): void {
    this.#starts.length = 0
    this.#ends.length = 0
    this.#recent.length = 0
    this.unreported = 0
  }

  #touch(sequence: number): void {
    const recent = this.#recent
    const range = this.#find(sequence)
    let kept = 0
    let unreported = 0
    for (let index = 0; index < recent.length && kept < MAX_RECENT - 1; index++) {
      const other = this.#find(recent[index]!)
      if (other < 0 || other === range) continue
      if (index < this.unreported) unreported += 1
      recent[kept++] = recent[index]!
    }
    recent.length = kept
    recent.unshift(sequence)
    this.unreported = unreported + 1
  }

  #find(sequence: number): number {
    for (let index = this.#starts.length - 1; index >= 0; index--) {
      if (atMost(this.#starts[index]!, sequence)) return before(sequence, this.#ends[index]!) ? index : -1
    }
    return -1
  }

  // oxlint-disable-next-line eslint/max-params -- once per block: an options object would be garbage
  #isWritten(view: DataView, at: number, written: number, start: number): boolean {
    for (let index = 0; index < written; index++) if (view.getInt32(at + 8 * index) === start) return true
    return false
  }
}

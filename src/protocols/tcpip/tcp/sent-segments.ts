/**
 * What was sent and is not acknowledged cumulatively: one record for each segment, back to back from SND.UNA to
 * SND.NXT, in a ring of plain numbers. It is the scoreboard of RFC 6675 with the times of RFC 8985 §5.2.
 *
 *     SND.UNA ─┐ 0        1        2   ┌─ SND.NXT          a record starts where the one before it ends
 *              ▼──────────┬────────┬───▼
 *              │  LOST    │ SACKED │   │
 *              └──────────┴────────┴───┘
 */
export const SACKED = 1
/** To be sent again; cleared when that is done. */
export const LOST = 2
export const RETRANSMITTED = 4

/** Shared by all that have nothing in flight; never written. */
const NONE: number[] = []
/** A ring that grew beyond it is given up once everything is acknowledged. */
const KEPT_CAPACITY = 256

export class SentSegments {
  count = 0
  #first = 0
  #mask = 0
  // Plain arrays: a small typed one costs 200 bytes, and most connections never have more than a few segments.
  #ends = NONE
  #times = NONE
  #flags = NONE

  push(end: number, nowMs: number): void {
    if (this.count === this.#ends.length) this.#grow()
    const slot = (this.#first + this.count) & this.#mask
    this.#ends[slot] = end
    this.#times[slot] = nowMs
    this.#flags[slot] = 0
    this.count += 1
  }

  end(index: number): number {
    return this.#ends[(this.#first + index) & this.#mask]!
  }

  sentAt(index: number): number {
    return this.#times[(this.#first + index) & this.#mask]!
  }

  flags(index: number): number {
    return this.#flags[(this.#first + index) & this.#mask]!
  }

  setFlags(index: number, flags: number): void {
    this.#flags[(this.#first + index) & this.#mask] = flags
  }

  sentAgain(index: number, nowMs: number): void {
    const slot = (this.#first + index) & this.#mask
    this.#times[slot] = nowMs
    this.#flags[slot] = (this.#flags[slot]! & ~LOST) | RETRANSMITTED
  }

  dropFirst(): void {
    this.#first = (this.#first + 1) & this.#mask
    this.count -= 1
    if (this.count === 0 && this.#ends.length > KEPT_CAPACITY) this.clear()
  }

  /** Makes two of one, the first ending at `end`: the path takes only smaller segments now. */
  split(index: number, end: number): void {
    this.push(0, 0)
    for (let at = this.count - 1; at > index; at--) this.#move(at - 1, at)
    this.#ends[(this.#first + index) & this.#mask] = end
  }

  clear(): void {
    this.count = 0
    this.#first = 0
    this.#mask = 0
    this.#ends = NONE
    this.#times = NONE
    this.#flags = NONE
  }

  #move(from: number, to: number): void {
    const source = (this.#first + from) & this.#mask
    const target = (this.#first + to) & this.#mask
    this.#ends[target] = this.#ends[source]!
    this.#times[target] = this.#times[source]!
    this.#flags[target] = this.#flags[source]!
  }

  #grow(): void {
    const length = this.#ends.length
    if (length === 0) {
      this.#ends = [0, 0, 0, 0]
      this.#times = [0, 0, 0, 0]
      this.#flags = [0, 0, 0, 0]
      this.#mask = 3
      return
    }
    // What has wrapped around goes behind what has not.
    for (let index = 0; index < length; index++) {
      const wrapped = index < this.#first
      this.#ends.push(wrapped ? this.#ends[index]! : 0)
      this.#times.push(wrapped ? this.#times[index]! : 0)
      this.#flags.push(wrapped ? this.#flags[index]! : 0)
    }
    this.#mask = 2 * length - 1
  }
}

/** RFC 6479 without the bitmap: every counter ever taken, in a set. The twin of replay-window.ts. */

export class SlowReplayWindow {
  readonly #size: number
  readonly #seen = new Set<number>()
  #greatest = -1

  constructor(size: number) {
    this.#size = size
  }

  accept(counter: number): boolean {
    if (this.#greatest - counter >= this.#size || this.#seen.has(counter)) return false
    this.#seen.add(counter)
    this.#greatest = Math.max(this.#greatest, counter)
    return true
  }
}

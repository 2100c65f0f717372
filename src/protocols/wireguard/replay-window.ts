/**
 * Which counters have arrived: the ring bitmap of RFC 6479, 8192 bits in words of 32.
 *
 *   words      …│ w-1 │  w  │  w+1  │…        Moving forward clears the words that the window enters, so
 *                     ▲ greatest              one word is always spent: 8160 counters back are remembered.
 *                └── 8160 bits ──┘
 */

const WORDS = 256
/** RFC 6479 §3.2: the bitmap less one word. */
export const REPLAY_WINDOW = (WORDS - 1) * 32

export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS)
  #greatest = -1

  /** True once for each counter that is not too old. Only after the packet proved authentic. */
  accept(counter: number): boolean {
    if (counter > this.#greatest) this.#advance(counter)
    else if (this.#greatest - counter >= REPLAY_WINDOW) return false
    // `>>>` takes the number modulo 2^32, and the ring's 8192 divides that.
    const word = (counter >>> 5) & (WORDS - 1)
    const bit = 1 << (counter & 31)
    const seen = this.#words[word]!
    this.#words[word] = seen | bit
    return (seen & bit) === 0
  }

  #advance(counter: number): void {
    const from = Math.floor(this.#greatest / 32)
    const steps = Math.min(Math.floor(counter / 32) - from, WORDS)
    for (let step = 1; step <= steps; step += 1) this.#words[(from + step) & (WORDS - 1)] = 0
    this.#greatest = counter
  }
}

/**
 * How often strangers make us answer. A budget for each second, a random part of it withheld: who can measure exactly
 * when a global limit is reached learns from it what we answered to others (the side channel of SAD DNS and RFC 5961).
 */
const WINDOW_MS = 1_000

export class AnswerBudget {
  readonly #perSecond: number
  readonly #random: (length: number) => Uint8Array
  #windowStart = Number.NEGATIVE_INFINITY
  #left = 0

  constructor(perSecond: number, random: (length: number) => Uint8Array) {
    this.#perSecond = perSecond
    this.#random = random
  }

  /** Takes one answer; false when there is none left in this second. */
  take(nowMs: number): boolean {
    if (nowMs - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = nowMs
      const withheld = (this.#random(1)[0]! / 256) * (this.#perSecond / 4)
      this.#left = this.#perSecond - Math.floor(withheld)
    }
    if (this.#left <= 0) return false
    this.#left -= 1
    return true
  }
}

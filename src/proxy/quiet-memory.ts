/**
 * Gives memory back after load: a garbage collection, and what malloc keeps.
 * It takes some twenty milliseconds, so it waits until there has been work and then nothing to speak of for a while:
 *
 *   work   ▁▇▇▇▅▇▇▁▁▁▁▁▁▁▁▁▂▁▁▁▁▁▁▁▁▁▇▇▅▁▁▁▁▁
 *   back               ↑ once, until there was work again ↑
 */
import type { Engine } from '../sockets/index.ts'

export interface QuietMemoryOptions {
  readonly after: Engine['after']
  /** How long this process has been at work so far. */
  readonly activeMs: () => number
  readonly giveBack: () => void
}

export const LOOK_EVERY_MS = 5000
/** Of one look: with less than that, nobody is held up. */
export const QUIET_MS = 50
const QUIET_LOOKS = 2
/** Since memory was given back: with less, there is hardly any. */
export const WORTH_MS = 500

export class QuietMemory {
  readonly #options: QuietMemoryOptions
  #timer: { close(): void }
  #seenMs = 0
  /** What a start needed is worth it. */
  #sinceMs = -WORTH_MS
  #quietLooks = 0

  constructor(options: QuietMemoryOptions) {
    this.#options = options
    this.#seenMs = options.activeMs()
    this.#timer = options.after(LOOK_EVERY_MS, () => this.#look())
  }

  close(): void {
    this.#timer.close()
  }

  #look(): void {
    const { activeMs, giveBack, after } = this.#options
    const nowMs = activeMs()
    this.#quietLooks = nowMs - this.#seenMs < QUIET_MS ? this.#quietLooks + 1 : 0
    this.#seenMs = nowMs
    if (this.#quietLooks >= QUIET_LOOKS && nowMs - this.#sinceMs >= WORTH_MS) {
      giveBack()
      this.#sinceMs = activeMs()
      this.#seenMs = this.#sinceMs
    }
    this.#timer = after(LOOK_EVERY_MS, () => this.#look())
  }
}

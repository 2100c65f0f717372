/**
 * Pages for what waits to be sent or read. All pages lie in a few arenas that never move, so that a system call can
 * be given an address; free ones are used again, and the number in use is bounded for the whole process.
 *
 * Thousands of connections with a few hundred bytes each would be thousands of pages, so there are small ones, too:
 * cut from whole ones, for good.
 */

/** Whole packets of any MTU in use, and the size of one TLS record. */
export const PAGE_BYTES = 16 * 1024
/** Most request heads. */
export const SMALL_PAGE_BYTES = 2 * 1024
const PAGES_PER_ARENA = 64
/** What was cut stays cut: much of what little once took must not lack for ever where much is to be kept. */
const MAX_CUT_SHARE = 0.5

export interface Page {
  /** PAGE_BYTES of an arena, or SMALL_PAGE_BYTES. */
  readonly bytes: Uint8Array
}

export class PagePool {
  readonly #maxPages: number
  readonly #free: Page[] = []
  readonly #freeSmall: Page[] = []
  #made = 0
  /** Whole pages that were cut. */
  #cut = 0

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#maxPages = Math.max(1, Math.floor(maxBytes / PAGE_BYTES))
  }

  /** Undefined when the bound is reached: whoever asks takes nothing more for now. */
  take(): Page | undefined {
    const page = this.#free.pop()
    if (page !== undefined) return page
    if (this.#made >= this.#maxPages) return undefined
    this.#grow()
    return this.#free.pop()
  }

  /** A small one, or a whole one when no more are cut. */
  takeSmall(): Page | undefined {
    return this.#freeSmall.pop() ?? this.#cutOne() ?? this.take()
  }

  /** What is in it stays there until it is used again. */
  give(page: Page): void {
    if (page.bytes.length === PAGE_BYTES) this.#free.push(page)
    else this.#freeSmall.push(page)
  }

  get usedBytes(): number {
    return (this.#made - this.#free.length) * PAGE_BYTES - this.#freeSmall.length * SMALL_PAGE_BYTES
  }

  get freeBytes(): number {
    return this.#maxPages * PAGE_BYTES - this.usedBytes
  }

  #cutOne(): Page | undefined {
    if (this.#cut >= this.#maxPages * MAX_CUT_SHARE) return undefined
    const whole = this.take()
    if (whole === undefined) return undefined
    this.#cut++
    for (let at = PAGE_BYTES - SMALL_PAGE_BYTES; at >= 0; at -= SMALL_PAGE_BYTES)
      this.#freeSmall.push({ bytes: whole.bytes.subarray(at, at + SMALL_PAGE_BYTES) })
    return this.#freeSmall.pop()
  }

  #grow(): void {
    const count = Math.min(PAGES_PER_ARENA, this.#maxPages - this.#made)
    const arena = new ArrayBuffer(count * PAGE_BYTES)
    for (let index = count - 1; index >= 0; index--)
      this.#free.push({ bytes: new Uint8Array(arena, index * PAGE_BYTES, PAGE_BYTES) })
    this.#made += count
  }
}

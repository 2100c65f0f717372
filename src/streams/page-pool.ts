/**
 * Pages for what waits to be sent or read. All pages lie in a few arenas that never move, so that a system call can
 * be given an address; free ones are used again, and the number in use is bounded for the whole process.
 */

/** Whole packets of any MTU in use, and the size of one TLS record. */
export const PAGE_BYTES = 16 * 1024
const PAGES_PER_ARENA = 64

export interface Page {
  /** PAGE_BYTES of an arena. */
  readonly bytes: Uint8Array
}

export class PagePool {
  readonly #maxPages: number
  readonly #free: Page[] = []
  #made = 0

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

  /** What is in it stays there until it is used again. */
  give(page: Page): void {
    this.#free.push(page)
  }

  get usedBytes(): number {
    return (this.#made - this.#free.length) * PAGE_BYTES
  }

  get freeBytes(): number {
    return this.#maxPages * PAGE_BYTES - this.usedBytes
  }

  #grow(): void {
    const count = Math.min(PAGES_PER_ARENA, this.#maxPages - this.#made)
    const arena = new ArrayBuffer(count * PAGE_BYTES)
    for (let index = count - 1; index >= 0; index--)
      this.#free.push({ bytes: new Uint8Array(arena, index * PAGE_BYTES, PAGE_BYTES) })
    this.#made += count
  }
}

/**
 * A window that slides over an endless sequence of bytes: what was sent and may have to be sent again, or what has
 * arrived, perhaps with holes, and was not read. Positions are counted from its head, the oldest byte.
 *
 *       head                          length
 *        │ consumed ▸  bytes, or holes  │ append, or place further on
 *   ┌────┴────┬─────────┬─────────┬─────┴───┐
 *   │  page   │  page   │ (none)  │  page   │    a page is taken from the pool when a byte of it is written
 *   └─────────┴─────────┴─────────┴─────────┘    and given back when its last byte is consumed
 */
import { PAGE_BYTES, type Page, type PagePool } from './page-pool.ts'

const NO_BYTES = new Uint8Array(0)

export class SlidingBuffer {
  readonly #pool: PagePool
  #pages: (Page | undefined)[] = []
  /** Of the head, inside the first page. */
  #start = 0
  #length = 0

  constructor(pool: PagePool) {
    this.#pool = pool
  }

  /** From the head to the end of what was appended or placed furthest. */
  get length(): number {
    return this.#length
  }

  /** At the end. How many bytes were taken: fewer when the pool has no more pages. */
  append(bytes: Uint8Array): number {
    return this.place(this.#length, bytes)
  }

  /** At `position` from the head; overwrites. Holes before it hold what they hold. Returns how many were taken. */
  place(position: number, bytes: Uint8Array): number {
    let done = 0
    while (done < bytes.length) {
      const at = this.#start + position + done
      const page = this.#pageAt(Math.floor(at / PAGE_BYTES))
      if (page === undefined) break
      const inside = at % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - inside, bytes.length - done)
      page.bytes.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), inside)
      done += count
    }
    if (done > 0) this.#length = Math.max(this.#length, position + done)
    return done
  }

  /** In one piece, from `position`, at most `limit` bytes. */
  peek(position = 0, limit = Number.POSITIVE_INFINITY): Uint8Array {
    const at = this.#start + position
    const page = this.#pages[Math.floor(at / PAGE_BYTES)]
    if (page === undefined || position >= this.#length) return NO_BYTES
    const inside = at % PAGE_BYTES
    return page.bytes.subarray(inside, inside + Math.min(PAGE_BYTES - inside, this.#length - position, limit))
  }

  /** Copies [position, position + length) to target[at…]; all of it must be there. */
  copyTo(position: number, length: number, to: { readonly target: Uint8Array; readonly at: number }): void {
    this.copyInto(position, length, to.target, to.at)
  }

  /** `copyTo` for those who do it once per packet. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  copyInto(position: number, length: number, target: Uint8Array, at: number): void {
    let done = 0
    while (done < length) {
      const piece = this.peek(position + done, length - done)
      if (piece.length === 0) throw new RangeError('beyond what was written')
      target.set(piece, at + done)
      done += piece.length
    }
  }

  /** The head moves on; pages behind it go back. */
  consume(length: number): void {
    const count = Math.min(length, this.#length)
    this.#length -= count
    this.#start += count
    if (this.#length === 0) return this.clear()
    let gone = 0
    while (this.#start >= PAGE_BYTES) {
      const page = this.#pages[gone++]
      if (page !== undefined) this.#pool.give(page)
      this.#start -= PAGE_BYTES
    }
    if (gone > 0) this.#pages.splice(0, gone)
  }

  /** Everything is given back. */
  clear(): void {
    for (const page of this.#pages) if (page !== undefined) this.#pool.give(page)
    this.#pages.length = 0
    this.#start = 0
    this.#length = 0
  }

  #pageAt(index: number): Page | undefined {
    const known = this.#pages[index]
    if (known !== undefined) return known
    const page = this.#pool.take()
    if (page === undefined) return undefined
    while (this.#pages.length < index) this.#pages.push(undefined)
    this.#pages[index] = page
    return page
  }
}

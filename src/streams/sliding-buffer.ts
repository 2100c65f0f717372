/**
 * A window that slides over an endless sequence of bytes: what was sent and may have to be sent again, or what has
 * arrived, perhaps with holes, and was not read. Positions are counted from its head, the oldest byte.
 *
 *       head                          length
 *        │ consumed ▸  bytes, or holes  │ append, or place further on
 *   ┌────┴────┬─────────┬─────────┬─────┴───┐
 *   │  page   │  page   │ (none)  │  page   │    a page is taken from the pool when a byte of it is written
 *   └─────────┴─────────┴─────────┴─────────┘    and given back when its last byte is consumed
 *
 * While little waits, the first page is a small one; it gives way to a whole one as soon as something lies beyond it.
 */
import { PAGE_BYTES, type Page, type PagePool, SMALL_PAGE_BYTES } from './page-pool.ts'

/** A first piece that is larger is part of much more, which would only have to be copied. */
const SMALL_PIECE_BYTES = 1024
const NO_BYTES = new Uint8Array(0)

export class SlidingBuffer {
  readonly #pool: PagePool
  /** Fields rather than one list: most buffers have one page, or none, and a list that is emptied is garbage. */
  #first: Page | undefined = undefined
  #rest: (Page | undefined)[] | undefined = undefined
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
      const inside = at % PAGE_BYTES
      const wanted = Math.min(PAGE_BYTES - inside, bytes.length - done)
      const page =
        at < PAGE_BYTES ? this.#firstPage(inside, wanted) : this.#laterPage(Math.floor(at / PAGE_BYTES))
      if (page === undefined) break
      // Less than wanted: the first page is still a small one, because there is no other.
      const count = Math.min(wanted, page.bytes.length - inside)
      if (count <= 0) break
      page.bytes.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), inside)
      done += count
      if (count < wanted) break
    }
    if (done > 0) this.#length = Math.max(this.#length, position + done)
    return done
  }

  /** In one piece, from `position`, at most `limit` bytes. */
  peek(position = 0, limit = Number.POSITIVE_INFINITY): Uint8Array {
    const at = this.#start + position
    const page = at < PAGE_BYTES ? this.#first : this.#rest?.[Math.floor(at / PAGE_BYTES) - 1]
    if (page === undefined || position >= this.#length) return NO_BYTES
    const inside = at % PAGE_BYTES
    const end = Math.min(page.bytes.length, inside + this.#length - position, inside + limit)
    return end <= inside ? NO_BYTES : page.bytes.subarray(inside, end)
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
    if (this.#start < PAGE_BYTES) return
    if (this.#first !== undefined) this.#pool.give(this.#first)
    let gone = 0
    for (this.#start -= PAGE_BYTES; this.#start >= PAGE_BYTES; this.#start -= PAGE_BYTES) {
      const page = this.#rest?.[gone++]
      if (page !== undefined) this.#pool.give(page)
    }
    this.#first = this.#rest?.[gone]
    this.#rest?.splice(0, gone + 1)
  }

  /** Everything is given back. */
  clear(): void {
    this.#start = 0
    this.#length = 0
    if (this.#first !== undefined) this.#pool.give(this.#first)
    this.#first = undefined
    if (this.#rest === undefined) return
    for (const page of this.#rest) if (page !== undefined) this.#pool.give(page)
    this.#rest = undefined
  }

  /** Where [inside, inside + wanted) of it can be written; still a small one when there is no other. */
  #firstPage(inside: number, wanted: number): Page | undefined {
    const page = this.#first
    if (page === undefined) {
      const isLittle = wanted <= SMALL_PIECE_BYTES && inside + wanted <= SMALL_PAGE_BYTES
      this.#first = isLittle ? this.#pool.takeSmall() : this.#pool.take()
      return this.#first
    }
    if (inside + wanted <= page.bytes.length) return page
    const whole = this.#pool.take()
    if (whole === undefined) return page
    whole.bytes.set(page.bytes)
    this.#pool.give(page)
    this.#first = whole
    return whole
  }

  #laterPage(index: number): Page | undefined {
    this.#rest ??= []
    const known = this.#rest[index - 1]
    if (known !== undefined) return known
    const page = this.#pool.take()
    if (page === undefined) return undefined
    while (this.#rest.length < index - 1) this.#rest.push(undefined)
    this.#rest[index - 1] = page
    return page
  }
}

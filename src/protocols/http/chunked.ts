/**
 * The chunked coding taken apart while it passes (RFC 9112 §7.1), however it is cut into pieces. What comes out are the
 * octets of the content only: whoever sends them on makes chunks of its own, so that nothing of how the sender framed
 * them (extensions, zeros before a size, a size at the edge of some integer) reaches another reader.
 *
 *   size [ ; extension ] CR LF  octets CR LF  …  0 CR LF  trailer lines  CR LF
 */
import { CR, FIELD_VALUE, HEX_VALUE, HTAB, LF, SEMICOLON, SP } from './octets.ts'
import type { RefusalCode } from './refusal.ts'

/** More digits than any size needs are either a mistake or an attempt at an overflow. */
const MAX_SIZE_DIGITS = 16
const MAX_SIZE = Number.MAX_SAFE_INTEGER
/** Of one chunk; they mean nothing to anybody that we know. */
const MAX_EXTENSION_BYTES = 256
/** Of a whole body, so that they cannot be most of it. */
const MAX_EXTENSIONS_BYTES = 16 * 1024
const MAX_TRAILER_BYTES = 8 * 1024
const FIRST_TRAILER_BYTES = 256

const SIZE = 0
const AFTER_SIZE = 1
const EXTENSION = 2
const SIZE_LF = 3
const DATA = 4
const DATA_CR = 5
const DATA_LF = 6
const TRAILER = 7
const DONE = 8
const BROKEN = 9

export class ChunkedDecoder {
  refusal: RefusalCode | undefined
  /** How much of the input the last `decode` has used up. */
  consumed = 0
  /** The trailer section with its empty line, when done. */
  trailer: Uint8Array = new Uint8Array(0)
  #state = SIZE
  #remaining = 0
  #digits = 0
  #extension = 0
  #extensions = 0
  #trailerBytes = 0
  /** Of the trailer: where the line that is being read starts. */
  #line = 0

  get done(): boolean {
    return this.#state === DONE
  }

  /**
   * Takes input[from, end) apart until it is used up, `room` octets of content were written at out[at…], or the body
   * is over or broken (`refusal`). How many were written; `consumed` says how far it came.
   */
  // oxlint-disable-next-line eslint/max-params -- per piece of a body
  decode(input: Uint8Array, out: Uint8Array, at: number, room: number): number {
    const end = input.length
    let from = 0
    let written = 0
    while (from < end && this.#state < DONE) {
      if (this.#state === DATA) {
        const count = Math.min(this.#remaining, end - from, room - written)
        if (count === 0) break
        out.set(count === end ? input : input.subarray(from, from + count), at + written)
        from += count
        written += count
        this.#remaining -= count
        if (this.#remaining === 0) this.#state = DATA_CR
      } else {
        this.#octet(input[from]!)
        if (this.#state !== BROKEN) from++
      }
    }
    this.consumed = from
    return written
  }

  #octet(octet: number): void {
    switch (this.#state) {
      case SIZE:
        return this.#size(octet)
      case AFTER_SIZE:
        // BWS may only stand before an extension.
        if (octet === SEMICOLON) this.#state = EXTENSION
        else if (octet !== SP && octet !== HTAB) return this.#break('bad-chunk-size')
        return this.#countExtension()
      case EXTENSION:
        if (octet === CR) this.#state = SIZE_LF
        else if (FIELD_VALUE[octet] === 0) return this.#break('bad-chunk-extension')
        return this.#countExtension()
      case SIZE_LF:
        if (octet !== LF) return this.#break('bad-chunk-size')
        this.#state = this.#remaining === 0 ? TRAILER : DATA
        this.#digits = 0
        this.#extension = 0
        return
      case DATA_CR:
        if (octet !== CR) return this.#break('bad-chunk-end')
        this.#state = DATA_LF
        return
      case DATA_LF:
        if (octet !== LF) return this.#break('bad-chunk-end')
        this.#state = SIZE
        return
      default:
        return this.#trailerOctet(octet)
    }
  }

  #size(octet: number): void {
    const digit = HEX_VALUE[octet]!
    if (digit < 16) {
      this.#remaining = this.#remaining * 16 + digit
      if (++this.#digits > MAX_SIZE_DIGITS || this.#remaining > MAX_SIZE) this.#break('bad-chunk-size')
    } else if (this.#digits === 0) this.#break('bad-chunk-size')
    else if (octet === CR) this.#state = SIZE_LF
    else if (octet === SEMICOLON) this.#state = EXTENSION
    else if (octet === SP || octet === HTAB) this.#state = AFTER_SIZE
    else this.#break('bad-chunk-size')
  }

  #countExtension(): void {
    if (++this.#extension > MAX_EXTENSION_BYTES || ++this.#extensions > MAX_EXTENSIONS_BYTES)
      this.#break('bad-chunk-extension')
  }

  /** Kept until the empty line: fields are judged as a whole (FieldSection). */
  #trailerOctet(octet: number): void {
    if (this.#trailerBytes === this.trailer.length && !this.#grow()) return this.#break('bad-trailer')
    this.trailer[this.#trailerBytes++] = octet
    if (octet !== LF) return
    const length = this.#trailerBytes - this.#line
    if (length < 2 || this.trailer[this.#trailerBytes - 2] !== CR) return this.#break('bad-trailer')
    this.#line = this.#trailerBytes
    if (length > 2) return
    this.trailer = this.trailer.subarray(0, this.#trailerBytes)
    this.#state = DONE
  }

  #grow(): boolean {
    if (this.trailer.length >= MAX_TRAILER_BYTES) return false
    const larger = new Uint8Array(this.trailer.length === 0 ? FIRST_TRAILER_BYTES : 2 * this.trailer.length)
    larger.set(this.trailer)
    this.trailer = larger
    return true
  }

  #break(code: RefusalCode): void {
    this.refusal = code
    this.#state = BROKEN
  }
}

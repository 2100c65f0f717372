/**
 * Finds the next head in a stream. Most heads lie there in one piece and are parsed where they lie; of others, the pieces
 * are gathered, in memory that is bounded for each connection and for all of them together.
 */
import { INCOMPLETE, REFUSED } from '../../protocols/http/index.ts'
import type { ByteStream } from '../../streams/index.ts'

const LF = 0x0a
const FIRST_BYTES = 1024
const NO_BYTES = new Uint8Array(0)

export interface HeadParser {
  parse(bytes: Uint8Array, start: number, end: number): number
}

/** What a connection keeps while a head is on its way. */
export interface PartialHead {
  bytes: Uint8Array
  length: number
}

export interface HeadHolder {
  partialHead: PartialHead | undefined
}

export interface HeadReaderOptions {
  /** Of one head: what the parsers refuse beyond. */
  readonly headBytes: number
  /** Of all that are gathered at a time. */
  readonly gatheredBytes: number
}

export class HeadReader {
  readonly #options: HeadReaderOptions
  #gathered = 0
  /** After a head was found: the piece of the stream that it ended in, and where. Neither is consumed. */
  piece: Uint8Array = NO_BYTES
  end = 0
  /** No head was refused, but there is no memory to gather another one. */
  isExhausted = false

  constructor(options: HeadReaderOptions) {
    this.#options = options
  }

  /** Bytes of memory in use for heads that are on their way. */
  get gatheredBytes(): number {
    return this.#gathered
  }

  /** The length of the next head, which the parser then describes; INCOMPLETE; REFUSED. */
  read(stream: ByteStream, parser: HeadParser, holder: HeadHolder): number {
    this.isExhausted = false
    if (holder.partialHead !== undefined) return this.#gather(stream, parser, holder)
    const piece = stream.peek()
    if (piece.length === 0) return INCOMPLETE
    const length = parser.parse(piece, 0, piece.length)
    if (length === INCOMPLETE) return this.#gather(stream, parser, holder)
    this.piece = piece
    this.end = length
    return length
  }

  /** When a connection is over, or its head was dealt with. */
  forget(holder: HeadHolder): void {
    if (holder.partialHead === undefined) return
    this.#gathered -= holder.partialHead.bytes.length
    holder.partialHead = undefined
  }

  #gather(stream: ByteStream, parser: HeadParser, holder: HeadHolder): number {
    for (;;) {
      const piece = stream.peek()
      if (piece.length === 0) return INCOMPLETE
      const partial = this.#room(holder, piece.length)
      if (partial === undefined) return REFUSED
      const before = partial.length
      const added = piece.subarray(0, partial.bytes.length - before)
      partial.bytes.set(added, before)
      partial.length += added.length
      const isFull = partial.length >= this.#options.headBytes
      // Only whole lines are judged: without the end of one, nothing can have changed.
      if (isFull || added.includes(LF)) {
        const length = parser.parse(partial.bytes, 0, partial.length)
        if (length !== INCOMPLETE) {
          this.piece = piece
          this.end = length - before
          this.forget(holder)
          return length
        }
      }
      stream.consume(added.length)
    }
  }

  #room(holder: HeadHolder, wanted: number): PartialHead | undefined {
    const { headBytes, gatheredBytes } = this.#options
    const partial = (holder.partialHead ??= { bytes: NO_BYTES, length: 0 })
    if (partial.bytes.length - partial.length >= Math.min(wanted, headBytes - partial.length)) return partial
    let size = Math.max(FIRST_BYTES, 2 * partial.bytes.length)
    while (size < partial.length + wanted) size *= 2
    size = Math.min(size, headBytes)
    this.isExhausted = this.#gathered + size - partial.bytes.length > gatheredBytes
    if (this.isExhausted) return undefined
    this.#gathered += size - partial.bytes.length
    const larger = new Uint8Array(size)
    larger.set(partial.bytes.subarray(0, partial.length))
    partial.bytes = larger
    return partial
  }
}

/**
 * A body on its way from one stream to another, without being kept: as much as is there and the other end takes, then
 * again when one of them has made progress.
 *
 *   length     → length       pieces as they lie            chunked    → chunked, or until the end
 *   until end  → chunked, or until the end                  (chunks are made anew, and small ones become one)
 */
import {
  ChunkedDecoder,
  FRAMING,
  type Framing,
  isTrailerSection,
  type RefusalCode,
  writeHexBefore,
  writeTrailerFields,
} from '../../protocols/http/index.ts'
import type { ByteStream } from '../../streams/index.ts'
import type { Outlet } from './outlet.ts'

export const PUMP = {
  done: 0,
  needsInput: 1,
  needsRoom: 2,
  /** The source ended or failed before the body did. */
  truncated: 3,
  /** `refusal` says why. */
  refused: 4,
} as const

/** `size CR LF` before the data; sizes of chunks that we make have at most 5 digits. */
const SIZE_ROOM = 8
/** Data of one chunk that we make. */
const CHUNK_BYTES = 32 * 1024
/** What `pump` needs for its work. */
export const SCRATCH_BYTES = SIZE_ROOM + CHUNK_BYTES + 16 * 1024
const NO_BYTES = new Uint8Array(0)
const CR = 0x0d
const LF = 0x0a

export interface BodyTransferOptions {
  readonly from: Framing
  readonly to: Framing
  /** Of the body, if `from` is length. */
  readonly length: number
  readonly limitBytes: number
}

export class BodyTransfer {
  /** Octets of the content that have passed. */
  moved = 0
  refusal: RefusalCode | undefined
  #remaining: number
  readonly #decoder: ChunkedDecoder | undefined
  readonly #makesChunks: boolean
  readonly #limit: number
  #lastChunkSent = false

  constructor({ from, to, length, limitBytes }: BodyTransferOptions) {
    this.#remaining = from === FRAMING.length ? length : Number.POSITIVE_INFINITY
    this.#decoder = from === FRAMING.chunked ? new ChunkedDecoder() : undefined
    this.#makesChunks = to === FRAMING.chunked
    this.#limit = limitBytes
  }

  /**
   * The first time: scratch[0, held) is a head that goes before the body, in the same write where a piece of the body is
   * there already. `scratch` has SCRATCH_BYTES beyond it.
   */
  // oxlint-disable-next-line eslint/max-params -- per body
  begin(source: ByteStream, sink: Outlet, scratch: Uint8Array, held: number): number {
    if (this.#lastChunkSent) return this.#beginAgain(sink, scratch, held)
    const piece = sink.isBlocked ? NO_BYTES : source.peek()
    const room = Math.min(sink.stream.writableBytes - held - SIZE_ROOM, CHUNK_BYTES)
    if (piece.length === 0 || room <= 0) sink.send(scratch.subarray(0, held))
    else if (this.#decoder !== undefined || this.#makesChunks) {
      const result = this.#recode(source, piece, sink, room, scratch, held)
      if (result !== PUMP.done) return result
    } else {
      const count = Math.min(piece.length, this.#remaining, room)
      scratch.set(count === piece.length ? piece : piece.subarray(0, count), held)
      source.consume(count)
      this.moved += count
      this.#remaining -= count
      sink.send(scratch.subarray(0, held + count))
    }
    return this.pump(source, sink, scratch)
  }

  /** On another connection than the one that its end was sent on. Only an empty body can have come to that. */
  #beginAgain(sink: Outlet, scratch: Uint8Array, held: number): number {
    const end = this.#makesChunks ? writeLastChunk(scratch, held, this.#decoder?.trailer) : held
    return sink.send(scratch.subarray(0, end)) ? PUMP.done : PUMP.needsRoom
  }

  /** PUMP; `scratch` has SCRATCH_BYTES. */
  pump(source: ByteStream, sink: Outlet, scratch: Uint8Array): number {
    if (sink.isBlocked && !sink.flush()) return PUMP.needsRoom
    const { stream } = sink
    for (;;) {
      if (this.#remaining === 0 || this.#lastChunkSent) return PUMP.done
      const room = stream.writableBytes
      if (room === 0) return PUMP.needsRoom
      const piece = source.peek()
      if (piece.length === 0) return this.#atEnd(source, sink, scratch)
      if (this.#decoder !== undefined || this.#makesChunks) {
        const result = this.#recode(source, piece, sink, Math.min(room, CHUNK_BYTES), scratch, 0)
        if (result !== PUMP.done) return result
      } else {
        const count = Math.min(piece.length, this.#remaining, room)
        const taken = stream.write(count === piece.length ? piece : piece.subarray(0, count))
        source.consume(taken)
        this.moved += taken
        this.#remaining -= taken
        if (taken < count) return PUMP.needsRoom
      }
    }
  }

  #atEnd(source: ByteStream, sink: Outlet, scratch: Uint8Array): number {
    if (!source.inputEnded) return source.state === 'closed' ? PUMP.truncated : PUMP.needsInput
    if (this.#decoder !== undefined || this.#remaining !== Number.POSITIVE_INFINITY) return PUMP.truncated
    this.#lastChunkSent = true
    if (!this.#makesChunks) return PUMP.done
    return sink.send(scratch.subarray(0, writeLastChunk(scratch, 0, undefined))) ? PUMP.done : PUMP.needsRoom
  }

  /** One piece, with what is held before it; PUMP.done: it is dealt with, but perhaps not the body. */
  // oxlint-disable-next-line eslint/max-params -- per piece of a body
  #recode(
    source: ByteStream,
    piece: Uint8Array,
    sink: Outlet,
    room: number,
    scratch: Uint8Array,
    held: number,
  ): number {
    const decoder = this.#decoder
    const data = held + SIZE_ROOM
    let count: number
    if (decoder === undefined) {
      count = Math.min(piece.length, room)
      scratch.set(count === piece.length ? piece : piece.subarray(0, count), data)
      source.consume(count)
    } else {
      count = decoder.decode(piece, scratch, data, room)
      source.consume(decoder.consumed)
    }
    this.moved += count
    const isLast = decoder?.done === true
    this.refusal = this.moved > this.#limit ? 'body-too-large' : decoder?.refusal
    if (isLast && !isTrailerSection(decoder.trailer)) this.refusal = 'bad-trailer'
    if (this.refusal !== undefined) return PUMP.refused
    this.#lastChunkSent = isLast
    let start = data
    let end = data + count
    if (this.#makesChunks) {
      if (count > 0) {
        start = writeSize(scratch, data, count)
        end = writeLineEnd(scratch, end)
      }
      if (isLast) end = writeLastChunk(scratch, end, decoder.trailer)
    }
    if (held > 0) {
      start -= held
      scratch.copyWithin(start, 0, held)
    }
    if (end === start || sink.send(scratch.subarray(start, end))) return PUMP.done
    return PUMP.needsRoom
  }
}

/** Right before the data; where it starts. */
function writeSize(scratch: Uint8Array, data: number, count: number): number {
  writeLineEnd(scratch, data - 2)
  return writeHexBefore(scratch, data - 2, count)
}

function writeLastChunk(scratch: Uint8Array, at: number, trailer: Uint8Array | undefined): number {
  scratch[at++] = 0x30
  at = writeLineEnd(scratch, at)
  if (trailer !== undefined && trailer.length > 2) at = writeTrailerFields(scratch, at, trailer)
  return writeLineEnd(scratch, at)
}

function writeLineEnd(scratch: Uint8Array, at: number): number {
  scratch[at] = CR
  scratch[at + 1] = LF
  return at + 2
}

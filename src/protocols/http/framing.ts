/**
 * Where a body ends (RFC 9112 §6), decided in one way or refused: a message that two readers may cut differently is how
 * requests are smuggled. Stricter than the RFC asks where it allows it: a list in Content-Length is refused, and so are
 * Content-Length beside Transfer-Encoding and superfluous zeros. Identical Content-Length lines become one.
 */
import type { FieldSection } from './field-section.ts'
import { COMMA, decimalOf, octetsOf } from './octets.ts'
import type { RefusalCode } from './refusal.ts'

export const FRAMING = {
  none: 0,
  length: 1,
  chunked: 2,
  /** Responses only: until the connection ends. */
  untilClose: 3,
} as const
export type Framing = (typeof FRAMING)[keyof typeof FRAMING]

const CHUNKED = octetsOf('chunked')

export class FramingFields {
  /** -1: none. */
  contentLength = -1
  /** Of the first Content-Length line; -1: none. */
  lengthIndex = -1
  chunked = false
  refusal: RefusalCode | undefined

  reset(): void {
    this.contentLength = -1
    this.lengthIndex = -1
    this.chunked = false
    this.refusal = undefined
  }

  addContentLength(bytes: Uint8Array, fields: FieldSection, index: number): void {
    const value = decimalOf(bytes, fields.valueStart(index), fields.valueEnd(index))
    if (value < 0) this.refusal ??= 'bad-content-length'
    else if (this.lengthIndex >= 0 && value !== this.contentLength) this.refusal ??= 'several-content-lengths'
    else if (this.lengthIndex < 0) {
      this.contentLength = value
      this.lengthIndex = index
    }
  }

  addTransferEncoding(bytes: Uint8Array, fields: FieldSection, index: number): void {
    if (this.chunked) this.refusal ??= 'chunked-not-last'
    else if (fields.valueIs(bytes, index, CHUNKED)) this.chunked = true
    else this.refusal ??= endsInChunked(bytes, fields, index) ? 'unsupported-encoding' : 'chunked-not-last'
  }

  /** After all fields. */
  conclude(isHttp10: boolean): void {
    if (!this.chunked || this.refusal !== undefined) return
    if (this.contentLength >= 0) this.refusal = 'length-and-encoding'
    else if (isHttp10) this.refusal = 'encoding-in-http10'
  }
}

/** Of a list of codings: `gzip, chunked`. */
function endsInChunked(bytes: Uint8Array, fields: FieldSection, index: number): boolean {
  const end = fields.valueEnd(index)
  let start = end
  while (start > fields.valueStart(index) && bytes[start - 1] !== COMMA) start--
  while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09)) start++
  if (end - start !== CHUNKED.length || start === fields.valueStart(index)) return false
  for (let at = 0; at < CHUNKED.length; at++) if ((bytes[start + at]! | 0x20) !== CHUNKED[at]) return false
  return true
}

/**
 * Header fields, or those of a trailer, as places in the bytes they came in (RFC 9112 §5): no object and no string is
 * made of a field. One of these is used for message after message.
 *
 *   Name: OWS value OWS CR LF        spans[4i…] = line start, name end, value start, value end
 *
 * Only lines that are there as a whole are judged, so what comes of a message does not depend on how it was cut into
 * pieces on its way.
 */
import { fieldKindOf } from './field-names.ts'
import { COLON, CR, FIELD_VALUE, HTAB, LF, matches, SP, TOKEN } from './octets.ts'
import { INCOMPLETE, REFUSED, type RefusalCode } from './refusal.ts'

export interface HeadLimits {
  readonly requestLineBytes: number
  /** All of it: first line, fields and the empty line. */
  readonly headBytes: number
  readonly fields: number
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = {
  requestLineBytes: 8 * 1024,
  headBytes: 32 * 1024,
  fields: 100,
}

export class FieldSection {
  count = 0
  /** Where the last line, or the first if there is none, starts: the empty line. */
  emptyLine = 0
  refusal: RefusalCode | undefined
  readonly spans: Int32Array
  /** FIELD, by index. */
  readonly kinds: Uint8Array
  readonly #max: number

  constructor(maxFields: number) {
    this.#max = maxFields
    this.spans = new Int32Array(4 * maxFields)
    this.kinds = new Uint8Array(maxFields)
  }

  /** From the first field line on. Where the section ends, after its empty line; INCOMPLETE; REFUSED. */
  parse(bytes: Uint8Array, start: number, end: number): number {
    const { spans, kinds } = this
    let at = start
    this.count = 0
    this.refusal = undefined
    for (;;) {
      if (at >= end) return INCOMPLETE
      const lineStart = at
      if (bytes[at] === CR) return this.#emptyLine(bytes, at, end)
      while (at < end && TOKEN[bytes[at]!] === 1) at++
      if (at >= end) return INCOMPLETE
      if (bytes[at] !== COLON || at === lineStart) return this.#badName(bytes, lineStart, end)
      const nameEnd = at++
      while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++
      const valueStart = at
      while (at < end && FIELD_VALUE[bytes[at]!] === 1) at++
      if (at + 1 >= end || bytes[at] !== CR || bytes[at + 1] !== LF) return this.#badAfter(bytes, at, end)
      const index = this.count
      if (index === this.#max) return this.#bad('too-many-fields')
      let valueEnd = at
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--
      spans[4 * index] = lineStart
      spans[4 * index + 1] = nameEnd
      spans[4 * index + 2] = valueStart
      spans[4 * index + 3] = valueEnd
      kinds[index] = fieldKindOf(bytes, lineStart, nameEnd)
      this.count = index + 1
      at += 2
    }
  }

  nameStart(index: number): number {
    return this.spans[4 * index]!
  }

  nameEnd(index: number): number {
    return this.spans[4 * index + 1]!
  }

  valueStart(index: number): number {
    return this.spans[4 * index + 2]!
  }

  valueEnd(index: number): number {
    return this.spans[4 * index + 3]!
  }

  /** Where the line after this one starts. */
  nextLine(index: number): number {
    return index + 1 < this.count ? this.spans[4 * index + 4]! : this.emptyLine
  }

  /** Whether the value is `lower`, in any case. */
  valueIs(bytes: Uint8Array, index: number, lower: Uint8Array): boolean {
    return matches(bytes, this.valueStart(index), this.valueEnd(index), lower)
  }

  #emptyLine(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 >= end) return INCOMPLETE
    if (bytes[at + 1] !== LF) return this.#badAfter(bytes, at, end)
    this.emptyLine = at
    return at + 2
  }

  #badName(bytes: Uint8Array, lineStart: number, end: number): number {
    if (bytes.subarray(lineStart, end).indexOf(LF) < 0) return INCOMPLETE
    let at = lineStart
    while (TOKEN[bytes[at]!] === 1) at++
    const isSpace = bytes[at] === SP || bytes[at] === HTAB
    if (bytes[at] === LF) return this.#bad('bad-line-end')
    if (!isSpace) return this.#bad('bad-field-name')
    return this.#bad(at === lineStart ? 'folded-line' : 'space-before-colon')
  }

  /** At an octet that no value may hold. A line that is not complete yet is not judged yet. */
  #badAfter(bytes: Uint8Array, at: number, end: number): number {
    if (bytes.subarray(at, end).indexOf(LF) < 0) return INCOMPLETE
    return this.#bad(bytes[at] === CR || bytes[at] === LF ? 'bad-line-end' : 'bad-field-value')
  }

  #bad(code: RefusalCode): number {
    this.refusal = code
    return REFUSED
  }
}

/** The head of a response, parsed in place (RFC 9112 §4, §6.3) and as strictly as a request: it frames what follows. */
import { ConnectionOptions } from './connection-options.ts'
import { FIELD } from './field-names.ts'
import { DEFAULT_HEAD_LIMITS, FieldSection, type HeadLimits } from './field-section.ts'
import { FRAMING, type Framing, FramingFields } from './framing.ts'
import { CR, FIELD_VALUE, LF, octetsOf, SP } from './octets.ts'
import { INCOMPLETE, REFUSED, type RefusalCode } from './refusal.ts'

const VERSION = octetsOf('HTTP/1.')
/** `HTTP/1.1 200` */
const STATUS_AT = VERSION.length + 2
const LINE_LIMIT = 4096

export class ResponseHead {
  bytes: Uint8Array = new Uint8Array(0)
  readonly fields: FieldSection
  readonly connection = new ConnectionOptions()
  readonly framing = new FramingFields()
  readonly #headBytes: number

  status = 0
  isHttp10 = false
  /** From the status code to the end of the line: `200 OK`. */
  statusStart = 0
  lineEnd = 0
  upgradeIndex = -1
  refusal: RefusalCode | undefined

  constructor(limits: Partial<HeadLimits> = {}) {
    const { fields, headBytes } = { ...DEFAULT_HEAD_LIMITS, ...limits }
    this.#headBytes = headBytes
    this.fields = new FieldSection(fields)
  }

  /** The length of the head at bytes[start…], with its empty line; INCOMPLETE; REFUSED, and `refusal` says why. */
  parse(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#headBytes)
    this.bytes = bytes
    this.refusal = undefined
    let after = this.#statusLine(bytes, start, stop)
    if (after > 0) after = this.fields.parse(bytes, after, stop)
    if (after === REFUSED) return this.#refuse(this.refusal ?? this.fields.refusal!)
    if (after !== INCOMPLETE) return this.#examine() ? after - start : REFUSED
    return stop - start >= this.#headBytes ? this.#refuse('head-too-large') : INCOMPLETE
  }

  /** RFC 9112 §6.3. `toHead`: it answers HEAD. */
  bodyFraming(toHead: boolean): Framing {
    if (toHead || this.status < 200 || this.status === 204 || this.status === 304) return FRAMING.none
    if (this.framing.chunked) return FRAMING.chunked
    if (this.framing.contentLength < 0) return FRAMING.untilClose
    return this.framing.contentLength === 0 ? FRAMING.none : FRAMING.length
  }

  /** Whether the connection may carry another request after this. */
  get keepsAlive(): boolean {
    if (this.connection.close) return false
    return !this.isHttp10 || this.connection.keepAlive
  }

  #statusLine(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    const known = Math.min(end, start + VERSION.length)
    for (; at < known; at++) if (bytes[at] !== VERSION[at - start]) return this.#refuse('bad-status-line')
    at = start + STATUS_AT + 3
    if (at >= end) return INCOMPLETE
    const status = numberOf(bytes, start + STATUS_AT)
    const minor = bytes[start + VERSION.length]
    if (minor !== 0x30 && minor !== 0x31) return this.#refuse('bad-status-line')
    if (bytes[start + STATUS_AT - 1] !== SP || status < 100) return this.#refuse('bad-status-line')
    if (bytes[at] !== SP && bytes[at] !== CR) return this.#refuse('bad-status-line')
    while (at < end && FIELD_VALUE[bytes[at]!] === 1) at++
    if (at - start > LINE_LIMIT) return this.#refuse('head-too-large')
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? this.#refuse('bad-status-line') : INCOMPLETE
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.#refuse('bad-status-line')
    this.status = status
    this.isHttp10 = minor === 0x30
    this.statusStart = start + STATUS_AT
    this.lineEnd = at
    return at + 2
  }

  #examine(): boolean {
    this.upgradeIndex = -1
    this.connection.reset()
    this.framing.reset()
    const { bytes, fields } = this
    for (let index = 0; index < fields.count; index++) {
      const kind = fields.kinds[index]!
      if (kind === FIELD.contentLength) this.framing.addContentLength(bytes, fields, index)
      else if (kind === FIELD.transferEncoding) this.framing.addTransferEncoding(bytes, fields, index)
      else if (kind === FIELD.upgrade) this.upgradeIndex = index
      else if (kind === FIELD.connection && !this.connection.add(bytes, fields, index)) {
        this.refusal = 'too-many-fields'
        return false
      }
    }
    this.framing.conclude(this.isHttp10)
    this.refusal = this.framing.refusal
    return this.refusal === undefined
  }

  #refuse(code: RefusalCode): number {
    this.refusal = code
    return REFUSED
  }
}

/** Three digits; -1 otherwise. */
function numberOf(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let index = 0; index < 3; index++) {
    const digit = bytes[at + index]! - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/**
 * The head of a request, parsed in place (RFC 9112 §3, §5) and understood in exactly one way, or refused. One of these
 * serves request after request: what it says is valid until the next `parse`, as long as the bytes stay.
 */
import { ConnectionOptions } from './connection-options.ts'
import { FIELD } from './field-names.ts'
import { DEFAULT_HEAD_LIMITS, FieldSection, type HeadLimits } from './field-section.ts'
import { FRAMING, type Framing, FramingFields } from './framing.ts'
import { METHOD, methodOf } from './methods.ts'
import { CR, LF, octetsOf, SP, TARGET, TOKEN } from './octets.ts'
import { INCOMPLETE, REFUSED, type RefusalCode } from './refusal.ts'
import { isHost, RequestTarget } from './request-target.ts'

const VERSION = octetsOf('HTTP/1.')
const VERSION_BYTES = VERSION.length + 1
const CONTINUE = octetsOf('100-continue')
const H2C = octetsOf('h2c')
const JSON_TYPE = octetsOf('application/json')
const TRAILERS = octetsOf('trailers')
const LONGEST_METHOD = 32
/** RFC 9112 §2.2: an empty line, left over from the request before, is ignored; one. */
const EMPTY_LINE_BYTES = 2

export class RequestHead {
  bytes: Uint8Array = new Uint8Array(0)
  readonly fields: FieldSection
  readonly target = new RequestTarget()
  readonly connection = new ConnectionOptions()
  readonly framing = new FramingFields()
  readonly #limits: HeadLimits

  methodStart = 0
  methodEnd = 0
  targetStart = 0
  targetEnd = 0
  /** METHOD. */
  method: number = METHOD.other
  isHttp10 = false
  /** Field indices; -1: not there. */
  hostIndex = -1
  upgradeIndex = -1
  lastForwardedFor = -1
  userAgentIndex = -1
  expectsContinue = false
  acceptsTrailers = false
  acceptsJson = false
  refusal: RefusalCode | undefined

  constructor(limits: Partial<HeadLimits> = {}) {
    this.#limits = { ...DEFAULT_HEAD_LIMITS, ...limits }
    this.fields = new FieldSection(this.#limits.fields)
  }

  /** The length of the head at bytes[start…], with its empty line; INCOMPLETE; REFUSED, and `refusal` says why. */
  parse(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#limits.headBytes)
    this.bytes = bytes
    this.refusal = undefined
    let after = this.#requestLine(bytes, start, stop)
    if (after > 0) after = this.fields.parse(bytes, after, stop)
    if (after === REFUSED) return this.#refuse(this.refusal ?? this.fields.refusal!)
    if (after !== INCOMPLETE) return this.#examine() ? after - start : REFUSED
    return stop - start >= this.#limits.headBytes ? this.#refuse('head-too-large') : INCOMPLETE
  }

  get bodyFraming(): Framing {
    if (this.framing.chunked) return FRAMING.chunked
    return this.framing.contentLength > 0 ? FRAMING.length : FRAMING.none
  }

  /** Not to h2c: requests would pass unseen behind it (RFC 9113 §3.1 has given it up anyway). */
  get wantsUpgrade(): boolean {
    if (!this.connection.upgrade || this.upgradeIndex < 0 || this.isHttp10) return false
    return this.bodyFraming === FRAMING.none && !this.#namesH2c()
  }

  /** Whether the client lets us use its connection again (RFC 9112 §9.3). */
  get keepsAlive(): boolean {
    if (this.connection.close) return false
    return !this.isHttp10 || this.connection.keepAlive
  }

  /** Where the fields start; INCOMPLETE; REFUSED. A line is judged when all of it is there. */
  #requestLine(bytes: Uint8Array, start: number, end: number): number {
    if (end === start) return INCOMPLETE
    let at = start
    if (bytes[at] === CR) {
      if (end - at < EMPTY_LINE_BYTES) return INCOMPLETE
      if (bytes[at + 1] !== LF) return this.#refuse('bad-request-line')
      at += EMPTY_LINE_BYTES
      if (at === end) return INCOMPLETE
    }
    // What does not even begin like a method, a TLS ClientHello say, will not end its line either.
    if (TOKEN[bytes[at]!] !== 1) return this.#refuse('bad-request-line')
    this.methodStart = at
    while (at < end && TOKEN[bytes[at]!] === 1) at++
    this.methodEnd = at
    if (at >= end || bytes[at] !== SP) return this.#badLine(bytes, start, end)
    this.targetStart = ++at
    while (at < end && TARGET[bytes[at]!] === 1) at++
    this.targetEnd = at
    const lineEnd = at + 1 + VERSION_BYTES
    if (lineEnd + 1 >= end || bytes[at] !== SP) return this.#badLine(bytes, start, end)
    if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return this.#badLine(bytes, start, end)
    if (lineEnd - this.methodStart > this.#limits.requestLineBytes) return this.#refuse('line-too-long')
    return this.#understandLine(bytes, at + 1) ? lineEnd + 2 : REFUSED
  }

  #understandLine(bytes: Uint8Array, versionAt: number): boolean {
    const minor = bytes[versionAt + VERSION.length]
    for (let index = 0; index < VERSION.length; index++)
      if (bytes[versionAt + index] !== VERSION[index]) return this.#wrongVersion(bytes, versionAt)
    if (minor !== 0x30 && minor !== 0x31) return this.#wrongVersion(bytes, versionAt)
    this.isHttp10 = minor === 0x30
    const { methodStart, methodEnd, targetStart, targetEnd } = this
    if (methodEnd - methodStart > LONGEST_METHOD) return this.#no('bad-request-line')
    this.method = methodOf(bytes, methodStart, methodEnd)
    if (this.method === METHOD.connect || this.method === METHOD.trace) return this.#no('method-refused')
    if (!this.target.parse(bytes, targetStart, targetEnd)) return this.#no('bad-target')
    return !this.target.isAsterisk || this.method === METHOD.options || this.#no('bad-target')
  }

  /** `HTTP/2.0` is a version that we do not speak; anything else is none. */
  #wrongVersion(bytes: Uint8Array, at: number): boolean {
    const isOther = /^HTTP\/\d\.\d$/.test(String.fromCharCode(...bytes.subarray(at, at + VERSION_BYTES)))
    return this.#no(isOther ? 'bad-version' : 'bad-request-line')
  }

  #badLine(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start] === CR ? start + EMPTY_LINE_BYTES : start
    const length = bytes.subarray(first, end).indexOf(LF)
    if ((length < 0 ? end - first : length) > this.#limits.requestLineBytes)
      return this.#refuse('line-too-long')
    return length < 0 ? INCOMPLETE : this.#refuse('bad-request-line')
  }

  #examine(): boolean {
    this.hostIndex = -1
    this.upgradeIndex = -1
    this.lastForwardedFor = -1
    this.userAgentIndex = -1
    this.expectsContinue = false
    this.acceptsTrailers = false
    this.acceptsJson = false
    this.connection.reset()
    this.framing.reset()
    const { count, kinds } = this.fields
    for (let index = 0; index < count; index++) {
      const kind = kinds[index]!
      if (kind !== FIELD.other && !this.#field(kind, index)) return false
    }
    this.framing.conclude(this.isHttp10)
    if (this.framing.refusal !== undefined) return this.#no(this.framing.refusal)
    if (this.hostIndex < 0) return this.isHttp10 || this.#no('no-host')
    const { fields } = this
    return (
      isHost(this.bytes, fields.valueStart(this.hostIndex), fields.valueEnd(this.hostIndex)) ||
      this.#no('bad-host')
    )
  }

  #field(kind: number, index: number): boolean {
    const { bytes, fields } = this
    if (kind === FIELD.host) {
      if (this.hostIndex >= 0) return this.#no('several-hosts')
      this.hostIndex = index
    } else if (kind === FIELD.connection) {
      if (!this.connection.add(bytes, fields, index)) return this.#no('too-many-fields')
    } else if (kind === FIELD.contentLength) this.framing.addContentLength(bytes, fields, index)
    else if (kind === FIELD.transferEncoding) this.framing.addTransferEncoding(bytes, fields, index)
    else if (kind === FIELD.accept) this.acceptsJson ||= this.#holds(index, JSON_TYPE)
    else if (kind === FIELD.xForwardedFor) this.lastForwardedFor = index
    else if (kind === FIELD.upgrade) this.upgradeIndex = index
    else if (kind === FIELD.userAgent) this.userAgentIndex = index
    else if (kind === FIELD.te) this.acceptsTrailers ||= this.#holds(index, TRAILERS)
    else if (kind === FIELD.expect) this.expectsContinue = fields.valueIs(bytes, index, CONTINUE)
    return true
  }

  /** Whether a value holds `lower` somewhere, in any case. */
  #holds(index: number, lower: Uint8Array): boolean {
    const last = this.fields.valueEnd(index) - lower.length
    for (let at = this.fields.valueStart(index); at <= last; at++) {
      let same = 0
      while (same < lower.length && (this.bytes[at + same]! | 0x20) === (lower[same]! | 0x20)) same++
      if (same === lower.length) return true
    }
    return false
  }

  #namesH2c(): boolean {
    const { count, kinds } = this.fields
    for (let index = 0; index < count; index++)
      if (kinds[index] === FIELD.upgrade && this.#holds(index, H2C)) return true
    return false
  }

  #refuse(code: RefusalCode): number {
    this.refusal = code
    return REFUSED
  }

  #no(code: RefusalCode): boolean {
    this.refusal = code
    return false
  }
}

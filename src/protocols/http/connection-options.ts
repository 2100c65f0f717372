/**
 * The Connection field (RFC 9110 §7.6.1): what it says of this connection, and the names of the fields that go no
 * further than this hop. Fields that we have rules of our own for are not stripped by listing them: a client must not
 * be able to take away what frames a message or says where it goes.
 */
import type { FieldSection } from './field-section.ts'
import { COMMA, HTAB, matches, octetsOf, SP } from './octets.ts'

const CLOSE = octetsOf('close')
const KEEP_ALIVE = octetsOf('keep-alive')
const UPGRADE = octetsOf('upgrade')
/** Listed names beyond it are fields that nobody strips; nobody honest lists so many. */
const MAX_LISTED = 16

export class ConnectionOptions {
  close = false
  keepAlive = false
  upgrade = false
  /** Spans of listed names: start and end in turn. */
  readonly #listed = new Int32Array(2 * MAX_LISTED)
  #listedCount = 0

  reset(): void {
    this.close = false
    this.keepAlive = false
    this.upgrade = false
    this.#listedCount = 0
  }

  get listsFields(): boolean {
    return this.#listedCount > 0
  }

  /** One Connection line more. False: it lists too much. */
  add(bytes: Uint8Array, fields: FieldSection, index: number): boolean {
    const end = fields.valueEnd(index)
    let at = fields.valueStart(index)
    while (at < end) {
      while (at < end && isBetween(bytes[at]!)) at++
      const start = at
      while (at < end && bytes[at] !== COMMA) at++
      let last = at
      while (last > start && isBetween(bytes[last - 1]!)) last--
      if (last > start && !this.#option(bytes, start, last)) return false
    }
    return true
  }

  /** Whether bytes[start, end) is among the listed names. */
  lists(bytes: Uint8Array, start: number, end: number): boolean {
    for (let index = 0; index < this.#listedCount; index++) {
      const from = this.#listed[2 * index]!
      const length = this.#listed[2 * index + 1]! - from
      if (length !== end - start) continue
      let at = 0
      while (at < length && lower(bytes[from + at]!) === lower(bytes[start + at]!)) at++
      if (at === length) return true
    }
    return false
  }

  #option(bytes: Uint8Array, start: number, end: number): boolean {
    if (matches(bytes, start, end, CLOSE)) this.close = true
    else if (matches(bytes, start, end, KEEP_ALIVE)) this.keepAlive = true
    else if (matches(bytes, start, end, UPGRADE)) this.upgrade = true
    else if (this.#listedCount === MAX_LISTED) return false
    else {
      this.#listed[2 * this.#listedCount] = start
      this.#listed[2 * this.#listedCount + 1] = end
      this.#listedCount++
    }
    return true
  }
}

const isBetween = (octet: number): boolean => octet === SP || octet === HTAB || octet === COMMA
const lower = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet)

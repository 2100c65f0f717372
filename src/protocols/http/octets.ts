/** Classes of octets (RFC 9110 §5.6, RFC 3986 §3.2) as tables, and text in and out of byte arrays. */

export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const COMMA = 0x2c
export const SLASH = 0x2f
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const QUESTION = 0x3f

/** RFC 9110 §5.6.2 tchar: what names and methods consist of. */
export const TOKEN = tableOf((octet) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(octet)))
/** RFC 9110 §5.5: HTAB, SP, VCHAR and obs-text; no NUL, no other control, no DEL. */
export const FIELD_VALUE = tableOf((octet) => octet === HTAB || (octet >= SP && octet !== 0x7f))
/** A request target: no space, no control, no fragment. Octets above ASCII pass, as everywhere in practice. */
export const TARGET = tableOf((octet) => octet > SP && octet !== 0x7f && octet !== 0x23)
/** RFC 3986 §3.2.2 host and port, without userinfo: reg-name, IPv4address, brackets and colons of IP literals. */
export const HOST = tableOf((octet) => /[-._~0-9A-Za-z!$&'()*+;=%:[\]]/.test(String.fromCharCode(octet)))
/** The value of a hexadecimal digit, 255 for anything else. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, octet) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(octet).toLowerCase())
  return value < 0 ? 255 : value
})

function tableOf(accepts: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (octet < 256 && accepts(octet) ? 1 : 0))
}

/** ISO 8859-1: every octet is one character. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!)
  return text
}

export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
}

/** Writes characters as octets at target[at…]; where it ended. */
export function writeText(target: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index)
  return at + text.length
}

/** Calls into the engine's copy pay off only from here on. */
const SHORT_COPY = 48

/** source[start, end) to target[at…]; where it ended. */
// oxlint-disable-next-line eslint/max-params -- per line of a head: an options object would cost more than the copy
export function copyOctets(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > SHORT_COPY) {
    target.set(source.subarray(start, end), at)
    return at + end - start
  }
  for (let from = start; from < end; from++) target[at++] = source[from]!
  return at
}

export function writeOctets(target: Uint8Array, at: number, source: Uint8Array): number {
  return copyOctets(target, at, source, 0, source.length)
}

/** Whether source[start, end) is `lower` (ASCII letters, digits and hyphens, in lower case) in any case. */
export function matches(source: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false
  for (let index = 0; index < lower.length; index++) {
    const octet = source[start + index]!
    if ((octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet) !== lower[index]) return false
  }
  return true
}

/** Decimal digits only, at most 15 of them, no superfluous zero; -1 otherwise. */
export function decimalOf(source: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15 || (source[start] === 0x30 && end - start > 1)) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = source[at]! - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** In lower-case hexadecimal, right-aligned so that it ends before target[end]; where it starts. */
export function writeHexBefore(target: Uint8Array, end: number, value: number): number {
  let at = end
  do {
    const digit = value & 15
    target[--at] = digit < 10 ? 0x30 + digit : 0x57 + digit
    value = Math.floor(value / 16)
  } while (value > 0)
  return at
}

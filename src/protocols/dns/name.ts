/**
 * Domain names: labels of bytes on the wire (RFC 1035 §3.1, compressed §4.1.4) and text, in which bytes that are no
 * visible ASCII, dots inside labels and backslashes are escaped (§5.1). Text has no dot at its end; the root is ''.
 */

/** RFC 1035 §2.3.4, lengths and the final zero included. */
const MAX_NAME_BYTES = 255
const MAX_LABEL_BYTES = 63
/** A name has at most 127 labels, and nobody honest points from a pointer to a pointer. */
const MAX_POINTERS = 64

const DOT = 0x2e
const BACKSLASH = 0x5c

export interface DecodedName {
  readonly name: string
  /** Behind the name where it began, not where a pointer led to. */
  readonly end: number
}

/** Undefined: cut off, too long, or with pointers that do not lead strictly backwards. */
export function decodeName(message: Uint8Array, at: number): DecodedName | undefined {
  const labels: string[] = []
  let end: number | undefined
  let bytes = 1
  let pointers = 0
  let position = at
  // Every pointer must lead before the piece of name that it ends: so there is no loop.
  let pieceStart = at
  for (;;) {
    const length = message[position]
    if (length === undefined) return undefined
    if (length === 0) return { name: labels.join('.'), end: end ?? position + 1 }
    if (length >= 0xc0) {
      const low = message[position + 1]
      if (low === undefined) return undefined
      end ??= position + 2
      const target = ((length & 0x3f) << 8) | low
      pointers += 1
      if (target >= pieceStart || pointers > MAX_POINTERS) return undefined
      position = target
      pieceStart = target
      continue
    }
    bytes += length + 1
    if (length > MAX_LABEL_BYTES || bytes > MAX_NAME_BYTES || position + 1 + length > message.length)
      return undefined
    labels.push(formatLabel(message.subarray(position + 1, position + 1 + length)))
    position += 1 + length
  }
}

/** Uncompressed. Undefined: a label is empty or too long, the whole too long, or an escape is none. */
export function encodeName(name: string): Uint8Array | undefined {
  const text = name.endsWith('.') && !name.endsWith('\\.') ? name.slice(0, -1) : name
  if (text === '') return name === '' || name === '.' ? Uint8Array.of(0) : undefined
  const wire: number[] = []
  let lengthAt = 0
  wire.push(0)
  for (let index = 0; index < text.length; ) {
    const code = text.charCodeAt(index)
    if (code === DOT) {
      if (wire.length - lengthAt - 1 === 0) return undefined
      wire[lengthAt] = wire.length - lengthAt - 1
      lengthAt = wire.length
      wire.push(0)
      index += 1
      continue
    }
    const unescaped = code === BACKSLASH ? unescape(text, index) : { byte: code, next: index + 1 }
    if (unescaped === undefined || unescaped.byte > 0xff) return undefined
    wire.push(unescaped.byte)
    index = unescaped.next
    if (wire.length - lengthAt - 1 > MAX_LABEL_BYTES || wire.length >= MAX_NAME_BYTES) return undefined
  }
  if (wire.length - lengthAt - 1 === 0) return undefined
  wire[lengthAt] = wire.length - lengthAt - 1
  wire.push(0)
  return Uint8Array.from(wire)
}

/** RFC 4343: names differ in more than the case of ASCII letters. */
export const canonicalName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** What a host can be called: letters, digits, hyphens (RFC 1123 §2.1), and the underscores that real zones have. */
export function isHostName(name: string): boolean {
  const text = name.endsWith('.') ? name.slice(0, -1) : name
  return text.length <= 253 && text.split('.').every((label) => /^[\w-]{1,63}$/.test(label))
}

function formatLabel(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

function unescape(text: string, at: number): { byte: number; next: number } | undefined {
  const digits = text.slice(at + 1, at + 4)
  if (/^\d{3}$/.test(digits)) return { byte: Number(digits), next: at + 4 }
  const next = text.charCodeAt(at + 1)
  return Number.isNaN(next) || /^\d/.test(digits) ? undefined : { byte: next, next: at + 2 }
}

/**
 * Keys as text: 44 characters of base64 (RFC 4648 §4) for 32 bytes, as `wg` prints them; and the two ways a
 * Secret may hold one, raw bytes or that text. Own base64: the model uses no platform.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map(ALPHABET.split('').map((character, value) => [character, value]))
// The 43rd character carries 4 bits, so its two low bits must be zero.
const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

/** Whether a text is a key as `wg` accepts it: canonical base64 of exactly 32 bytes. */
export const isKeyText = (text: string): boolean => KEY.test(text)

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const bits = (a << 16) | (b << 8) | c
    const left = bytes.length - at
    text += ALPHABET.charAt(bits >> 18) + ALPHABET.charAt((bits >> 12) & 63)
    text += left > 1 ? ALPHABET.charAt((bits >> 6) & 63) : '='
    text += left > 2 ? ALPHABET.charAt(bits & 63) : '='
  }
  return text
}

/** Undefined unless the text is base64 with its padding; white space around and inside is ignored, as in YAML blocks. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/\s+/g, '')
  if (compact.length % 4 !== 0) return undefined
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((compact.length / 4) * 3 - padding)
  let bits = 0
  for (let at = 0; at < compact.length; at++) {
    const isPadding = at >= compact.length - padding
    const value = isPadding ? 0 : VALUES.get(compact.charAt(at))
    if (value === undefined) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    if (at % 4 !== 3) continue
    const start = (at >> 2) * 3
    for (const [index, shift] of [16, 8, 0].entries()) {
      if (start + index < bytes.length) bytes[start + index] = (bits >> shift) & 255
    }
  }
  return bytes
}

/** The key in a value of a Secret, as text: 32 raw bytes, or the base64 text of 32 bytes. */
export function keyFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 32) return encodeBase64(bytes)
  if (bytes.length > 64) return undefined
  const text = String.fromCharCode(...bytes).trim()
  return isKeyText(text) ? text : undefined
}

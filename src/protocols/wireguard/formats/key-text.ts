/**
 * WireGuard keys as text: 44 characters of base64 (RFC 4648 §4) in files, 64 lower-case hexadecimal digits in
 * the UAPI. Both always mean 32 bytes. Messages about a key never repeat it: it may be a private one.
 */

export const KEY_BYTES = 32
/** All zeros: the UAPI's and `wg`'s word for "no key". */
export const ZERO_KEY = `${'A'.repeat(43)}=`

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]))

/** 32 bytes, or undefined when the text is not exactly the canonical base64 of 32 bytes. */
export function decodeKey(text: string): Uint8Array | undefined {
  if (text.length !== 44 || text[43] !== '=') return undefined
  const bytes = new Uint8Array(33)
  for (let quad = 0; quad < 11; quad += 1) {
    let bits = 0
    for (let index = quad * 4; index < quad * 4 + 4; index += 1) {
      const value = index === 43 ? 0 : VALUES.get(text[index]!)
      if (value === undefined) return undefined
      bits = (bits << 6) | value
    }
    bytes[quad * 3] = bits >> 16
    bytes[quad * 3 + 1] = bits >> 8
    bytes[quad * 3 + 2] = bits
  }
  // The last two bits of the 43rd character are beyond the 32 bytes; one key has one spelling only.
  return bytes[32] === 0 ? bytes.subarray(0, KEY_BYTES) : undefined
}

export function encodeKey(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < 33; index += 3) {
    const bits = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | (bytes[index + 2] ?? 0)
    for (const shift of [18, 12, 6, 0]) text += ALPHABET[(bits >> shift) & 63]
  }
  return `${text.slice(0, 43)}=`
}

export function keyFromHex(hex: string): string | undefined {
  if (!/^[\da-f]{64}$/i.test(hex)) return undefined
  return encodeKey(
    Uint8Array.from({ length: KEY_BYTES }, (_, index) =>
      Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
    ),
  )
}

/** Throws on text that is no key: callers hold validated keys. */
export function keyToHex(key: string): string {
  const bytes = decodeKey(key)
  if (!bytes) throw new Error('not a WireGuard key')
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function isKey(text: string): boolean {
  return decodeKey(text) !== undefined
}

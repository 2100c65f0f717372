/**
 * Names that fit: a text that is too long is cut and ends in a hash of the whole (SHA-256, FIPS 180-4), so that
 * it is the same everywhere and for ever, and two long names that begin alike stay apart.
 */
import { sha256 } from '@noble/hashes/sha2.js'

/** Lower-case letters and digits that are not mistaken for each other. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** 5 bits a character. */
export function hashText(text: string, length: number): string {
  const bytes = sha256(new TextEncoder().encode(text))
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  let hash = ''
  for (let at = 0; at < length; at++) hash += ALPHABET.charAt(Number((bits >> BigInt(251 - 5 * at)) & 31n))
  return hash
}

/** The name of a link: at most 15 bytes (IFNAMSIZ). `prefix-` and 12 characters of hash when it is longer. */
export const linkNameOf = (prefix: string, text: string): string =>
  prefix.length + 1 + text.length <= 15
    ? `${prefix}-${text}`
    : `${prefix}-${hashText(text, 14 - prefix.length)}`

/** The value of a label: at most 63 bytes. */
export const labelOf = (text: string): string =>
  text.length <= 63 ? text : `${text.slice(0, 46).replace(/[^a-z0-9]+$/, '')}-${hashText(text, 16)}`

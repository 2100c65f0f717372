/** Poly1305 as RFC 8439 §2.5.1 writes it, with numbers of any size: slow and obvious. */

const P = (1n << 130n) - 5n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn

/** Of whole blocks of 16 bytes. */
export function slowPoly1305(key: Uint8Array, text: Uint8Array): Uint8Array {
  const r = number(key.subarray(0, 16)) & CLAMP
  const s = number(key.subarray(16, 32))
  let accumulator = 0n
  for (let at = 0; at < text.length; at += 16)
    accumulator = ((accumulator + number(text.subarray(at, at + 16)) + (1n << 128n)) * r) % P
  const tag = accumulator + s
  return Uint8Array.from({ length: 16 }, (_, index) => Number((tag >> BigInt(index * 8)) & 255n))
}

const number = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

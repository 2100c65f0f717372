/**
 * The port for ChaCha20-Poly1305 (RFC 8439 §2.8) as WireGuard uses it: no additional data, and a nonce of
 * four zero bytes followed by a 64-bit little-endian counter (paper §5.4.6). Everything happens in place,
 * because a copy per packet costs as much as the cipher.
 *
 * node-aead.ts implements it with node:crypto; faster ones stand in for it. All pass test/contracts/aead.test.ts.
 */

export interface Aead {
  /** Takes a copy of the 32 bytes. */
  key(bytes: Uint8Array): AeadKey
}

export interface AeadKey {
  /** Encrypts buffer[offset, offset + length) in place and writes the 16 tag bytes after it. `counter` < 2^53. */
  seal(buffer: Uint8Array, offset: number, length: number, counter: number): void
  /**
   * Decrypts buffer[offset, offset + length) in place; `length` includes the tag. True if authentic; otherwise
   * the bytes there are undefined and must not be used.
   */
  open(buffer: Uint8Array, offset: number, length: number, counter: number): boolean
  dispose(): void
}

export const TAG_LENGTH = 16

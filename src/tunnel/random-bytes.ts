/** Unpredictable bytes in small pieces: a call into the crypto library for each sequence number would cost more than it. */
import { randomFillSync } from 'node:crypto'

const BLOCK_BYTES = 4096

const block = new Uint8Array(BLOCK_BYTES)
let used = BLOCK_BYTES

/** That many, the caller's own; nothing of them is kept here. */
export function randomBytesOf(length: number): Uint8Array {
  if (length > BLOCK_BYTES / 8) return randomFillSync(new Uint8Array(length))
  if (used + length > BLOCK_BYTES) {
    randomFillSync(block)
    used = 0
  }
  const bytes = block.slice(used, used + length)
  block.fill(0, used, used + length)
  used += length
  return bytes
}

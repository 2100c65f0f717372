/** Bytes that two ends can make for themselves and compare by their digest. */
import { createHash } from 'node:crypto'

const BLOCK_BYTES = 65_521

/** Blocks of odd length that repeat late: what is lost, repeated or swapped changes the digest. */
export function* pattern(count: number): Generator<Buffer> {
  for (let sent = 0, block = 0; sent < count; block++) {
    const length = Math.min(BLOCK_BYTES, count - sent)
    yield Buffer.alloc(length, `${block % 251}:behind the tunnel:${block % 17}`)
    sent += length
  }
}

export function digestOfPattern(count: number): string {
  const hash = createHash('sha256')
  for (const chunk of pattern(count)) hash.update(chunk)
  return hash.digest('hex')
}

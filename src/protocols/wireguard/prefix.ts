/**
 * A prefix of either family as numbers: its length, and its address as four words of 32 bits, big-endian and
 * signed, as the bit operators want them. IPv4 fills the first word. Text as in RFC 4632 and RFC 4291 §2.3.
 */
import { formatAddress, parseAddress } from './formats/index.ts'

export type PrefixWords = readonly [number, number, number, number]

export interface Prefix {
  readonly family: 4 | 6
  readonly length: number
  readonly words: PrefixWords
}

/** Undefined when it is none. Host bits are cleared; no length means the whole address. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = '', lengthText, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (!bytes || rest.length > 0) return undefined
  const length = lengthText === undefined ? bytes.length * 8 : Number(lengthText)
  if (lengthText !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(lengthText)) return undefined
  if (length > bytes.length * 8) return undefined
  const padded = new Uint8Array(16)
  padded.set(bytes)
  const words = [readWord(padded, 0), readWord(padded, 4), readWord(padded, 8), readWord(padded, 12)] as const
  return { family: bytes.length === 4 ? 4 : 6, length, words: masked(words, length) }
}

export function formatPrefix({ family, length, words }: Prefix): string {
  const view = new DataView(new ArrayBuffer(16))
  for (const [index, word] of words.entries()) view.setInt32(index * 4, word)
  return `${formatAddress(new Uint8Array(view.buffer, 0, family === 4 ? 4 : 16))}/${length}`
}

/** With the bits behind `length` cleared. */
export function masked(words: PrefixWords, length: number): PrefixWords {
  const mask = (index: number): number => {
    const bits = Math.min(32, Math.max(0, length - index * 32))
    return bits === 0 ? 0 : words[index]! & (-1 << (32 - bits))
  }
  return [mask(0), mask(1), mask(2), mask(3)]
}

/** Four bytes as one word. */
export function readWord(buffer: Uint8Array, offset: number): number {
  return (
    (buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!
  )
}

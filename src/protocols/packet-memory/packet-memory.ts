/**
 * The memory that packets live in from one descriptor to the other: one block that never moves, read and written
 * as bytes by system calls (its address is known), by the cipher, and by a little WebAssembly that copies and sums
 * without making garbage.
 *
 * Sums are the ones'-complement sums of RFC 1071 over little-endian 16-bit words, unfolded (32 bits); `foldSum`
 * makes them 16 bits. The order of bytes does not matter to such a sum as long as it is written back the same way
 * (RFC 1071 §2 B), so everything here and in its callers stays little-endian, headers' checksum fields included.
 */
import { CHECKSUM_MODULE } from './checksum-module.ts'

const PAGE_BYTES = 65536

export interface PacketMemory {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Of bytes[from, from + length); an odd last byte is the low half of a word. */
  sum(from: number, length: number): number
  copy(to: number, from: number, length: number): void
  /** Copies, and returns the sum of what it copied. The two must not overlap. */
  copySum(to: number, from: number, length: number): number
}

/** At least that many bytes. With `plain`, without WebAssembly: the slow twin, and for processors without SIMD. */
export function allocatePacketMemory(size: number, o: { plain?: boolean } = {}): PacketMemory {
  const pages = Math.ceil(size / PAGE_BYTES)
  if (o.plain) return plainMemory(new ArrayBuffer(pages * PAGE_BYTES))
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  let functions: ChecksumFunctions
  try {
    const module = new WebAssembly.Module(CHECKSUM_MODULE)
    functions = new WebAssembly.Instance(module, { e: { m: memory } }).exports as ChecksumFunctions
  } catch (error) {
    // No SIMD in this processor (before SSE4.1), or in an emulated one.
    if (error instanceof WebAssembly.CompileError) return plainMemory(memory.buffer)
    throw error
  }
  return {
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    sum: functions.s,
    copy: functions.m,
    copySum: functions.c,
  }
}

interface ChecksumFunctions {
  readonly s: (from: number, length: number) => number
  readonly m: (to: number, from: number, length: number) => void
  readonly c: (to: number, from: number, length: number) => number
}

/** What we use of the global: neither the es2024 library nor Node's types declare it. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly CompileError: new () => Error
}

function plainMemory(buffer: ArrayBuffer): PacketMemory {
  const bytes = new Uint8Array(buffer)
  const view = new DataView(buffer)
  const sum = (from: number, length: number): number => {
    let total = 0
    const even = length & ~1
    for (let index = 0; index < even; index += 2) total += view.getUint16(from + index, true)
    return length === even ? total : total + view.getUint8(from + even)
  }
  const copy = (to: number, from: number, length: number): void => {
    bytes.copyWithin(to, from, from + length)
  }
  const copySum = (to: number, from: number, length: number): number => {
    copy(to, from, length)
    return sum(to, length)
  }
  return { bytes, view, sum, copy, copySum }
}

/** Of an unfolded sum below 2^32: 64 KiB of payload and its headers. */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16)
  return (once & 0xffff) + (once >>> 16)
}

/** A number as the word it is in a packet, for adding to a sum: the bytes swapped. */
export const networkWord = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff)

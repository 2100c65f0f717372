/**
 * Where things are in packet memory.
 *
 *   0 ─ message headers, iovecs ─ FRAME: one read from the TUN ─ OUT: sealed datagrams, back to back ─ IN: received
 *
 * Every area begins at least 64 bytes after the one before: the cipher borrows that much in front of a packet.
 */
import { UDP_MESSAGE_BYTES } from '../linux/index.ts'

/** The largest IP packet, or UDP burst. */
export const MAX_BURST_BYTES = 65535

export const SEND_MESSAGE = 64
export const RECEIVE_MESSAGE = SEND_MESSAGE + UDP_MESSAGE_BYTES
export const VECTORS = 1024
const VECTORS_BYTES = 4096
export const FRAME = VECTORS + VECTORS_BYTES + 64
export const FRAME_BYTES = MAX_BURST_BYTES + 128
export const OUT = align(FRAME + FRAME_BYTES + 64)
const OUT_BYTES = 3 * 65536
export const OUT_END = OUT + OUT_BYTES
/** Of runs of datagrams. */
export const SENDING = { message: SEND_MESSAGE, from: OUT, end: OUT_END }
export const IN = align(OUT_END + 64)
const IN_BYTES = 4 * 65536
export const IN_END = IN + IN_BYTES
export const MEMORY_BYTES = IN_END + 64

function align(at: number): number {
  return (at + 63) & ~63
}

/**
 * Where things are in a tunnel's packet memory.
 *
 *   0 ─ message headers ─ IN: one received burst ─ OUT: sealed datagrams, back to back
 *
 * One burst is enough: the stack has copied what it keeps before the next is received, and a small area stays in the
 * processor's cache. Every area begins at least 64 bytes after the one before: the cipher borrows that much.
 */
import { UDP_MESSAGE_BYTES } from '../linux/index.ts'

/** The largest UDP burst. */
export const MAX_BURST_BYTES = 65535

export const SEND_MESSAGE = 64
export const RECEIVE_MESSAGE = SEND_MESSAGE + UDP_MESSAGE_BYTES
export const IN = 1024
export const OUT = IN + 65536 + 64
const OUT_BYTES = 4 * 65536
export const OUT_END = OUT + OUT_BYTES
/** Of runs of datagrams. */
export const SENDING = { message: SEND_MESSAGE, from: OUT, end: OUT_END }
export const MEMORY_BYTES = OUT_END + 64

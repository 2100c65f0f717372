/**
 * Options: maximum segment size (RFC 9293 §3.7.1), window scale and timestamps (RFC 7323 §2.2, §3.2), SACK (RFC 2018).
 * Whatever is unknown is skipped (RFC 9293 §3.1, MUST-6); from the first impossible length on nothing is believed
 * (MUST-7), but the segment stands.
 */
import type { Segment } from './segment.ts'

const END_OF_LIST = 0
const NO_OPERATION = 1
const MAXIMUM_SEGMENT_SIZE = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const SACK = 5
const TIMESTAMPS = 8

export const MSS_OPTION_BYTES = 4
/** With two NOPs before them, so that everything stays aligned (RFC 7323 Appendix A). */
export const TIMESTAMPS_OPTION_BYTES = 12
export const SACK_OPTION_BYTES = 4
export const SACK_BLOCK_BYTES = 8
/** RFC 7323 §2.3: what exceeds it is taken for it. */
export const MAX_WINDOW_SCALE = 14

/** Data segments have nothing else: the layout that everybody sends, NOP NOP TIMESTAMPS 10. */
const ALIGNED_TIMESTAMPS = 0x0101080a

export function decodeOptions(view: DataView, from: number, length: number, into: Segment): void {
  into.maximumSegmentBytes = 0
  into.windowScale = -1
  into.sackPermitted = false
  into.hasTimestamps = false
  into.sackCount = 0
  let at = from
  const end = from + length
  if (length >= TIMESTAMPS_OPTION_BYTES && view.getUint32(at) === ALIGNED_TIMESTAMPS) {
    takeTimestamps(view, at + 4, into)
    at += TIMESTAMPS_OPTION_BYTES
  }
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === END_OF_LIST) return
    if (kind === NO_OPERATION) {
      at += 1
      continue
    }
    if (at + 2 > end) return
    const optionLength = view.getUint8(at + 1)
    if (optionLength < 2 || at + optionLength > end) return
    takeOption(view, kind, at + 2, optionLength - 2, into)
    at += optionLength
  }
}

// oxlint-disable-next-line eslint/max-params -- once per option: an options object would be garbage
function takeOption(view: DataView, kind: number, at: number, length: number, into: Segment): void {
  if (kind === TIMESTAMPS) {
    if (length === 8) takeTimestamps(view, at, into)
  } else if (kind === SACK) {
    takeSack(view, at, length, into)
  } else if (kind === MAXIMUM_SEGMENT_SIZE) {
    if (length === 2) into.maximumSegmentBytes = view.getUint16(at)
  } else if (kind === WINDOW_SCALE) {
    if (length === 1) into.windowScale = Math.min(view.getUint8(at), MAX_WINDOW_SCALE)
  } else if (kind === SACK_PERMITTED) {
    if (length === 0) into.sackPermitted = true
  }
}

function takeTimestamps(view: DataView, at: number, into: Segment): void {
  into.hasTimestamps = true
  into.timestamp = view.getInt32(at)
  into.timestampEcho = view.getInt32(at + 4)
}

function takeSack(view: DataView, at: number, length: number, into: Segment): void {
  if (length % SACK_BLOCK_BYTES !== 0) return
  const count = Math.min(length / SACK_BLOCK_BYTES, into.sackEdges.length / 2)
  for (let index = 0; index < 2 * count; index++) into.sackEdges[index] = view.getInt32(at + 4 * index)
  into.sackCount = count
}

/** Returns how many bytes it wrote; so do the others. */
export function writeTimestamps(view: DataView, at: number, timestamp: number, echo: number): number {
  view.setUint32(at, ALIGNED_TIMESTAMPS)
  view.setInt32(at + 4, timestamp)
  view.setInt32(at + 8, echo)
  return TIMESTAMPS_OPTION_BYTES
}

/** The blocks themselves follow: `SACK_BLOCK_BYTES` each. */
export function writeSackHeader(view: DataView, at: number, blocks: number): number {
  view.setUint32(at, 0x01010000 | (SACK << 8) | (2 + blocks * SACK_BLOCK_BYTES))
  return SACK_OPTION_BYTES
}

export function writeMaximumSegmentSize(view: DataView, at: number, bytes: number): number {
  view.setUint32(at, (MAXIMUM_SEGMENT_SIZE << 24) | (MSS_OPTION_BYTES << 16) | bytes)
  return MSS_OPTION_BYTES
}

export function writeSackPermitted(view: DataView, at: number): number {
  view.setUint32(at, 0x01010000 | (SACK_PERMITTED << 8) | 2)
  return 4
}

export function writeWindowScale(view: DataView, at: number, shift: number): number {
  view.setUint32(at, (NO_OPERATION << 24) | (WINDOW_SCALE << 16) | (3 << 8) | shift)
  return 4
}

/**
 * One segment of a connection, straight into the packet: IP header, TCP header, options, text from the send buffer,
 * checksum. Whatever is sent acknowledges what has arrived and tells the window.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import { PROTOCOL_TCP, transportChecksum, writeIpHeader } from '../ip/header.ts'
import type { Connection } from './connection.ts'
import { writeSynOptions } from './handshake.ts'
import { SACK_BLOCK_BYTES, SACK_OPTION_BYTES, writeSackHeader, writeTimestamps } from './options.ts'
import { ACK, MAX_SACK_BLOCKS, SYN, TCP_HEADER_BYTES } from './segment.ts'
import { distance } from './sequence.ts'
import { SYN_RECEIVED } from './states.ts'

/** Length of the whole packet. `length` bytes of text from `sequence` on. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function writeSegment(
  c: Connection,
  memory: PacketMemory,
  at: number,
  sequence: number,
  flags: number,
  length: number,
  nowMs: number,
): number {
  const { view } = memory
  const { receiver, sender } = c
  const headerAt = at + c.ipHeaderBytes
  let to = headerAt + TCP_HEADER_BYTES
  let window: number
  if ((flags & SYN) !== 0) {
    to += writeSynOptions(c, memory, to, nowMs)
    window = receiver.window.openingField(receiver.next)
  } else {
    if (c.usesTimestamps) to += writeTimestamps(view, to, c.timestampAt(nowMs), c.recentTimestamp)
    if (length < sender.segmentBytes && c.usesSack) to += writeSack(c, view, to, sender.segmentBytes - length)
    window =
      c.state === SYN_RECEIVED
        ? receiver.window.openingFieldScaled()
        : receiver.window.field(receiver.next, receiver.readyBytes, sender.segmentBytes)
  }
  view.setUint16(headerAt, c.localPort)
  view.setUint16(headerAt + 2, c.remotePort)
  view.setInt32(headerAt + 4, sequence)
  view.setInt32(headerAt + 8, (flags & ACK) === 0 ? 0 : receiver.next)
  view.setUint16(headerAt + 12, ((to - headerAt) << 10) | flags)
  view.setUint16(headerAt + 14, window)
  view.setUint32(headerAt + 16, 0)
  if (length > 0) sender.buffer.copyInto(distance(sender.oldest, sequence), length, memory.bytes, to)
  const segmentLength = to + length - headerAt
  view.setUint16(headerAt + 16, transportChecksum(memory, headerAt, segmentLength, c.pseudoSum), true)
  writeIpHeader(memory, at, c.local, c.remote, PROTOCOL_TCP, segmentLength, 0)
  c.lastAcknowledgmentSent = receiver.next
  // Full segments have no room to tell of holes: a bare acknowledgment follows.
  const keepsSilent =
    length >= sender.segmentBytes && c.usesSack && (receiver.hasHoles || receiver.hasDuplicate)
  if (!keepsSilent) c.acknowledgment.sent()
  // More than one can tell of.
  if (c.usesSack && (receiver.hasDuplicate || (receiver.hasHoles && receiver.reassembly!.unreported > 0)))
    c.acknowledgment.isDue = true
  return c.ipHeaderBytes + segmentLength
}

/** RFC 2018 §4, RFC 2883 §4: what arrived twice comes first. As many blocks as there is room for. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function writeSack(c: Connection, view: DataView, at: number, room: number): number {
  const { receiver } = c
  const { reassembly } = receiver
  if (!receiver.hasDuplicate && (reassembly === undefined || reassembly.count === 0)) return 0
  const most = c.usesTimestamps ? MAX_SACK_BLOCKS - 1 : MAX_SACK_BLOCKS
  const limit = Math.min(most, Math.floor((room - SACK_OPTION_BYTES) / SACK_BLOCK_BYTES))
  if (limit <= 0) return 0
  const from = at + SACK_OPTION_BYTES
  let blocks = 0
  if (receiver.hasDuplicate) {
    view.setInt32(from, receiver.duplicateStart)
    view.setInt32(from + 4, receiver.duplicateEnd)
    receiver.duplicateReported()
    blocks = 1
  }
  if (reassembly !== undefined)
    blocks += reassembly.writeBlocks(view, from + blocks * SACK_BLOCK_BYTES, limit - blocks)
  writeSackHeader(view, at, blocks)
  return SACK_OPTION_BYTES + blocks * SACK_BLOCK_BYTES
}

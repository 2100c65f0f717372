/**
 * What stands between the fixed header and the payload: options of IPv4 (RFC 791 §3.1) and extension headers of IPv6
 * (RFC 8200 §4). We obey none of them; they are walked within bounds, and what asks for more is refused.
 */
import type { Inbound } from './inbound.ts'

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const NO_NEXT_HEADER = 59
const DESTINATION_OPTIONS = 60

/** RFC 8200 §4.1 needs no more than six, in any order (RFC 8504 §5.3 lets a node choose). */
const MAX_EXTENSION_HEADERS = 8
const FRAGMENT_HEADER_BYTES = 8

const ERRONEOUS_FIELD = 0
const UNRECOGNIZED_NEXT_HEADER = 1
const UNRECOGNIZED_OPTION = 2

const END_OF_OPTIONS = 0
const NO_OPERATION = 1
const LOOSE_SOURCE_ROUTE = 131
const STRICT_SOURCE_ROUTE = 137

/** False: malformed, or routed by its source (RFC 7126 §4.3, §4.4). */
export function areOptionsFine(packet: Inbound, headerBytes: number): boolean {
  const { bytes } = packet.memory
  const end = packet.packetAt + headerBytes
  let at = packet.packetAt + 20
  while (at < end) {
    const type = bytes[at]!
    if (type === END_OF_OPTIONS) return true
    if (type === NO_OPERATION) {
      at += 1
      continue
    }
    if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE || at + 2 > end) return false
    const length = bytes[at + 1]!
    if (length < 2 || at + length > end) return false
    at += length
  }
  return true
}

/**
 * Moves `packet.at`, `length` and `protocol` to what is behind the headers. `fragment`: at a piece of a datagram, with
 * the fields of its header taken over; `problem`: to be reported, with `problemCode` and `problemPointer`. What was
 * `reassembled` has no header of the unfragmentable part left, and no second fragment header.
 */
export function walkExtensionHeaders(
  packet: Inbound,
  reassembled: boolean,
): 'payload' | 'fragment' | 'drop' | 'problem' {
  let mayBeFragment = !reassembled
  for (let count = 0; count <= MAX_EXTENSION_HEADERS; count++) {
    switch (packet.protocol) {
      case HOP_BY_HOP:
      case DESTINATION_OPTIONS: {
        // §4.1: those for each hop come right after the fixed header or nowhere.
        if (packet.protocol === HOP_BY_HOP && (count > 0 || reassembled))
          return problem(packet, UNRECOGNIZED_NEXT_HEADER, packet.packetAt + packet.protocolAt)
        const outcome = walkOptions(packet)
        if (outcome !== 'payload') return outcome
        break
      }
      case ROUTING:
        if (headerLength(packet) === 0) return 'drop'
        // §4.4, RFC 5095: a type that we do not know, and we know none, is ignored only when there is nothing left of it.
        if (packet.memory.bytes[packet.at + 3] !== 0) return problem(packet, ERRONEOUS_FIELD, packet.at + 2)
        skip(packet, headerLength(packet))
        break
      case FRAGMENT:
        if (!mayBeFragment || !readFragmentHeader(packet)) return 'drop'
        if (packet.isFragment) return 'fragment'
        mayBeFragment = false
        break
      case NO_NEXT_HEADER:
        return 'drop'
      default:
        return 'payload'
    }
  }
  return 'drop'
}

/** 0 when it is not all there. */
function headerLength(packet: Inbound): number {
  if (packet.length < 8) return 0
  const length = (packet.memory.bytes[packet.at + 1]! + 1) * 8
  return length <= packet.length ? length : 0
}

function skip(packet: Inbound, length: number): void {
  packet.protocol = packet.memory.bytes[packet.at]!
  packet.protocolAt = packet.at - packet.packetAt
  packet.at += length
  packet.length -= length
}

/** RFC 8200 §4.2: the two highest bits of an unknown option say what to do. */
function walkOptions(packet: Inbound): 'payload' | 'drop' | 'problem' {
  const { bytes } = packet.memory
  const length = headerLength(packet)
  if (length === 0) return 'drop'
  const end = packet.at + length
  let at = packet.at + 2
  while (at < end) {
    const type = bytes[at]!
    // Pad1 has no length.
    if (type === 0) {
      at += 1
      continue
    }
    if (at + 2 > end || at + 2 + bytes[at + 1]! > end) return 'drop'
    // 01: discard; 10, and 11 unless to a multicast address, which is never ours: discard and say so. 1 is PadN.
    if (type >= 0x80) return problem(packet, UNRECOGNIZED_OPTION, at)
    if (type >= 0x40) return 'drop'
    at += 2 + bytes[at + 1]!
  }
  skip(packet, length)
  return 'payload'
}

function readFragmentHeader(packet: Inbound): boolean {
  if (packet.length < FRAGMENT_HEADER_BYTES) return false
  const { view } = packet.memory
  const field = view.getUint16(packet.at + 2)
  packet.fragmentOffset = field & 0xfff8
  packet.moreFragments = (field & 1) !== 0
  packet.identification = view.getUint32(packet.at + 4)
  // A whole datagram with a fragment header (RFC 6946) has nothing to do with others of that identification.
  packet.isFragment = (field & 0xfff9) !== 0
  skip(packet, FRAGMENT_HEADER_BYTES)
  return true
}

function problem(packet: Inbound, code: number, at: number): 'problem' {
  packet.problemCode = code
  packet.problemPointer = at - packet.packetAt
  return 'problem'
}

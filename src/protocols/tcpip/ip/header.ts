/**
 * The fixed headers of IPv4 (RFC 791 §3.1) and IPv6 (RFC 8200 §3), and the sums over pseudo headers that TCP, UDP
 * and ICMPv6 need. Everything here runs once per packet: numbers go in, numbers come out.
 *
 * Sums are those of packet-memory: little-endian words, unfolded, so a checksum is stored little-endian too.
 */
import { foldSum, networkWord, type PacketMemory } from '../../packet-memory/index.ts'

export const IPV4_HEADER_BYTES = 20
export const IPV6_HEADER_BYTES = 40
export const MAX_IPV4_BYTES = 65_535

export const PROTOCOL_ICMP = 1
export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17
export const PROTOCOL_ICMPV6 = 58

/** RFC 1122 §3.2.1.7 leaves it to the host; 64 is what everybody uses. */
const HOP_LIMIT = 64
const DONT_FRAGMENT = 0x4000

/** Of what `writeIpHeader` writes before the payload to or from such an address. */
export const ipHeaderBytes = (address: Uint8Array): number =>
  address.length === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES

/**
 * At memory.bytes[at…], of the family of the addresses, both 4 or both 16 bytes. Returns its length. An IPv4 packet
 * must not be fragmented (RFC 1191 §3) and so needs no identification (RFC 6864 §4.1). `ecn`: 0 to 3.
 */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function writeIpHeader(
  memory: PacketMemory,
  at: number,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadLength: number,
  ecn: number,
): number {
  if (source.length === 4) {
    writeInetHeader(memory, at, source, destination, protocol, payloadLength, ecn, 0, DONT_FRAGMENT)
    return IPV4_HEADER_BYTES
  }
  writeInet6Header(memory, at, source, destination, protocol, payloadLength, ecn)
  return IPV6_HEADER_BYTES
}

/** `flagsAndOffset`: RFC 791's 3 bits and the offset in units of 8 bytes. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function writeInetHeader(
  memory: PacketMemory,
  at: number,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadLength: number,
  ecn: number,
  identification: number,
  flagsAndOffset: number,
): void {
  const { bytes, view } = memory
  view.setUint16(at, 0x4500 | ecn)
  view.setUint16(at + 2, IPV4_HEADER_BYTES + payloadLength)
  view.setUint16(at + 4, identification)
  view.setUint16(at + 6, flagsAndOffset)
  view.setUint16(at + 8, (HOP_LIMIT << 8) | protocol)
  view.setUint16(at + 10, 0)
  for (let index = 0; index < 4; index++) {
    bytes[at + 12 + index] = source[index]!
    bytes[at + 16 + index] = destination[index]!
  }
  view.setUint16(at + 10, internetChecksum(memory, at, IPV4_HEADER_BYTES), true)
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function writeInet6Header(
  memory: PacketMemory,
  at: number,
  source: Uint8Array,
  destination: Uint8Array,
  nextHeader: number,
  payloadLength: number,
  ecn: number,
): void {
  const { bytes, view } = memory
  view.setUint32(at, 0x6000_0000 | (ecn << 20))
  view.setUint16(at + 4, payloadLength)
  view.setUint16(at + 6, (nextHeader << 8) | HOP_LIMIT)
  for (let index = 0; index < 16; index++) {
    bytes[at + 8 + index] = source[index]!
    bytes[at + 24 + index] = destination[index]!
  }
}

/**
 * Of the pseudo header (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1) without the length, which differs from packet to packet:
 * a connection computes it once and adds `networkWord(length)`. The order of the addresses makes no difference.
 */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, protocol: number): number {
  let sum = networkWord(protocol)
  for (let index = 0; index < source.length; index += 2) {
    sum += source[index]! | (source[index + 1]! << 8)
    sum += destination[index]! | (destination[index + 1]! << 8)
  }
  return sum
}

/**
 * What to store, little-endian, in the checksum field of memory.bytes[at, at + length), where it is 0 now; or, over
 * what has arrived with its field in place, 0 when it is right. `pseudo`: from `pseudoHeaderSum`.
 */
export function transportChecksum(memory: PacketMemory, at: number, length: number, pseudo: number): number {
  return ~foldSum(memory.sum(at, length) + pseudo + networkWord(length)) & 0xffff
}

/** The same without a pseudo header: ICMP for IPv4, and its header. */
export function internetChecksum(memory: PacketMemory, at: number, length: number): number {
  return ~foldSum(memory.sum(at, length)) & 0xffff
}

/**
 * When two packets are neighbours of one flow, so that they may become one: the rules of the kernel's
 * tcp_gro_receive, udp_gro_receive_segment and inet_gro_receive. Headers must agree in everything that the merged
 * packet cannot say twice; the later packet must start where the earlier one ended.
 */
import * as ip from './internet-headers.ts'
import type { PacketMemory } from '../protocols/packet-memory/index.ts'
import { foldSum, networkWord } from '../protocols/packet-memory/index.ts'

/** One packet's shape. Reused: an object a packet would be garbage. */
export interface Shape {
  version: number
  protocol: number
  /** Length of the IP header: 20 or 40; others are not coalesced. */
  ipLength: number
  /** IP and transport header. */
  headersLength: number
  payloadLength: number
}

export const emptyShape = (): Shape => ({
  version: 0,
  protocol: 0,
  ipLength: 0,
  headersLength: 0,
  payloadLength: 0,
})

export type Kind =
  /** May start or continue a merged packet. */
  | 'mergeable'
  /** Belongs to a flow (its ports are there) but stays alone: no payload, or flags that mean something. */
  | 'alone'
  /** No flow that we order: other protocols, fragments, IP options, extension headers. */
  | 'foreign'

/** Reads packet [at, at + length) into `shape`. */
export function classify(view: DataView, at: number, length: number, shape: Shape): Kind {
  if (length < ip.IPV4_HEADER + ip.UDP_HEADER) return 'foreign'
  const first = view.getUint8(at)
  if (first === 0x45) {
    if ((view.getUint16(at + ip.IPV4_FRAGMENT) & ~ip.IPV4_DONT_FRAGMENT) !== 0) return 'foreign'
    if (view.getUint16(at + ip.IPV4_TOTAL_LENGTH) !== length) return 'foreign'
    shape.version = 4
    shape.ipLength = ip.IPV4_HEADER
    shape.protocol = view.getUint8(at + 9)
  } else if (first >> 4 === 6 && length >= ip.IPV6_HEADER + ip.UDP_HEADER) {
    if (view.getUint16(at + ip.IPV6_PAYLOAD_LENGTH) !== length - ip.IPV6_HEADER) return 'foreign'
    shape.version = 6
    shape.ipLength = ip.IPV6_HEADER
    shape.protocol = view.getUint8(at + ip.IPV6_NEXT_HEADER)
  } else {
    return 'foreign'
  }
  if (shape.protocol === ip.PROTOCOL_TCP) return classifyTcp(view, at, length, shape)
  return shape.protocol === ip.PROTOCOL_UDP ? classifyUdp(view, at, length, shape) : 'foreign'
}

function classifyTcp(view: DataView, at: number, length: number, shape: Shape): Kind {
  const tcp = at + shape.ipLength
  if (length < shape.ipLength + ip.TCP_HEADER) return 'foreign'
  const tcpLength = (view.getUint8(tcp + ip.TCP_OFFSET_AND_FLAGS) >> 4) * 4
  shape.headersLength = shape.ipLength + tcpLength
  shape.payloadLength = length - shape.headersLength
  // Malformed, but its ports are there: it keeps its place in the flow.
  if (tcpLength < ip.TCP_HEADER || shape.payloadLength < 0) return 'alone'
  const flags = view.getUint8(tcp + ip.TCP_FLAGS) & ~ip.TCP_PSH
  return flags === ip.TCP_ACK && shape.payloadLength > 0 ? 'mergeable' : 'alone'
}

function classifyUdp(view: DataView, at: number, length: number, shape: Shape): Kind {
  const udp = at + shape.ipLength
  shape.headersLength = shape.ipLength + ip.UDP_HEADER
  shape.payloadLength = length - shape.headersLength
  const said = view.getUint16(udp + ip.UDP_LENGTH)
  // A datagram without a checksum must stay without one: RFC 768.
  const whole = said === length - shape.ipLength && view.getUint16(udp + ip.UDP_CHECKSUM) !== 0
  return whole && shape.payloadLength > 0 ? 'mergeable' : 'alone'
}

/** Same addresses, ports and (given) protocol. */
export function sameFlow(view: DataView, shape: Shape, a: number, b: number): boolean {
  const { ipLength } = shape
  const from = shape.version === 4 ? ip.IPV4_SOURCE : ip.IPV6_SOURCE
  // The ports follow the addresses directly, because there are no options.
  for (let offset = from; offset < ipLength + 4; offset += 4) {
    if (view.getUint32(a + offset) !== view.getUint32(b + offset)) return false
  }
  return true
}

/** What the IP headers must share besides addresses: class, hop limit, DF, flow label. `count`: b's place after a. */
export function sameIp(view: DataView, a: number, b: number, count: number): boolean {
  if (view.getUint8(a) >> 4 === 6) {
    const same = view.getUint32(a) === view.getUint32(b)
    return same && view.getUint16(a + ip.IPV6_NEXT_HEADER) === view.getUint16(b + ip.IPV6_NEXT_HEADER)
  }
  const fragment = view.getUint16(a + ip.IPV4_FRAGMENT)
  if (fragment !== view.getUint16(b + ip.IPV4_FRAGMENT)) return false
  if (view.getUint16(a) !== view.getUint16(b)) return false
  if (view.getUint16(a + ip.IPV4_TTL) !== view.getUint16(b + ip.IPV4_TTL)) return false
  // RFC 6864 §4: the id means nothing where DF is set. Elsewhere segmentation counts it up again.
  if (fragment === ip.IPV4_DONT_FRAGMENT) return true
  return ((view.getUint16(a + ip.IPV4_ID) + count) & 0xffff) === view.getUint16(b + ip.IPV4_ID)
}

/** Acknowledgment, header length, window and options. Flags were looked at in `classify`. */
export function sameTcp(view: DataView, a: number, b: number, tcpLength: number): boolean {
  if (view.getUint32(a + ip.TCP_ACKNOWLEDGMENT) !== view.getUint32(b + ip.TCP_ACKNOWLEDGMENT)) return false
  if (view.getUint8(a + ip.TCP_OFFSET_AND_FLAGS) !== view.getUint8(b + ip.TCP_OFFSET_AND_FLAGS)) return false
  if (view.getUint16(a + ip.TCP_WINDOW) !== view.getUint16(b + ip.TCP_WINDOW)) return false
  for (let offset = ip.TCP_HEADER; offset < tcpLength; offset += 4) {
    if (view.getUint32(a + offset) !== view.getUint32(b + offset)) return false
  }
  return true
}

/**
 * Whether the packet's own checksums hold. The tunnel has authenticated every byte, but not that the sender's
 * application data was whole when it went in: merging computes a new checksum and must not hide an old wrong one.
 */
export function checksumsHold(memory: PacketMemory, shape: Shape, at: number): boolean {
  if (shape.version === 4 && foldSum(memory.sum(at, ip.IPV4_HEADER)) !== 0xffff) return false
  const transport = shape.headersLength - shape.ipLength + shape.payloadLength
  const sum = pseudoSum(memory, shape, at, transport) + memory.sum(at + shape.ipLength, transport)
  return foldSum(sum) === 0xffff
}

/** RFC 9293 §3.1, RFC 8200 §8.1. */
export function pseudoSum(memory: PacketMemory, shape: Shape, at: number, transportLength: number): number {
  const addresses = memory.sum(at + ip.addressesAt(shape.version), ip.addressesLength(shape.version))
  return addresses + networkWord(shape.protocol) + networkWord(transportLength)
}

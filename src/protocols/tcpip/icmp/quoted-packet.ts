/**
 * An ICMP error that arrived, taken apart: what it says (RFC 792, RFC 1122 §3.2.2.1, RFC 4443 §3) about which packet
 * of ours. It quotes the beginning of that packet; one that we can not have sent is nobody's business.
 */
import {
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../ip/header.ts'
import type { InboundPacket, QuotedPacket } from '../layers.ts'
import {
  DESTINATION_UNREACHABLE,
  ECHO_REQUEST,
  FRAGMENTATION_NEEDED,
  ICMP_HEADER_BYTES,
  TIME_EXCEEDED,
  V6_DESTINATION_UNREACHABLE,
  V6_ECHO_REQUEST,
  V6_PACKET_TOO_BIG,
  V6_TIME_EXCEEDED,
} from './message.ts'

export interface Quote {
  /** Of the transport; for an echo request, `localPort` is its identifier and `remotePort` its number. */
  readonly protocol: 'tcp' | 'udp' | 'echo'
  readonly packet: QuotedPacket
}

const FRAGMENT = 44
/** RFC 792: at least as much of the transport is quoted. */
const QUOTED_TRANSPORT_BYTES = 8

/** `packet` stands at the ICMP header. Undefined: it is no error that anybody acts on, or makes no sense. */
export function readQuote(packet: InboundPacket): Quote | undefined {
  const { memory, at, length, family } = packet
  if (length < ICMP_HEADER_BYTES) return undefined
  const kind = family === 4 ? kindOf(packet) : kindOfV6(packet)
  if (kind === undefined) return undefined
  const quotedAt = at + ICMP_HEADER_BYTES
  const transport = family === 4 ? findTransport(packet, quotedAt) : findTransportV6(packet, quotedAt)
  if (transport === undefined) return undefined
  const { bytes, view } = memory
  const protocol = protocolOf(transport.protocol, bytes[transport.at]!)
  if (protocol === undefined) return undefined
  const [sourceAt, size] = family === 4 ? [quotedAt + 12, 4] : [quotedAt + 8, 16]
  const portsAt = transport.at + (protocol === 'echo' ? 4 : 0)
  return {
    protocol,
    packet: {
      kind,
      local: bytes.slice(sourceAt, sourceAt + size),
      remote: bytes.slice(sourceAt + size, sourceAt + 2 * size),
      localPort: view.getUint16(portsAt),
      remotePort: view.getUint16(portsAt + 2),
      sequence: protocol === 'tcp' ? view.getUint32(transport.at + 4) : 0,
      mtuBytes:
        kind === 'packet-too-big' ? (family === 4 ? view.getUint16(at + 6) : view.getUint32(at + 4)) : 0,
    },
  }
}

function kindOf({ memory, at }: InboundPacket): QuotedPacket['kind'] | undefined {
  const code = memory.bytes[at + 1]!
  // Out of hops: what it means to us is that the host is not reached (RFC 1122 §3.2.2.4).
  if (memory.bytes[at] === TIME_EXCEEDED) return code === 0 ? 'unreachable-host' : undefined
  if (memory.bytes[at] !== DESTINATION_UNREACHABLE) return undefined
  if (code === FRAGMENTATION_NEEDED) return 'packet-too-big'
  return UNREACHABLE_CODES[code]
}

/** RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1; 4 is the one above. */
const UNREACHABLE_CODES: readonly (QuotedPacket['kind'] | undefined)[] = [
  ...(['unreachable-net', 'unreachable-host', 'unreachable-port', 'unreachable-port', undefined] as const),
  ...(['unreachable-net', 'unreachable-net', 'unreachable-host', 'unreachable-host', 'prohibited'] as const),
  ...([
    'prohibited',
    'unreachable-net',
    'unreachable-host',
    'prohibited',
    'prohibited',
    'prohibited',
  ] as const),
]

function kindOfV6({ memory, at }: InboundPacket): QuotedPacket['kind'] | undefined {
  const code = memory.bytes[at + 1]!
  switch (memory.bytes[at]!) {
    case V6_DESTINATION_UNREACHABLE:
      return V6_UNREACHABLE_CODES[code]
    case V6_PACKET_TOO_BIG:
      return 'packet-too-big'
    case V6_TIME_EXCEEDED:
      return code === 0 ? 'unreachable-host' : undefined
    default:
      return undefined
  }
}

/** RFC 4443 §3.1. */
const V6_UNREACHABLE_CODES: readonly QuotedPacket['kind'][] = [
  ...(['unreachable-net', 'prohibited', 'unreachable-net', 'unreachable-host', 'unreachable-port'] as const),
  ...(['prohibited', 'prohibited'] as const),
]

interface Transport {
  readonly protocol: number
  readonly at: number
}

function findTransport({ memory, at, length }: InboundPacket, quotedAt: number): Transport | undefined {
  const { bytes, view } = memory
  const left = at + length - quotedAt
  if (left < IPV4_HEADER_BYTES || bytes[quotedAt]! >> 4 !== 4) return undefined
  const headerBytes = (bytes[quotedAt]! & 0x0f) * 4
  if (headerBytes < IPV4_HEADER_BYTES || left < headerBytes + QUOTED_TRANSPORT_BYTES) return undefined
  // Only the first fragment has ports.
  if ((view.getUint16(quotedAt + 6) & 0x1fff) !== 0) return undefined
  return { protocol: bytes[quotedAt + 9]!, at: quotedAt + headerBytes }
}

function findTransportV6({ memory, at, length }: InboundPacket, quotedAt: number): Transport | undefined {
  const { bytes, view } = memory
  const end = at + length
  if (end - quotedAt < IPV6_HEADER_BYTES + QUOTED_TRANSPORT_BYTES || bytes[quotedAt]! >> 4 !== 6)
    return undefined
  const behind = quotedAt + IPV6_HEADER_BYTES
  const protocol = bytes[quotedAt + 6]!
  if (protocol !== FRAGMENT) return { protocol, at: behind }
  // The only extension header that we send.
  if (end - behind < 8 + QUOTED_TRANSPORT_BYTES || (view.getUint16(behind + 2) & 0xfff8) !== 0)
    return undefined
  return { protocol: bytes[behind]!, at: behind + 8 }
}

function protocolOf(protocol: number, firstByte: number): Quote['protocol'] | undefined {
  if (protocol === PROTOCOL_TCP) return 'tcp'
  if (protocol === PROTOCOL_UDP) return 'udp'
  if (protocol === PROTOCOL_ICMP && firstByte === ECHO_REQUEST) return 'echo'
  return protocol === PROTOCOL_ICMPV6 && firstByte === V6_ECHO_REQUEST ? 'echo' : undefined
}

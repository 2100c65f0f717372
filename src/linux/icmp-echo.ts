/**
 * ICMP and ICMPv6 echo messages (RFC 792, RFC 4443 §4.1 and §4.2), as raw sockets take and give them: an IPv4 socket
 * hands over the IP header too, an IPv6 socket does not; the kernel fills in the checksum of ICMPv6, which covers a
 * pseudo header, and leaves that of ICMP to us.
 *
 *   type u8 | code u8 | checksum u16 | identifier u16 | sequence u16 | data
 */

export const ECHO_HEADER_BYTES = 8
/** Bytes of an IP header without options. */
export const IP_HEADER_BYTES = { 4: 20, 6: 40 } as const

const TYPES = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const
const FILLER = 0x77

export interface Echo {
  readonly identifier: number
  readonly sequence: number
}

export interface EchoRequestOptions extends Echo {
  readonly family: 4 | 6
  readonly dataBytes: number
}

export function encodeEchoRequest({
  family,
  identifier,
  sequence,
  dataBytes,
}: EchoRequestOptions): Uint8Array {
  const packet = new Uint8Array(ECHO_HEADER_BYTES + dataBytes).fill(FILLER, ECHO_HEADER_BYTES)
  const view = new DataView(packet.buffer)
  view.setUint8(0, TYPES[family].request)
  view.setUint16(4, identifier)
  view.setUint16(6, sequence)
  if (family === 4) view.setUint16(2, internetChecksum(packet))
  return packet
}

/** What a raw ICMP socket received; undefined for anything but an echo reply. */
export function decodeEchoReply(received: Uint8Array, family: 4 | 6): Echo | undefined {
  const start = family === 4 ? ((received[0] ?? 0) & 15) * 4 : 0
  if (received.length < start + ECHO_HEADER_BYTES) return undefined
  const view = new DataView(received.buffer, received.byteOffset + start, ECHO_HEADER_BYTES)
  if (view.getUint8(0) !== TYPES[family].reply) return undefined
  return { identifier: view.getUint16(4), sequence: view.getUint16(6) }
}

/** RFC 1071. */
export function internetChecksum(bytes: Uint8Array, seed = 0): number {
  let sum = seed
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/**
 * IP packets of both families built the slow, obvious way, whole or as fragments, right or wrong in chosen places:
 * what the stack in protocols/tcpip is shown. Checksums straight from RFC 1071.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { onesSum } from './internet-packets.ts'

export interface IpDescription {
  readonly source: string
  readonly destination: string
  /** IPv6: of the first header behind the fixed one. */
  readonly protocol: number
  readonly payload: Uint8Array
  readonly identification?: number
  /** IPv4: the 3 bits of flags and the offset in units of 8 bytes. */
  readonly fragmentField?: number
  readonly options?: Uint8Array
  readonly trafficClass?: number
}

export function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (!isIPv6(text)) throw new RangeError(`not an address: ${text}`)
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  const [head = '', tail] = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, inetAsGroups).split('::')
  const groups = (half: string) => (half === '' ? [] : half.split(':'))
  const missing = 8 - groups(head).length - groups(tail ?? '').length
  const all = [...groups(head), ...new Array<string>(missing).fill('0'), ...groups(tail ?? '')]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const inetAsGroups = (_: string, ...bytes: string[]): string => {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

export function ipPacket(d: IpDescription): Buffer {
  return isIPv4(d.source) ? inetPacket(d) : inet6Packet(d)
}

function inetPacket(d: IpDescription): Buffer {
  const options = d.options ?? Buffer.alloc(0)
  const header = Buffer.alloc(20 + options.length)
  header.writeUInt8(0x40 | (header.length / 4), 0)
  header.writeUInt8(d.trafficClass ?? 0, 1)
  header.writeUInt16BE(header.length + d.payload.length, 2)
  header.writeUInt16BE(d.identification ?? 0, 4)
  header.writeUInt16BE(d.fragmentField ?? 0, 6)
  header.writeUInt8(64, 8)
  header.writeUInt8(d.protocol, 9)
  header.set(addressBytes(d.source), 12)
  header.set(addressBytes(d.destination), 16)
  header.set(options, 20)
  header.writeUInt16BE(~onesSum(header) & 0xffff, 10)
  return Buffer.concat([header, d.payload])
}

function inet6Packet(d: IpDescription): Buffer {
  const header = Buffer.alloc(40)
  header.writeUInt32BE((0x60000000 | ((d.trafficClass ?? 0) << 20)) >>> 0, 0)
  header.writeUInt16BE(d.payload.length, 4)
  header.writeUInt8(d.protocol, 6)
  header.writeUInt8(64, 7)
  header.set(addressBytes(d.source), 8)
  header.set(addressBytes(d.destination), 24)
  return Buffer.concat([header, d.payload])
}

export interface Ends {
  readonly source: string
  readonly destination: string
}

/** The sum of the pseudo header (RFC 768, RFC 8200 §8.1) goes into it, unless `checksum` is given. */
export function udpDatagram(
  ends: Ends,
  d: { from: number; to: number; data: Uint8Array; checksum?: number; length?: number },
): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), d.data])
  datagram.writeUInt16BE(d.from, 0)
  datagram.writeUInt16BE(d.to, 2)
  datagram.writeUInt16BE(d.length ?? datagram.length, 4)
  datagram.writeUInt16BE(d.checksum ?? (transportSum(ends, 17, datagram) || 0xffff), 6)
  return datagram
}

/** `rest`: everything behind the checksum. */
export function icmpMessage(ends: Ends, d: { type: number; code: number; rest: Uint8Array }): Buffer {
  const message = Buffer.concat([Buffer.from([d.type, d.code, 0, 0]), d.rest])
  const isInet = isIPv4(ends.source)
  message.writeUInt16BE(isInet ? ~onesSum(message) & 0xffff : transportSum(ends, 58, message), 2)
  return message
}

export function transportSum(ends: Ends, protocol: number, segment: Uint8Array): number {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(segment.length)
  const pseudo = [
    addressBytes(ends.source),
    addressBytes(ends.destination),
    length,
    Buffer.from([0, 0, 0, protocol]),
  ]
  return ~onesSum(Buffer.concat([...pseudo, segment])) & 0xffff
}

export interface FragmentDescription extends Ends {
  readonly protocol: number
  readonly identification: number
  readonly offset: number
  readonly more: boolean
  readonly payload: Uint8Array
  readonly trafficClass?: number
}

/** One piece of a datagram: the fields of RFC 791 §3.1, or the header of RFC 8200 §4.5. */
export function fragmentPacket(d: FragmentDescription): Buffer {
  if (isIPv4(d.source)) return ipPacket({ ...d, fragmentField: (d.offset / 8) | (d.more ? 0x2000 : 0) })
  const header = Buffer.alloc(8)
  header.writeUInt8(d.protocol, 0)
  header.writeUInt16BE(d.offset | (d.more ? 1 : 0), 2)
  header.writeUInt32BE(d.identification, 4)
  return ipPacket({ ...d, protocol: 44, payload: Buffer.concat([header, d.payload]) })
}

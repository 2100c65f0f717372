/**
 * IP, TCP and UDP packets built the slow, obvious way from what they say: the twin of the device's segmentation and
 * coalescing. Checksums straight from RFC 1071, one big-endian word after the other.
 */

export interface PacketDescription {
  readonly version: 4 | 6
  readonly protocol: 'tcp' | 'udp'
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly sourcePort: number
  readonly destinationPort: number
  readonly trafficClass: number
  readonly hopLimit: number
  /** IPv4 only. */
  readonly id: number
  readonly dontFragment: boolean
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  readonly urgent?: number
  /** A multiple of four bytes. */
  readonly options: Uint8Array
  readonly payload: Uint8Array
}

/** The whole packet; `partial`: with only the pseudo header's sum in the checksum field, as the kernel hands it over. */
export function buildPacket(d: PacketDescription, o: { partial?: boolean } = {}): Buffer {
  const transport = d.protocol === 'tcp' ? tcpHeader(d) : udpHeader(d)
  const field = d.protocol === 'tcp' ? 16 : 6
  const segment = Buffer.concat([transport, d.payload])
  const number = d.protocol === 'tcp' ? 6 : 17
  const length = Buffer.from([0, 0, segment.length >> 8, segment.length & 0xff])
  const pseudo = Buffer.concat([d.source, d.destination, Buffer.from([0, 0, 0, number]), length])
  let checksum = o.partial ? onesSum(pseudo) : ~onesSum(Buffer.concat([pseudo, segment])) & 0xffff
  if (d.protocol === 'udp' && !o.partial && checksum === 0) checksum = 0xffff
  segment.writeUInt16BE(checksum, field)
  return Buffer.concat([ipHeader(d, segment.length, number), segment])
}

/** What the network must see instead of one super packet. */
export function segmentSlowly(d: PacketDescription, size: number): Buffer[] {
  const packets: Buffer[] = []
  for (let at = 0; at < d.payload.length; at += size) {
    const isLast = at + size >= d.payload.length
    let flags = d.flags
    if (!isLast) flags &= ~0x09
    if (at > 0) flags &= ~0x80
    packets.push(
      buildPacket({
        ...d,
        flags,
        id: (d.id + packets.length) & 0xffff,
        sequence: (d.sequence + at) >>> 0,
        payload: d.payload.subarray(at, at + size),
      }),
    )
  }
  return packets
}

export function vnetHeader(d: PacketDescription, o: { size: number }): Buffer {
  const header = Buffer.alloc(10)
  const ipLength = d.version === 4 ? 20 : 40
  const isTcp = d.protocol === 'tcp'
  header.writeUInt8(1, 0)
  header.writeUInt8(o.size === 0 ? 0 : isTcp ? (d.version === 4 ? 1 : 4) : 5, 1)
  header.writeUInt16LE(ipLength + (isTcp ? 20 + d.options.length : 8), 2)
  header.writeUInt16LE(o.size, 4)
  header.writeUInt16LE(ipLength, 6)
  header.writeUInt16LE(isTcp ? 16 : 6, 8)
  return header
}

export function onesSum(bytes: Uint8Array): number {
  let sum = 0
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return sum
}

function tcpHeader(d: PacketDescription): Buffer {
  const header = Buffer.alloc(20 + d.options.length)
  header.writeUInt16BE(d.sourcePort, 0)
  header.writeUInt16BE(d.destinationPort, 2)
  header.writeUInt32BE(d.sequence, 4)
  header.writeUInt32BE(d.acknowledgment, 8)
  header.writeUInt8((header.length / 4) << 4, 12)
  header.writeUInt8(d.flags, 13)
  header.writeUInt16BE(d.window, 14)
  header.writeUInt16BE(d.urgent ?? 0, 18)
  header.set(d.options, 20)
  return header
}

function udpHeader(d: PacketDescription): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(d.sourcePort, 0)
  header.writeUInt16BE(d.destinationPort, 2)
  header.writeUInt16BE(8 + d.payload.length, 4)
  return header
}

function ipHeader(d: PacketDescription, length: number, protocol: number): Buffer {
  if (d.version === 6) {
    const header = Buffer.alloc(40)
    header.writeUInt32BE((0x60000000 | (d.trafficClass << 20) | 0x12345) >>> 0, 0)
    header.writeUInt16BE(length, 4)
    header.writeUInt8(protocol, 6)
    header.writeUInt8(d.hopLimit, 7)
    header.set(d.source, 8)
    header.set(d.destination, 24)
    return header
  }
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt8(d.trafficClass, 1)
  header.writeUInt16BE(20 + length, 2)
  header.writeUInt16BE(d.id, 4)
  header.writeUInt16BE(d.dontFragment ? 0x4000 : 0, 6)
  header.writeUInt8(d.hopLimit, 8)
  header.writeUInt8(protocol, 9)
  header.set(d.source, 12)
  header.set(d.destination, 16)
  header.writeUInt16BE(~onesSum(header) & 0xffff, 10)
  return header
}

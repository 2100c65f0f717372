/**
 * One packet as it is read: the fixed header of IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3), and what the stack finds
 * out about it further on. The same object, and the same four arrays for addresses, serve for every packet.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { InboundPacket } from '../layers.ts'
import type { StackDrop } from '../stack-api.ts'
import { internetChecksum, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from './header.ts'

export class Inbound implements InboundPacket {
  memory: PacketMemory
  at = 0
  length = 0
  family: 4 | 6 = 4
  source: Uint8Array
  destination: Uint8Array
  ecn: 0 | 1 | 2 | 3 = 0
  packetAt = 0
  packetLength = 0
  /** Of the payload: once all headers were walked, the one that a layer knows. */
  protocol = 0
  /** Of the field that says so, from the start of the packet. */
  protocolAt = 0
  /** Set for a piece of a datagram: where it belongs, in bytes, and whether more follow. */
  isFragment = false
  fragmentOffset = 0
  moreFragments = false
  identification = 0
  /** Of a parameter problem to be reported (RFC 4443 §3.4): its code, and where, from the start of the packet. */
  problemCode = 0
  problemPointer = 0

  readonly #sources = [new Uint8Array(4), new Uint8Array(16)] as const
  readonly #destinations = [new Uint8Array(4), new Uint8Array(16)] as const

  constructor(memory: PacketMemory) {
    this.memory = memory
    this.source = this.#sources[0]
    this.destination = this.#destinations[0]
  }

  /** Versions, lengths and, if asked, the header's checksum. Bytes behind the packet (padding) are not looked at. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  read(memory: PacketMemory, at: number, length: number, checkHeader: boolean): StackDrop | undefined {
    this.memory = memory
    this.packetAt = at
    this.isFragment = false
    if (length < IPV4_HEADER_BYTES) return 'malformed'
    const version = memory.bytes[at]! >> 4
    if (version === 4) return this.#readInet(length, checkHeader)
    return version === 6 ? this.#readInet6(length) : 'malformed'
  }

  #readInet(length: number, checkHeader: boolean): StackDrop | undefined {
    const { bytes, view } = this.memory
    const at = this.packetAt
    const headerBytes = (bytes[at]! & 0x0f) * 4
    const packetLength = view.getUint16(at + 2)
    if (headerBytes < IPV4_HEADER_BYTES || packetLength < headerBytes || packetLength > length)
      return 'malformed'
    if (checkHeader && internetChecksum(this.memory, at, headerBytes) !== 0) return 'checksum'
    const fragment = view.getUint16(at + 6)
    this.family = 4
    this.source = this.#sources[0]
    this.destination = this.#destinations[0]
    this.#copyAddresses(at + 12)
    this.ecn = (bytes[at + 1]! & 3) as 0 | 1 | 2 | 3
    this.packetLength = packetLength
    this.at = at + headerBytes
    this.length = packetLength - headerBytes
    this.protocol = bytes[at + 9]!
    this.protocolAt = 9
    if ((fragment & 0x3fff) !== 0) {
      this.isFragment = true
      this.fragmentOffset = (fragment & 0x1fff) * 8
      this.moreFragments = (fragment & 0x2000) !== 0
      this.identification = view.getUint16(at + 4)
    }
    return undefined
  }

  #readInet6(length: number): StackDrop | undefined {
    const { bytes, view } = this.memory
    const at = this.packetAt
    if (length < IPV6_HEADER_BYTES) return 'malformed'
    const payloadLength = view.getUint16(at + 4)
    if (IPV6_HEADER_BYTES + payloadLength > length) return 'malformed'
    this.family = 6
    this.source = this.#sources[1]
    this.destination = this.#destinations[1]
    this.#copyAddresses(at + 8)
    this.ecn = ((bytes[at + 1]! >> 4) & 3) as 0 | 1 | 2 | 3
    this.packetLength = IPV6_HEADER_BYTES + payloadLength
    this.at = at + IPV6_HEADER_BYTES
    this.length = payloadLength
    this.protocol = bytes[at + 6]!
    this.protocolAt = 6
    return undefined
  }

  #copyAddresses(at: number): void {
    const { bytes } = this.memory
    const { source, destination } = this
    const count = source.length
    for (let index = 0; index < count; index++) {
      source[index] = bytes[at + index]!
      destination[index] = bytes[at + count + index]!
    }
  }
}

/**
 * Cuts what the kernel gives us through a TUN with offloads into packets that fit the tunnel: a TCP super packet
 * (TSO), a UDP one (USO), or a single packet whose checksum the kernel left to us.
 *
 *   memory: … │vnet 10│ IP │ TCP │ payload, up to 64 KiB │ …
 *                       └──┬──┘  └ gso size ┘└ gso size ┘└ rest ┘
 *   each out: headers copied, lengths, IPv4 id, sequence, flags and checksums of its own
 *
 * The rules are those of the kernel's own tcp_gso_segment and inet_gso_segment: ids count up, FIN and PSH stay with
 * the last segment, CWR with the first. Little-endian sums: see protocols/packet-memory.
 */
import {
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_GSO_ECN,
  VIRTIO_NET_HDR_GSO_NONE,
  VIRTIO_NET_HDR_GSO_TCPV4,
  VIRTIO_NET_HDR_GSO_TCPV6,
  VIRTIO_NET_HDR_GSO_UDP_L4,
  VNET_CSUM_OFFSET,
  VNET_CSUM_START,
  VNET_GSO_SIZE,
  VNET_GSO_TYPE,
  VNET_HEADER_BYTES,
} from '../linux/index.ts'
import * as ip from './internet-headers.ts'
import { foldSum, networkWord, type PacketMemory } from '../protocols/packet-memory/index.ts'

type Transport = 'tcp' | 'udp' | 'whole'

/** One frame at a time: `begin`, then `next` until it returns 0. Holds numbers only, so a frame makes no garbage. */
export class Segmenter {
  readonly #memory: PacketMemory
  #transport: Transport = 'whole'
  #version = 0
  /** Where the frame's packet, its transport header and its payload start, and where the packet ends. */
  #packet = 0
  #headersLength = 0
  #transportLength = 0
  #payload = 0
  #end = 0
  #size = 0
  #index = 0
  /** Sums over everything in the headers that is the same in all segments. */
  #ipSum = 0
  #transportSum = 0
  #id = 0
  #sequence = 0
  #offsetAndFlags = 0

  constructor(memory: PacketMemory) {
    this.#memory = memory
  }

  /** `at`: the vnet header, `length`: with it. False if that is no frame we can cut; nothing is to be sent then. */
  begin(at: number, length: number): boolean {
    const { view } = this.#memory
    this.#packet = at + VNET_HEADER_BYTES
    this.#end = at + length
    if (this.#end < this.#packet + ip.IPV4_HEADER) return false
    this.#version = view.getUint8(this.#packet) >> 4
    const flags = view.getUint8(at)
    const type = view.getUint8(at + VNET_GSO_TYPE) & ~VIRTIO_NET_HDR_GSO_ECN
    const start = view.getUint16(at + VNET_CSUM_START, true)
    if (type === VIRTIO_NET_HDR_GSO_NONE) {
      this.#transport = 'whole'
      this.#payload = this.#packet
      if ((flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) === 0) return true
      return this.#completeChecksum(start, view.getUint16(at + VNET_CSUM_OFFSET, true))
    }
    this.#size = view.getUint16(at + VNET_GSO_SIZE, true)
    this.#index = 0
    if (this.#size === 0 || (this.#version !== 4 && this.#version !== 6)) return false
    if (start < (this.#version === 4 ? ip.IPV4_HEADER : ip.IPV6_HEADER)) return false
    if (type === VIRTIO_NET_HDR_GSO_UDP_L4) return this.#beginUdp(start)
    const isTcp = type === VIRTIO_NET_HDR_GSO_TCPV4 || type === VIRTIO_NET_HDR_GSO_TCPV6
    return isTcp && this.#beginTcp(start)
  }

  /** Writes the next packet at `to` (it may not overlap the frame) and returns its length, or 0 after the last. */
  next(to: number): number {
    const left = this.#end - this.#payload
    if (left <= 0) return 0
    if (this.#transport === 'whole') {
      this.#memory.copy(to, this.#payload, left)
      this.#payload = this.#end
      return left
    }
    const size = left < this.#size ? left : this.#size
    this.#memory.copy(to, this.#packet, this.#headersLength)
    const payloadSum = this.#memory.copySum(to + this.#headersLength, this.#payload, size)
    this.#payload += size
    const length = this.#headersLength + size
    this.#writeIp(to, length)
    const transport = to + this.#headersLength - this.#transportLength
    if (this.#transport === 'tcp') this.#writeTcp(transport, size, payloadSum)
    else this.#writeUdp(transport, size, payloadSum)
    this.#index++
    return length
  }

  /** Longest packet that `next` can return for this frame. */
  get longest(): number {
    return this.#transport === 'whole' ? this.#end - this.#payload : this.#headersLength + this.#size
  }

  #completeChecksum(start: number, offset: number): boolean {
    const from = this.#packet + start
    const field = from + offset
    if (field + 2 > this.#end) return false
    const sum = ~foldSum(this.#memory.sum(from, this.#end - from)) & 0xffff
    // RFC 768: a computed zero is sent as all ones, as zero means that there is none.
    const isUdp = offset === ip.UDP_CHECKSUM
    this.#memory.view.setUint16(field, sum === 0 && isUdp ? 0xffff : sum, true)
    return true
  }

  #beginTcp(start: number): boolean {
    const { view } = this.#memory
    const tcp = this.#packet + start
    if (tcp + ip.TCP_HEADER > this.#end) return false
    this.#transportLength = (view.getUint8(tcp + ip.TCP_OFFSET_AND_FLAGS) >> 4) * 4
    if (this.#transportLength < ip.TCP_HEADER || !this.#beginTransport('tcp', start)) return false
    this.#sequence = view.getUint32(tcp + ip.TCP_SEQUENCE)
    this.#offsetAndFlags = view.getUint16(tcp + ip.TCP_OFFSET_AND_FLAGS)
    view.setUint32(tcp + ip.TCP_SEQUENCE, 0)
    view.setUint16(tcp + ip.TCP_OFFSET_AND_FLAGS, 0)
    view.setUint16(tcp + ip.TCP_CHECKSUM, 0)
    this.#transportSum = this.#pseudoSum(ip.PROTOCOL_TCP) + this.#memory.sum(tcp, this.#transportLength)
    return true
  }

  #beginUdp(start: number): boolean {
    const { view } = this.#memory
    const udp = this.#packet + start
    this.#transportLength = ip.UDP_HEADER
    if (udp + ip.UDP_HEADER > this.#end || !this.#beginTransport('udp', start)) return false
    view.setUint16(udp + ip.UDP_LENGTH, 0)
    view.setUint16(udp + ip.UDP_CHECKSUM, 0)
    this.#transportSum = this.#pseudoSum(ip.PROTOCOL_UDP) + this.#memory.sum(udp, ip.UDP_HEADER)
    return true
  }

  /** What both have in common: the extent of the headers, and the IPv4 sum without what changes. */
  #beginTransport(transport: Transport, start: number): boolean {
    const { view } = this.#memory
    this.#transport = transport
    this.#headersLength = start + this.#transportLength
    this.#payload = this.#packet + this.#headersLength
    if (this.#payload > this.#end) return false
    if (this.#version === 4) {
      const headerLength = (view.getUint8(this.#packet) & 0x0f) * 4
      if (headerLength < ip.IPV4_HEADER || headerLength > start) return false
      this.#id = view.getUint16(this.#packet + ip.IPV4_ID)
      view.setUint16(this.#packet + ip.IPV4_TOTAL_LENGTH, 0)
      view.setUint16(this.#packet + ip.IPV4_ID, 0)
      view.setUint16(this.#packet + ip.IPV4_CHECKSUM, 0)
      this.#ipSum = this.#memory.sum(this.#packet, headerLength)
    }
    return true
  }

  /** RFC 9293 §3.1, RFC 8200 §8.1, without the length. */
  #pseudoSum(protocol: number): number {
    const at = this.#packet + ip.addressesAt(this.#version)
    return this.#memory.sum(at, ip.addressesLength(this.#version)) + networkWord(protocol)
  }

  #writeIp(to: number, length: number): void {
    const { view } = this.#memory
    if (this.#version === 6) {
      view.setUint16(to + ip.IPV6_PAYLOAD_LENGTH, length - ip.IPV6_HEADER)
      return
    }
    const id = (this.#id + this.#index) & 0xffff
    view.setUint16(to + ip.IPV4_TOTAL_LENGTH, length)
    view.setUint16(to + ip.IPV4_ID, id)
    const sum = this.#ipSum + networkWord(length) + networkWord(id)
    view.setUint16(to + ip.IPV4_CHECKSUM, ~foldSum(sum), true)
  }

  #writeTcp(tcp: number, size: number, payloadSum: number): void {
    const { view } = this.#memory
    const sequence = (this.#sequence + this.#index * this.#size) >>> 0
    let word = this.#offsetAndFlags
    if (this.#payload < this.#end) word &= ~(ip.TCP_FIN | ip.TCP_PSH)
    if (this.#index > 0) word &= ~ip.TCP_CWR
    view.setUint32(tcp + ip.TCP_SEQUENCE, sequence)
    view.setUint16(tcp + ip.TCP_OFFSET_AND_FLAGS, word)
    const sum =
      this.#transportSum +
      payloadSum +
      networkWord(this.#transportLength + size) +
      networkWord(sequence >>> 16) +
      networkWord(sequence) +
      networkWord(word)
    view.setUint16(tcp + ip.TCP_CHECKSUM, ~foldSum(sum), true)
  }

  #writeUdp(udp: number, size: number, payloadSum: number): void {
    const { view } = this.#memory
    const length = ip.UDP_HEADER + size
    view.setUint16(udp + ip.UDP_LENGTH, length)
    // The length counts twice: in the pseudo header and in the header itself.
    const sum = this.#transportSum + payloadSum + networkWord(length) * 2
    const checksum = ~foldSum(sum) & 0xffff
    view.setUint16(udp + ip.UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum, true)
  }
}

/**
 * Datagrams of UDP and ICMP on their way out: a bounded queue, and fragments where one is larger than its path
 * (RFC 791 §3.2, RFC 8200 §4.5). Routers may fragment those of IPv4 further, so each has an identification.
 */
import { foldSum, networkWord, type PacketMemory } from '../../packet-memory/index.ts'
import {
  internetChecksum,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  ipHeaderBytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  pseudoHeaderSum,
  transportChecksum,
  writeInet6Header,
  writeInetHeader,
} from './header.ts'
import type { Identifications } from './identification.ts'

const FRAGMENT_HEADER = 44
const FRAGMENT_HEADER_BYTES = 8
const MORE_FRAGMENTS = 0x2000
/** What a waiting datagram costs beside its bytes. */
const OVERHEAD_BYTES = 128

export interface OutboundDatagram {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  /** With the header of its protocol; the checksum in it is 0. */
  readonly payload: Uint8Array
  readonly checksumAt: number
  /** Called when its first packet leaves. */
  readonly onSent?: ((nowMs: number) => void) | undefined
}

export interface DatagramOutputOptions {
  readonly maxBytes: number
  readonly identifications: Identifications
  readonly pathMtu: (remote: Uint8Array) => number
}

export class DatagramOutput {
  readonly #options: DatagramOutputOptions
  #queue: OutboundDatagram[] = []
  #head = 0
  #queuedBytes = 0
  /** Of the datagram at the head: how much of it has left in fragments, and their identification. */
  #sentBytes = 0
  #identification = 0

  constructor(options: DatagramOutputOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#head === this.#queue.length
  }

  /** False: no room. */
  add(datagram: OutboundDatagram): boolean {
    const cost = datagram.payload.length + OVERHEAD_BYTES
    if (this.#queuedBytes + cost > this.#options.maxBytes) return false
    this.#queuedBytes += cost
    this.#queue.push(datagram)
    return true
  }

  /** One packet at memory.bytes[at…], or 0. */
  emit(memory: PacketMemory, at: number, nowMs: number): number {
    const datagram = this.#queue[this.#head]
    if (datagram === undefined) return 0
    const mtu = this.#options.pathMtu(datagram.destination)
    if (this.#sentBytes === 0) datagram.onSent?.(nowMs)
    const whole = ipHeaderBytes(datagram.destination) + datagram.payload.length
    if (this.#sentBytes === 0 && whole <= mtu) {
      this.#writeWhole(memory, at, datagram)
      this.#next(datagram)
      return whole
    }
    return this.#writeFragment(memory, at, datagram, mtu)
  }

  clear(): void {
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    this.#sentBytes = 0
  }

  #writeWhole(memory: PacketMemory, at: number, datagram: OutboundDatagram): void {
    const { source, destination, protocol, payload, checksumAt } = datagram
    const headerBytes = ipHeaderBytes(destination)
    const payloadAt = at + headerBytes
    memory.bytes.set(payload, payloadAt)
    const checksum =
      protocol === PROTOCOL_ICMP
        ? internetChecksum(memory, payloadAt, payload.length)
        : transportChecksum(memory, payloadAt, payload.length, pseudoHeaderSum(source, destination, protocol))
    memory.view.setUint16(payloadAt + checksumAt, presentable(checksum, protocol), true)
    if (headerBytes === IPV6_HEADER_BYTES)
      return writeInet6Header(memory, at, source, destination, protocol, payload.length, 0)
    const identification = this.#options.identifications.next(4)
    writeInetHeader(memory, at, source, destination, protocol, payload.length, 0, identification, 0)
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  #writeFragment(memory: PacketMemory, at: number, datagram: OutboundDatagram, mtu: number): number {
    const { source, destination, protocol, payload } = datagram
    if (this.#sentBytes === 0) {
      this.#identification = this.#options.identifications.next(source.length === 4 ? 4 : 6)
      fillInChecksum(datagram)
    }
    const isInet = source.length === 4
    const headerBytes = isInet ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES
    const offset = this.#sentBytes
    const rest = payload.length - offset
    const isLast = headerBytes + rest <= mtu
    const length = isLast ? rest : (mtu - headerBytes) & ~7
    memory.bytes.set(payload.subarray(offset, offset + length), at + headerBytes)
    if (isInet) {
      const field = (offset / 8) | (isLast ? 0 : MORE_FRAGMENTS)
      writeInetHeader(memory, at, source, destination, protocol, length, 0, this.#identification, field)
    } else {
      const payloadLength = length + FRAGMENT_HEADER_BYTES
      writeInet6Header(memory, at, source, destination, FRAGMENT_HEADER, payloadLength, 0)
      memory.view.setUint16(at + IPV6_HEADER_BYTES, protocol << 8)
      memory.view.setUint16(at + IPV6_HEADER_BYTES + 2, offset | (isLast ? 0 : 1))
      memory.view.setUint32(at + IPV6_HEADER_BYTES + 4, this.#identification)
    }
    this.#sentBytes += length
    if (isLast) this.#next(datagram)
    return headerBytes + length
  }

  #next(sent: OutboundDatagram): void {
    this.#queuedBytes -= sent.payload.length + OVERHEAD_BYTES
    this.#sentBytes = 0
    this.#head += 1
    if (this.#head < this.#queue.length && this.#head < 1_024) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }
}

/** RFC 768, RFC 8200 §8.1: a UDP checksum of 0 means none. */
const presentable = (checksum: number, protocol: number): number =>
  checksum === 0 && protocol === PROTOCOL_UDP ? 0xffff : checksum

/** Over a datagram that is never whole in packet memory. */
function fillInChecksum({ source, destination, protocol, payload, checksumAt }: OutboundDatagram): void {
  let sum = 0
  if (protocol !== PROTOCOL_ICMP)
    sum = pseudoHeaderSum(source, destination, protocol) + networkWord(payload.length)
  for (let index = 0; index < payload.length; index += 2)
    sum += payload[index]! | ((payload[index + 1] ?? 0) << 8)
  const checksum = presentable(~foldSum(sum) & 0xffff, protocol)
  payload[checksumAt] = checksum & 0xff
  payload[checksumAt + 1] = checksum >> 8
}

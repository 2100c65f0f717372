/**
 * A packet as a packet filter sees it: its headers byte by byte, and for each byte whether we know it. What nobody
 * can know beforehand (identifications, checksums) no sensible rule asks for.
 */
import { parseAddress } from '../../model/index.ts'

export interface Packet {
  readonly family: 4 | 6
  readonly protocol: 'udp' | 'icmp'
  readonly source: string | undefined
  readonly destination: string | undefined
  readonly sourcePort?: number | undefined
  readonly destinationPort?: number | undefined
  readonly inputLink?: string | undefined
  readonly outputLink?: string | undefined
  /** What connection tracking says of it. */
  readonly state: 'new' | 'established'
  /** Packets that are sent here carry the device's mark; others none. */
  readonly mark?: number | undefined
}

/** Bytes, and which of them we know. */
export class Known {
  readonly bytes: Uint8Array
  readonly isKnown: Uint8Array

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.isKnown = new Uint8Array(length)
  }

  set(at: number, values: Iterable<number>): this {
    let index = at
    for (const value of values) {
      if (index >= this.bytes.length) break
      this.bytes[index] = value
      this.isKnown[index] = 1
      index += 1
    }
    return this
  }

  /** What is shorter than its registers of 4 bytes is filled up with zeros (nft_reg_store8(), nft_payload_eval()). */
  fill(at: number, length: number): this {
    const end = at + Math.ceil(length / 4) * 4
    this.bytes.fill(0, at + length, end)
    this.isKnown.fill(1, at + length, end)
    return this
  }

  forget(at: number, length: number): void {
    this.isKnown.fill(0, at, at + length)
  }

  copy(from: Known, o: { readonly at: number; readonly length: number; readonly into: number }): void {
    for (let i = 0; i < o.length; i++) {
      const known = from.isKnown[o.at + i] === 1
      this.bytes[o.into + i] = known ? (from.bytes[o.at + i] ?? 0) : 0
      this.isKnown[o.into + i] = known ? 1 : 0
    }
  }
}

const NUMBERS = { 4: { udp: 17, icmp: 1 }, 6: { udp: 17, icmp: 58 } } as const
/** Echo request: RFC 792, RFC 4443 §4.1. */
const ECHO_REQUEST = { 4: 8, 6: 128 } as const
const ECHO_REPLY = { 4: 0, 6: 129 } as const

export const protocolNumber = ({ family, protocol }: Packet): number => NUMBERS[family][protocol]

/** RFC 791 §3.1, RFC 8200 §3. */
export const networkHeader = (packet: Packet): Known => {
  const v4 = packet.family === 4
  const header = new Known(v4 ? 20 : 40)
  header.set(0, v4 ? [0x45] : [0x60])
  // Not fragmented: some old rule sets ask.
  if (v4) header.set(6, [0x40, 0])
  header.set(v4 ? 9 : 6, [protocolNumber(packet)])
  if (packet.source !== undefined) header.set(v4 ? 12 : 8, addressBytes(packet.source))
  if (packet.destination !== undefined) header.set(v4 ? 16 : 24, addressBytes(packet.destination))
  return header
}

/** RFC 768; RFC 792. */
export const transportHeader = (packet: Packet): Known => {
  const header = new Known(8)
  if (packet.protocol === 'icmp') {
    const types = packet.state === 'new' ? ECHO_REQUEST : ECHO_REPLY
    return header.set(0, [types[packet.family], 0])
  }
  if (packet.sourcePort !== undefined) header.set(0, port(packet.sourcePort))
  if (packet.destinationPort !== undefined) header.set(2, port(packet.destinationPort))
  return header
}

const port = (value: number): number[] => [value >> 8, value & 255]

export const addressBytes = (text: string): number[] => {
  const address = parseAddress(text)
  if (address === undefined) return []
  const length = address.family === 4 ? 4 : 16
  return Array.from({ length }, (_, i) => Number((address.value >> BigInt((length - 1 - i) * 8)) & 255n))
}

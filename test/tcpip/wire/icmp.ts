/** ICMP and ICMPv6 messages (RFC 792, RFC 4443) as whole packets, and fragments of packets, the obvious way. */
import assert from 'node:assert/strict'
import { parseAddress } from '../../../src/linux/ip-text.ts'
import { onesSum } from '../../models/internet-packets.ts'

export interface IcmpPacket {
  readonly source: string
  readonly destination: string
  readonly type: number
  readonly code: number
  /** Bytes 4 to 7. */
  readonly rest: number
  readonly body: Uint8Array
}

export type IcmpError = 'unreachable-port' | 'unreachable-host' | 'unreachable-net' | 'prohibited' | 'too-big'

/** Type and code by family. */
const ERRORS: Readonly<Record<IcmpError, Readonly<Record<4 | 6, readonly [number, number]>>>> = {
  'unreachable-port': { 4: [3, 3], 6: [1, 4] },
  'unreachable-host': { 4: [3, 1], 6: [1, 3] },
  'unreachable-net': { 4: [3, 0], 6: [1, 0] },
  prohibited: { 4: [3, 13], 6: [1, 1] },
  'too-big': { 4: [3, 4], 6: [2, 0] },
}

const addressOf = (text: string): Uint8Array => {
  const bytes = parseAddress(text)
  assert.ok(bytes, `an address: ${text}`)
  return bytes
}

export interface RawIp {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly payload: Uint8Array
  readonly hopLimit?: number
  readonly id?: number
  /** The IPv4 field with flags and offset. */
  readonly fragment?: number
}

export function encodeIp(packet: RawIp): Buffer {
  const { protocol, payload, hopLimit = 64, id = 0, fragment = 0 } = packet
  const [source, destination] = [addressOf(packet.source), addressOf(packet.destination)]
  const header = Buffer.alloc(source.length === 4 ? 20 : 40)
  if (source.length === 4) {
    header.writeUInt8(0x45, 0)
    header.writeUInt16BE(20 + payload.length, 2)
    header.writeUInt16BE(id, 4)
    header.writeUInt16BE(fragment, 6)
    header.set([hopLimit, protocol], 8)
    header.set([...source, ...destination], 12)
    header.writeUInt16BE(~onesSum(header) & 0xffff, 10)
  } else {
    header.writeUInt8(0x60, 0)
    header.writeUInt16BE(payload.length, 4)
    header.set([protocol, hopLimit, ...source, ...destination], 6)
  }
  return Buffer.concat([header, payload])
}

export function encodeIcmp({ source, destination, type, code, rest, body }: IcmpPacket): Buffer {
  const message = Buffer.concat([Buffer.alloc(8), body])
  message.set([type, code])
  message.writeUInt32BE(rest >>> 0, 4)
  const [from, to] = [addressOf(source), addressOf(destination)]
  const length = Buffer.from([0, 0, message.length >> 8, message.length & 0xff])
  const pseudo = from.length === 4 ? [] : [from, to, length, Buffer.from([0, 0, 0, 58])]
  message.writeUInt16BE(~onesSum(Buffer.concat([...pseudo, message])) & 0xffff, 2)
  return encodeIp({ source, destination, protocol: from.length === 4 ? 1 : 58, payload: message })
}

/** As a router at `router` says it of `packet`, which it quotes in part (RFC 1812 §4.3.2.3: 28 bytes at least). */
export function encodeIcmpError(
  packet: Uint8Array,
  about: {
    kind: IcmpError
    router: string
    to: string
    mtuBytes?: number
    quoteBytes?: number
  },
): Buffer {
  const family = (packet[0] ?? 0) >> 4 === 6 ? 6 : 4
  const [type, code] = ERRORS[about.kind][family]
  const body = packet.subarray(0, about.quoteBytes ?? (family === 4 ? 28 : 1000))
  return encodeIcmp({
    ...{ source: about.router, destination: about.to, type, code },
    ...{ rest: about.mtuBytes ?? 0, body },
  })
}

/** IPv4 fragments of `size` bytes of payload each, a multiple of 8 (RFC 791 §3.2); IPv6 by an extension header. */
export function fragmentsOf(packet: Uint8Array, size: number, id = 77): Buffer[] {
  return (packet[0] ?? 0) >> 4 === 6 ? ipv6Fragments(packet, size, id) : ipv4Fragments(packet, size, id)
}

function ipv4Fragments(packet: Uint8Array, size: number, id: number): Buffer[] {
  const fragments: Buffer[] = []
  for (let at = 20; at < packet.length; at += size) {
    const piece = packet.subarray(at, at + size)
    const whole = Buffer.concat([packet.subarray(0, 20), piece])
    whole.writeUInt16BE(whole.length, 2)
    whole.writeUInt16BE(id, 4)
    whole.writeUInt16BE((at + size < packet.length ? 0x2000 : 0) | ((at - 20) >> 3), 6)
    whole.writeUInt16BE(0, 10)
    whole.writeUInt16BE(~onesSum(whole.subarray(0, 20)) & 0xffff, 10)
    fragments.push(whole)
  }
  return fragments
}

function ipv6Fragments(packet: Uint8Array, size: number, id: number): Buffer[] {
  const fragments: Buffer[] = []
  for (let at = 40; at < packet.length; at += size) {
    const extension = Buffer.alloc(8)
    extension.writeUInt8(packet[6] ?? 0, 0)
    extension.writeUInt16BE((at - 40) | (at + size < packet.length ? 1 : 0), 2)
    extension.writeUInt32BE(id, 4)
    const whole = Buffer.concat([packet.subarray(0, 40), extension, packet.subarray(at, at + size)])
    whole.writeUInt16BE(whole.length - 40, 4)
    whole.writeUInt8(44, 6)
    fragments.push(whole)
  }
  return fragments
}

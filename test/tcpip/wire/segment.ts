/**
 * TCP segments as values, and as whole IP packets, the slow and obvious way (RFC 9293 §3.1): what the packet scripts,
 * the simulation and the fuzz targets speak. A packet of the stack that does not decode here is a failure of its own.
 */
import assert from 'node:assert/strict'
import { formatAddress, parseAddress } from '../../../src/linux/ip-text.ts'
import { buildPacket, onesSum } from '../../models/internet-packets.ts'
import { decodeTcpOptions, encodeTcpOptions, type TcpOptions } from './tcp-options.ts'

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20

export interface SegmentEnds {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
}

export interface Segment extends SegmentEnds {
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  readonly urgent: number
  readonly options: TcpOptions
  readonly payload: Uint8Array
}

/** What an IP packet of ours carries, after every check that a careful receiver makes. */
export interface DecodedIp {
  readonly family: 4 | 6
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly hopLimit: number
  readonly dontFragment: boolean
  readonly payload: Uint8Array
}

export const TCP = 6
export const UDP = 17

const binary = (text: string): Uint8Array => {
  const bytes = parseAddress(text)
  assert.ok(bytes, `an address: ${text}`)
  return bytes
}

const text = (bytes: Uint8Array): string => formatAddress(bytes) ?? ''

export interface EncodeOptions {
  readonly id?: number
  readonly trafficClass?: number
}

export function encodeSegment(segment: Segment, { id = 0, trafficClass = 0 }: EncodeOptions = {}): Buffer {
  const source = binary(segment.source)
  return buildPacket({
    ...segment,
    ...{ version: source.length === 4 ? 4 : 6, protocol: 'tcp', trafficClass, hopLimit: 64, id },
    ...{ dontFragment: true, source, destination: binary(segment.destination) },
    options: encodeTcpOptions(segment.options),
  })
}

export function decodeIp(packet: Uint8Array): DecodedIp {
  const view = viewOf(packet)
  return (packet[0] ?? 0) >> 4 === 6 ? decodeIpv6(packet, view) : decodeIpv4(packet, view)
}

function decodeIpv4(packet: Uint8Array, view: DataView): DecodedIp {
  assert.equal(packet[0], 0x45, 'IPv4 without options')
  assert.equal(view.getUint16(2), packet.length, 'the total length')
  assert.equal(onesSum(packet.subarray(0, 20)), 0xffff, 'the header checksum')
  assert.equal(view.getUint16(6) & 0x3fff, 0, 'not a fragment')
  return {
    ...{ family: 4, source: text(packet.slice(12, 16)), hopLimit: view.getUint8(8) },
    ...{ destination: text(packet.slice(16, 20)), protocol: view.getUint8(9) },
    ...{ dontFragment: (view.getUint16(6) & 0x4000) !== 0, payload: packet.slice(20) },
  }
}

function decodeIpv6(packet: Uint8Array, view: DataView): DecodedIp {
  assert.equal(view.getUint16(4), packet.length - 40, 'the payload length')
  return {
    ...{ family: 6, source: text(packet.slice(8, 24)), hopLimit: view.getUint8(7) },
    ...{ destination: text(packet.slice(24, 40)), protocol: view.getUint8(6) },
    ...{ dontFragment: true, payload: packet.slice(40) },
  }
}

/** Undefined: it is not TCP. */
export function decodeSegment(packet: Uint8Array): Segment | undefined {
  const ip = decodeIp(packet)
  if (ip.protocol !== TCP) return undefined
  const { payload: bytes, source, destination } = ip
  assert.equal(transportSum(ip), 0xffff, 'the TCP checksum')
  const view = viewOf(bytes)
  const headerBytes = (view.getUint8(12) >> 4) * 4
  assert.ok(headerBytes >= 20 && headerBytes <= bytes.length, 'the data offset')
  assert.equal(view.getUint8(12) & 0x0f, 0, 'reserved bits are zero (RFC 9293 §3.1)')
  return {
    ...{ source, destination, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) },
    ...{ sequence: view.getUint32(4), acknowledgment: view.getUint32(8), flags: view.getUint8(13) },
    ...{ window: view.getUint16(14), urgent: view.getUint16(18) },
    options: decodeTcpOptions(bytes.subarray(20, headerBytes)),
    payload: bytes.slice(headerBytes),
  }
}

/** With the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1); 0xffff: right. */
export function transportSum({ source, destination, protocol, payload }: DecodedIp): number {
  const length = Buffer.from([
    payload.length >> 24,
    payload.length >> 16,
    payload.length >> 8,
    payload.length,
  ])
  const pseudo = [binary(source), binary(destination), Buffer.from([0, 0, 0, protocol]), length]
  return onesSum(Buffer.concat([...pseudo, payload]))
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const FLAG_LETTERS = ['F', 'S', 'R', 'P', 'U', 'E', 'C']
const FLAGS = [FIN, SYN, RST, PSH, URG, 0x40, 0x80]

/** `S. 1000:1000(0) ack 5 win 65535 <mss 1460>`, with numbers counted from the two given. */
export function formatSegment(segment: Segment, from: { sequence: number; acknowledgment: number }): string {
  const start = (segment.sequence - from.sequence) | 0
  const letters = FLAG_LETTERS.filter((_, index) => segment.flags & FLAGS[index]!)
  const flags = letters.join('') + (segment.flags & ACK ? '.' : '')
  const ack = segment.flags & ACK ? ` ack ${(segment.acknowledgment - from.acknowledgment) | 0}` : ''
  const urgent = segment.flags & URG ? ` urg ${segment.urgent}` : ''
  const sequence = `${start}:${start + segment.payload.length}(${segment.payload.length})`
  const options = formatOptions(segment.options, from.acknowledgment)
  return `${flags || '-'} ${sequence}${ack} win ${segment.window}${urgent}${options}`
}

function formatOptions(options: TcpOptions, base: number): string {
  const words = [
    ...(options.mss === undefined ? [] : [`mss ${options.mss}`]),
    ...(options.sackPermitted ? ['sackOK'] : []),
    ...(options.timestamps ? [`ts ${options.timestamps.value} ${options.timestamps.echo}`] : []),
    ...(options.windowScale === undefined ? [] : [`wscale ${options.windowScale}`]),
    ...(options.sack ?? []).map(([left, right]) => `sack ${(left - base) | 0}:${(right - base) | 0}`),
  ]
  return words.length === 0 ? '' : ` <${words.join(', ')}>`
}

/**
 * One segment as it is read, RFC 9293 §3.1: the fixed header and the options (options.ts). One object serves for all
 * of them. Sequence numbers and timestamps are signed 32-bit integers (sequence.ts).
 *
 *    0                   1                   2                   3
 *   |          source port          |       destination port        |
 *   |                        sequence number                        |
 *   |                     acknowledgment number                     |
 *   | offset| rsrvd |C|E|U|A|P|R|S|F|            window             |
 *   |           checksum            |        urgent pointer         |
 */
import { decodeOptions } from './options.ts'

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10

export const TCP_HEADER_BYTES = 20
/** RFC 2018 §3: four blocks fit without any other option. */
export const MAX_SACK_BLOCKS = 4

export class Segment {
  sourcePort = 0
  destinationPort = 0
  sequence = 0
  acknowledgment = 0
  flags = 0
  /** As it is in the header: not scaled. */
  window = 0
  payloadAt = 0
  payloadLength = 0

  /** 0: the option is not there. */
  maximumSegmentBytes = 0
  /** -1: the option is not there. */
  windowScale = -1
  sackPermitted = false
  hasTimestamps = false
  timestamp = 0
  timestampEcho = 0
  sackCount = 0
  /** Left and right edges in turn. */
  readonly sackEdges = new Int32Array(2 * MAX_SACK_BLOCKS)

  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  /** SEG.LEN: SYN and FIN count. */
  get length(): number {
    return this.payloadLength + (this.flags & FIN) + ((this.flags & SYN) >> 1)
  }
}

/** False: it is no segment. */
export function decodeSegment(view: DataView, at: number, length: number, into: Segment): boolean {
  if (length < TCP_HEADER_BYTES) return false
  const headerBytes = (view.getUint8(at + 12) >> 4) * 4
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > length) return false
  into.sourcePort = view.getUint16(at)
  into.destinationPort = view.getUint16(at + 2)
  into.sequence = view.getInt32(at + 4)
  into.acknowledgment = view.getInt32(at + 8)
  into.flags = view.getUint8(at + 13)
  into.window = view.getUint16(at + 14)
  into.payloadAt = at + headerBytes
  into.payloadLength = length - headerBytes
  decodeOptions(view, at + TCP_HEADER_BYTES, headerBytes - TCP_HEADER_BYTES, into)
  return true
}

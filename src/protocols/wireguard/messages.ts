/**
 * The four messages on the wire (paper §5.4), all little-endian.
 *
 *   1 initiation    type(4) sender(4)   e(32) static(48) timestamp(28)        mac1(16) mac2(16)   148 bytes
 *   2 response      type(4) sender(4) receiver(4)   e(32) empty(16)           mac1(16) mac2(16)    92
 *   3 cookie reply  type(4) receiver(4)   nonce(24) cookie(32)                                     64
 *   4 transport     type(4) receiver(4) counter(8)   packet, padded   tag(16)                     ≥ 32
 *
 * The type is one byte and three reserved zeros; as implementations do, it is read as one word of four.
 */

export const INITIATION = 1
export const RESPONSE = 2
export const COOKIE_REPLY = 3
export const TRANSPORT = 4

export const INITIATION_LENGTH = 148
export const RESPONSE_LENGTH = 92
export const COOKIE_REPLY_LENGTH = 64
export const TRANSPORT_HEADER_LENGTH = 16
/** A keepalive: header and tag around nothing. */
export const TRANSPORT_MIN_LENGTH = 32

const MACS_LENGTH = 32

export interface Initiation {
  readonly kind: 'initiation'
  readonly sender: number
  /** Noise's first message: e, static, timestamp. */
  readonly noise: Uint8Array
  readonly mac1: Uint8Array
  readonly mac2: Uint8Array
}

export interface Response {
  readonly kind: 'response'
  readonly sender: number
  readonly receiver: number
  /** Noise's second message: e, empty. */
  readonly noise: Uint8Array
  readonly mac1: Uint8Array
  readonly mac2: Uint8Array
}

export interface CookieReply {
  readonly kind: 'cookie-reply'
  readonly receiver: number
  readonly nonce: Uint8Array
  /** The cookie under XAEAD. */
  readonly sealed: Uint8Array
}

export interface Transport {
  readonly kind: 'transport'
  readonly receiver: number
  /** Undefined where it is 2^53 or more: beyond REJECT_AFTER_MESSAGES here. */
  readonly counter: number | undefined
  readonly sealed: Uint8Array
}

export type Message = Initiation | Response | CookieReply | Transport

/** The parts are views of the datagram. */
export function decodeMessage(datagram: Uint8Array): Message | undefined {
  const { length } = datagram
  if (length < TRANSPORT_MIN_LENGTH) return undefined
  const type = readUint32(datagram, 0)
  if (type === TRANSPORT) return decodeTransport(datagram)
  if (type === INITIATION && length === INITIATION_LENGTH) {
    return {
      kind: 'initiation',
      sender: readUint32(datagram, 4),
      noise: datagram.subarray(8, length - MACS_LENGTH),
      ...macsOf(datagram),
    }
  }
  if (type === RESPONSE && length === RESPONSE_LENGTH) {
    return {
      kind: 'response',
      sender: readUint32(datagram, 4),
      receiver: readUint32(datagram, 8),
      noise: datagram.subarray(12, length - MACS_LENGTH),
      ...macsOf(datagram),
    }
  }
  if (type === COOKIE_REPLY && length === COOKIE_REPLY_LENGTH) {
    const receiver = readUint32(datagram, 4)
    return {
      kind: 'cookie-reply',
      receiver,
      nonce: datagram.subarray(8, 32),
      sealed: datagram.subarray(32),
    }
  }
  return undefined
}

function decodeTransport(datagram: Uint8Array): Transport {
  const counter = readCounter(datagram, 8)
  return {
    kind: 'transport',
    receiver: readUint32(datagram, 4),
    counter: counter < 0 ? undefined : counter,
    sealed: datagram.subarray(TRANSPORT_HEADER_LENGTH),
  }
}

function macsOf(datagram: Uint8Array): { mac1: Uint8Array; mac2: Uint8Array } {
  const end = datagram.length
  return { mac1: datagram.subarray(end - 32, end - 16), mac2: datagram.subarray(end - 16) }
}

/** With zeros where the MACs go: cookie.ts writes them last, because they cover the rest. */
export function encodeInitiation(sender: number, noise: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(INITIATION_LENGTH)
  writeUint32(datagram, 0, INITIATION)
  writeUint32(datagram, 4, sender)
  datagram.set(noise, 8)
  return datagram
}

export interface ResponseFields {
  readonly sender: number
  readonly receiver: number
  readonly noise: Uint8Array
}

/** With zeros where the MACs go. */
export function encodeResponse({ sender, receiver, noise }: ResponseFields): Uint8Array {
  const datagram = new Uint8Array(RESPONSE_LENGTH)
  writeUint32(datagram, 0, RESPONSE)
  writeUint32(datagram, 4, sender)
  writeUint32(datagram, 8, receiver)
  datagram.set(noise, 12)
  return datagram
}

export function encodeCookieReply({ receiver, nonce, sealed }: Omit<CookieReply, 'kind'>): Uint8Array {
  const datagram = new Uint8Array(COOKIE_REPLY_LENGTH)
  writeUint32(datagram, 0, COOKIE_REPLY)
  writeUint32(datagram, 4, receiver)
  datagram.set(nonce, 8)
  datagram.set(sealed, 32)
  return datagram
}

// From here on: once per packet, so without objects.

export function writeTransportHeader(
  buffer: Uint8Array,
  offset: number,
  receiver: number,
  counter: number,
): void {
  writeUint32(buffer, offset, TRANSPORT)
  writeUint32(buffer, offset + 4, receiver)
  writeUint32(buffer, offset + 8, counter >>> 0)
  writeUint32(buffer, offset + 12, Math.floor(counter / 2 ** 32))
}

/**
 * A 64-bit counter as a number, or -1 where it is 2^53 or more. Counters that we send stay below, and a peer
 * cannot reach 2^53 before REJECT_AFTER_TIME: that would be 50 million million packets a second.
 */
export function readCounter(buffer: Uint8Array, offset: number): number {
  const high = readUint32(buffer, offset + 4)
  return high < 2 ** 21 ? high * 2 ** 32 + readUint32(buffer, offset) : -1
}

/** The caller has checked that the four bytes are there. */
export function readUint32(buffer: Uint8Array, offset: number): number {
  return (
    (buffer[offset]! |
      (buffer[offset + 1]! << 8) |
      (buffer[offset + 2]! << 16) |
      (buffer[offset + 3]! << 24)) >>>
    0
  )
}

export function writeUint32(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value
  buffer[offset + 1] = value >>> 8
  buffer[offset + 2] = value >>> 16
  buffer[offset + 3] = value >>> 24
}

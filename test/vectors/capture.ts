/**
 * A recorded conversation between our state machine and another implementation, and its exact repetition.
 *
 * Our side draws its "random" bytes from a hash of the capture's name, so it makes the same ephemeral keys,
 * indices and nonces again; what the other side sent is in the record. Then everything we say must repeat byte
 * for byte, and everything it said must still open. All keys are test keys.
 */
import { createHash } from 'node:crypto'
import { encodeKey } from '../../src/protocols/wireguard/formats/index.ts'
import { keyPairOf } from '../../src/protocols/wireguard/crypto.ts'
import {
  nodeAead,
  SEAL_HEADROOM,
  SEAL_TAILROOM,
  WireGuardDevice,
} from '../../src/protocols/wireguard/index.ts'
import { fromHex, toHex } from './read-vectors.ts'

/** One thing that happened to us, and all that we did about it. Hexadecimal. */
export interface CaptureEvent {
  readonly atMs: number
  readonly does: 'send' | 'receive' | 'advance'
  /** `send`: an inner packet; `receive`: a datagram of the other side. */
  readonly bytes: string
  /** Datagrams that left, in order. */
  readonly sent: readonly string[]
  /** The inner packet that came out. */
  readonly packet?: string
  readonly dropped?: string
}

export interface Capture {
  /** Program and version, and how it was recorded. */
  readonly source: string
  readonly name: string
  readonly presharedKey: string
  readonly wallClockMs: number
  /** Of our side: 0 asks every initiator for a cookie. */
  readonly underLoadAbove?: number
  readonly events: readonly CaptureEvent[]
}

export const OURS = '10.9.0.2'
export const THEIRS = '10.9.0.1'
export const THEIR_ENDPOINT = { address: '127.0.0.1', port: 51_871 }

export function testKey(name: string): Uint8Array {
  return createHash('sha256').update(`warren capture key: ${name}`).digest()
}
export const publicKeyOf = (name: string): string => encodeKey(keyPairOf(testKey(name)).publicKey)
/** Not every 32 bytes are different keys on the curve, but wg(8) wants them clamped to show them unchanged. */
export const privateKeyOf = (name: string): string => encodeKey(testKey(name))

export class CaptureSubject {
  readonly device: WireGuardDevice

  constructor({ name, presharedKey, wallClockMs, underLoadAbove }: Omit<Capture, 'source' | 'events'>) {
    this.device = new WireGuardDevice({
      aead: nodeAead,
      random: streamsByLength(name),
      wallClockMs: () => wallClockMs,
      mtuBytes: 1420,
      ...(underLoadAbove === undefined ? {} : { underLoadAbove }),
    })
    const peer = {
      publicKey: publicKeyOf('theirs'),
      presharedKey,
      endpoint: THEIR_ENDPOINT,
      allowedIPs: [`${THEIRS}/32`],
    }
    this.device.configure({ privateKey: privateKeyOf('ours'), peers: [peer] }, 0)
  }

  do(atMs: number, does: CaptureEvent['does'], bytes: Uint8Array): CaptureEvent {
    const event = { atMs, does, bytes: toHex(bytes) }
    if (does === 'send') return { ...event, sent: [...this.#seal(atMs, bytes), ...this.#outputs()] }
    if (does === 'advance') {
      this.device.advance(atMs)
      return { ...event, sent: this.#outputs() }
    }
    const buffer = Uint8Array.from(bytes)
    const { kind, offset, length, reason } = this.device.receive(
      buffer,
      0,
      buffer.length,
      THEIR_ENDPOINT,
      atMs,
    )
    const sent = this.#outputs()
    if (kind === 'packet') return { ...event, sent, packet: toHex(buffer.subarray(offset, offset + length)) }
    return reason === undefined ? { ...event, sent } : { ...event, sent, dropped: reason }
  }

  #seal(atMs: number, packet: Uint8Array): string[] {
    const buffer = new Uint8Array(SEAL_HEADROOM + packet.length + SEAL_TAILROOM)
    buffer.set(packet, SEAL_HEADROOM)
    const peer = this.device.peerFor(buffer, SEAL_HEADROOM)
    if (!peer) throw new Error('the capture sends to an address without a peer')
    const length = this.device.seal(peer, buffer, SEAL_HEADROOM, packet.length, atMs)
    return length === 0 ? [] : [toHex(buffer.subarray(0, length))]
  }

  #outputs(): string[] {
    return this.device.takeOutputs().map(({ datagram }) => toHex(datagram))
  }
}

export function replay(capture: Capture): CaptureEvent[] {
  const subject = new CaptureSubject(capture)
  return capture.events.map(({ atMs, does, bytes }) => subject.do(atMs, does, fromHex(bytes)))
}

/** One stream for each length, so that drawing an index earlier or later changes no ephemeral key. */
function streamsByLength(name: string): (length: number) => Uint8Array {
  const drawn = new Map<number, number>()
  return (length) => {
    const count = drawn.get(length) ?? 0
    drawn.set(length, count + 1)
    const digest = createHash('sha512').update(`${name} ${length} ${count}`).digest()
    return Uint8Array.from(digest.subarray(0, length))
  }
}

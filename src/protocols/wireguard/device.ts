/**
 * One WireGuard interface as a state machine: datagrams, packets and the time go in; outputs come out.
 * Nothing here opens a socket or reads a clock; device/ and test/sim/ both drive it.
 */
import type { Aead } from './aead.ts'
import type { DeviceChange, DeviceSnapshot } from './configuration.ts'
import type { DropReason } from './drop-reason.ts'
import type { Endpoint } from './endpoint.ts'
import type { Peer } from './peer.ts'

export interface WireGuardDeviceOptions {
  readonly aead: Aead
  /** That many unpredictable bytes. */
  readonly random: (length: number) => Uint8Array
  /** Milliseconds since the epoch, asked only at handshakes. Every `nowMs` is monotonic instead. */
  readonly wallClockMs: () => number
  /** Padding never makes a packet larger than this. */
  readonly mtuBytes: number
  /** `handshakeTimestamp` of the previous run, so that timestamps never go back. */
  readonly handshakeTimestamp?: string
  /** Handshake messages per second above which initiators must prove their address first. */
  readonly underLoadAbove?: number
}

/** Something to send now. */
export interface Output {
  readonly datagram: Uint8Array
  readonly to: Endpoint
  /** Undefined for cookie replies: nobody knows yet who asks. */
  readonly peer: Peer | undefined
}

/** The device reuses one object for all calls of `receive`. */
export interface Received {
  /** `packet`: an inner IP packet to deliver; `none`: consumed; `drop`: see `reason`. */
  readonly kind: 'packet' | 'none' | 'drop'
  /** The inner packet inside the given buffer, cut to what its IP header says. */
  readonly offset: number
  readonly length: number
  readonly peer: Peer | undefined
  readonly reason: DropReason | undefined
}

/** Room that `seal` needs in the buffer before the packet. */
export const SEAL_HEADROOM = 16
/** Room that `seal` needs after the packet: padding and tag. */
export const SEAL_TAILROOM = 15 + 16

export class WireGuardDevice {
  constructor(options: WireGuardDeviceOptions) {
    void options
  }

  configure(change: DeviceChange, nowMs: number): void {
    throw new Error(`not yet: ${typeof change} ${nowMs}`)
  }

  snapshot(): DeviceSnapshot {
    throw new Error('not yet')
  }

  setMtu(mtuBytes: number): void {
    void mtuBytes
  }

  /** The peer that the packet's destination belongs to: longest prefix of all allowed IPs. */
  peerFor(packet: Uint8Array, offset: number): Peer | undefined {
    throw new Error(`not yet: ${packet.length} ${offset}`)
  }

  /**
   * Pads and encrypts the packet in place and writes the header before it. Returns the datagram's length; it
   * starts at `packetOffset - SEAL_HEADROOM` and goes to `peer.endpoint`. 0: there is no session (or no
   * endpoint) and the packet was copied to the peer's queue; `takeOutputs` may have the handshake.
   */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  seal(peer: Peer, buffer: Uint8Array, packetOffset: number, packetLength: number, nowMs: number): number {
    throw new Error(`not yet: ${peer.publicKey} ${buffer.length} ${packetOffset} ${packetLength} ${nowMs}`)
  }

  /** Takes one datagram of any type; transport data is decrypted in place. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  receive(buffer: Uint8Array, offset: number, length: number, from: Endpoint, nowMs: number): Received {
    throw new Error(`not yet: ${buffer.length} ${offset} ${length} ${from.port} ${nowMs}`)
  }

  /** What is to be sent besides sealed packets, in order: handshakes, cookie replies, keepalives, queued packets. */
  takeOutputs(): readonly Output[] {
    return []
  }

  /** Runs the timers that are due. */
  advance(nowMs: number): void {
    void nowMs
  }

  /** When `advance` should be called at the latest; it may be too early, never too late. */
  nextDeadline(): number | undefined {
    return undefined
  }

  /** Persist this before sending outputs whenever it changed (rarely: it is reserved minutes ahead). */
  get handshakeTimestamp(): string {
    return ''
  }

  /** How often each reason occurred. */
  get drops(): Readonly<Record<DropReason, number>> {
    throw new Error('not yet')
  }

  /** Forgets all keys. */
  close(): void {}
}

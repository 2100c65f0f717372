/**
 * One WireGuard interface as a state machine: datagrams, packets and the time go in; outputs come out.
 * Nothing here opens a socket or reads a clock; device/ and test/sim/ both drive it.
 *
 *   noise.ts  handshake.ts   Noise_IKpsk2, both sides    session.ts        one keypair: counters, replay window
 *   messages.ts              the four on the wire        keypairs.ts       previous, current, next
 *   cookie.ts gatekeeper.ts  MAC1, MAC2, under load      timers.ts         the timers of paper §6
 *   allowed-ips.ts           cryptokey routing           peer.ts           one peer: joins them
 */
import type { Aead } from './aead.ts'
import { TAG_LENGTH } from './aead.ts'
import { AllowedIps } from './allowed-ips.ts'
import type { DeviceChange, DeviceSnapshot, PeerConfigChange } from './configuration.ts'
import { DROP_REASONS } from './drop-reason.ts'
import type { DropReason } from './drop-reason.ts'
import type { Endpoint } from './endpoint.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { HandshakeReceiver } from './handshake-receiver.ts'
import { Identity } from './identity.ts'
import { IndexTable } from './index-table.ts'
import {
  INET6_DESTINATION,
  INET6_SOURCE,
  INET_DESTINATION,
  INET_SOURCE,
  ipLengthOf,
  ipVersionOf,
} from './inner-packet.ts'
import { readUint32, TRANSPORT, TRANSPORT_HEADER_LENGTH, TRANSPORT_MIN_LENGTH } from './messages.ts'
import { Peer } from './peer.ts'
import { applyToPeer, snapshotOf } from './peer-configuration.ts'
import { UNDER_LOAD_ABOVE_PER_SECOND } from './rate-limit.ts'
import { ReceivedSlot } from './received.ts'
import type { Received } from './received.ts'
import { paddedLength, SEALED_OVERHEAD } from './session.ts'
import { HandshakeClock } from './tai64n.ts'
import type { Wake } from './timers.ts'

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

/** Room that `seal` needs in the buffer before the packet. */
export const SEAL_HEADROOM = TRANSPORT_HEADER_LENGTH
/** Room that `seal` needs after the packet: padding and tag. */
export const SEAL_TAILROOM = 15 + TAG_LENGTH

const NO_OUTPUTS: readonly Output[] = Object.freeze([])

export class WireGuardDevice {
  readonly #options: WireGuardDeviceOptions
  readonly #clock: HandshakeClock
  readonly #handshakes: HandshakeReceiver
  readonly #indices: IndexTable<Peer>
  readonly #allowedIPs = new AllowedIps<Peer>()
  readonly #peers = new Map<string, Peer>()
  readonly #wake: Wake = { at: Number.POSITIVE_INFINITY }
  readonly #received = new ReceivedSlot()
  readonly #drops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >
  #identity: Identity | undefined
  #mtuBytes: number
  #listenPort = 0
  #fwmark = 0
  #outputs: Output[] = []

  constructor(options: WireGuardDeviceOptions) {
    this.#options = options
    this.#mtuBytes = options.mtuBytes
    this.#clock = new HandshakeClock(options.handshakeTimestamp)
    this.#indices = new IndexTable(options.random)
    this.#handshakes = new HandshakeReceiver({
      gatekeeper: new Gatekeeper(options.underLoadAbove ?? UNDER_LOAD_ABOVE_PER_SECOND),
      indices: this.#indices,
      peers: this.#peers,
      identity: () => this.#identity,
      sendCookie: (datagram, to) => this.#outputs.push({ datagram, to, peer: undefined }),
    })
  }

  configure(change: DeviceChange, nowMs: number): void {
    if (change.privateKey !== undefined) this.#setPrivateKey(change.privateKey)
    if (change.listenPort !== undefined) this.#listenPort = change.listenPort
    if (change.fwmark !== undefined) this.#fwmark = change.fwmark
    if (change.replacePeers) for (const peer of this.#peers.values()) this.#removePeer(peer)
    for (const peerChange of change.peers ?? []) this.#configurePeer(peerChange, nowMs)
  }

  snapshot(): DeviceSnapshot {
    return {
      privateKey: this.#identity?.privateKey,
      publicKey: this.#identity?.publicKey,
      listenPort: this.#listenPort,
      fwmark: this.#fwmark,
      peers: Array.from(this.#peers.values(), (peer) => snapshotOf(peer, this.#allowedIPs)),
    }
  }

  setMtu(mtuBytes: number): void {
    this.#mtuBytes = mtuBytes
  }

  /** The peer that the packet's destination belongs to: longest prefix of all allowed IPs. */
  peerFor(packet: Uint8Array, offset: number): Peer | undefined {
    const version = ipVersionOf(packet, offset, packet.length - offset)
    if (version === 4) return this.#allowedIPs.lookup4(packet, offset + INET_DESTINATION)
    return version === 6 ? this.#allowedIPs.lookup6(packet, offset + INET6_DESTINATION) : undefined
  }

  /**
   * Pads and encrypts the packet in place and writes the header before it. Returns the datagram's length; it
   * starts at `packetOffset - SEAL_HEADROOM` and goes to `peer.endpoint`. 0: there is no session (or no
   * endpoint) and the packet was copied to the peer's queue; `takeOutputs` may have the handshake.
   */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  seal(peer: Peer, buffer: Uint8Array, packetOffset: number, packetLength: number, nowMs: number): number {
    const session = peer.keypairs.current
    if (session === undefined || peer.endpoint === undefined || !session.maySend(nowMs)) {
      peer.stage(buffer, packetOffset, packetLength, nowMs)
      return 0
    }
    const padded = paddedLength(packetLength, this.#mtuBytes)
    const start = packetOffset - SEAL_HEADROOM
    if (start < 0 || packetOffset + padded + TAG_LENGTH > buffer.length) {
      throw new RangeError('no room around the packet')
    }
    for (let at = packetOffset + packetLength; at < packetOffset + padded; at += 1) buffer[at] = 0
    session.seal(buffer, start, padded)
    peer.sealed(session, padded + SEALED_OVERHEAD, nowMs)
    return padded + SEALED_OVERHEAD
  }

  /** Takes one datagram of any type; transport data is decrypted in place. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  receive(buffer: Uint8Array, offset: number, length: number, from: Endpoint, nowMs: number): Received {
    if (length < TRANSPORT_MIN_LENGTH) return this.#drop('malformed', undefined)
    if (readUint32(buffer, offset) === TRANSPORT) {
      return this.#receiveTransport(buffer, offset, length, from, nowMs)
    }
    const reason = this.#handshakes.receive(buffer.subarray(offset, offset + length), from, nowMs)
    return reason === undefined ? this.#received.none(undefined) : this.#drop(reason, undefined)
  }

  /** A handshake with this peer although nothing is to be sent; nothing when one has just begun or it is no peer. */
  initiate(publicKey: string, nowMs: number): void {
    this.#peers.get(publicKey)?.initiate(nowMs)
  }

  /** What is to be sent besides sealed packets, in order: handshakes, cookie replies, keepalives, queued packets. */
  takeOutputs(): readonly Output[] {
    if (this.#outputs.length === 0) return NO_OUTPUTS
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  /** Runs the timers that are due. */
  advance(nowMs: number): void {
    if (nowMs < this.#wake.at) return
    let next = Number.POSITIVE_INFINITY
    for (const peer of this.#peers.values()) {
      peer.runTimers(nowMs)
      next = Math.min(next, peer.timers.nextDeadline)
    }
    this.#wake.at = next
  }

  /** When `advance` should be called at the latest; it may be too early, never too late. */
  nextDeadline(): number | undefined {
    return this.#wake.at === Number.POSITIVE_INFINITY ? undefined : this.#wake.at
  }

  /** Persist this before sending outputs whenever it changed (rarely: it is reserved a minute ahead). */
  get handshakeTimestamp(): string {
    return this.#clock.reserved
  }

  /** How often each reason occurred. */
  get drops(): Readonly<Record<DropReason, number>> {
    return this.#drops
  }

  /** Forgets all keys. */
  close(): void {
    for (const peer of this.#peers.values()) this.#removePeer(peer)
    this.#identity = undefined
    this.#outputs = []
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  #receiveTransport(
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    nowMs: number,
  ): Received {
    const index = readUint32(buffer, offset + 4)
    const peer = this.#indices.find(index)
    const session = peer?.keypairs.find(index)
    if (peer === undefined || session === undefined) return this.#drop('unknown-index', undefined)
    const result = session.open(buffer, offset, length, nowMs)
    if (result !== 'ok') return this.#drop(result, peer)
    peer.opened(session, length, from, nowMs)
    const packetOffset = offset + TRANSPORT_HEADER_LENGTH
    const plain = length - SEALED_OVERHEAD
    if (plain === 0) return this.#received.none(peer)
    peer.timers.dataReceived(nowMs)
    const version = ipVersionOf(buffer, packetOffset, plain)
    if (version === 0) return this.#drop('malformed-packet', peer)
    const packetLength = ipLengthOf(buffer, packetOffset, version)
    if (packetLength < 20 || packetLength > plain) return this.#drop('malformed-packet', peer)
    const owner =
      version === 4
        ? this.#allowedIPs.lookup4(buffer, packetOffset + INET_SOURCE)
        : this.#allowedIPs.lookup6(buffer, packetOffset + INET6_SOURCE)
    if (owner !== peer) return this.#drop('wrong-source', peer)
    return this.#received.packet(packetOffset, packetLength, peer)
  }

  #drop(reason: DropReason, peer: Peer | undefined): Received {
    this.#drops[reason] += 1
    return this.#received.drop(reason, peer)
  }

  #setPrivateKey(privateKey: string): void {
    if (privateKey === this.#identity?.privateKey) return
    this.#identity = Identity.of(privateKey, this.#options.random)
    for (const peer of this.#peers.values()) peer.forget()
    const self = this.#identity && this.#peers.get(this.#identity.publicKey)
    if (self) this.#removePeer(self)
  }

  #configurePeer(change: PeerConfigChange, nowMs: number): void {
    const known = this.#peers.get(change.publicKey)
    if (change.remove) {
      if (known) this.#removePeer(known)
      return
    }
    // A device is no peer of itself; wg(8) users do list it when they share one file, so it is left out.
    if ((!known && change.updateOnly) || change.publicKey === this.#identity?.publicKey) return
    const peer = known ?? this.#addPeer(change.publicKey)
    applyToPeer(peer, change, this.#allowedIPs, nowMs)
  }

  #addPeer(publicKey: string): Peer {
    const { aead, random, wallClockMs } = this.#options
    const peer: Peer = new Peer(publicKey, {
      aead,
      random,
      wallClockMs,
      wake: this.#wake,
      mtuBytes: () => this.#mtuBytes,
      keyPair: () => this.#identity?.keyPair,
      nextTimestamp: () => this.#clock.next(wallClockMs()),
      claimIndex: () => this.#indices.claim(peer),
      releaseIndex: (index) => this.#indices.release(index),
      emit: (datagram, to) => this.#outputs.push({ datagram, to, peer }),
      drop: (reason) => (this.#drops[reason] += 1),
    })
    this.#peers.set(publicKey, peer)
    return peer
  }

  #removePeer(peer: Peer): void {
    peer.forget()
    this.#allowedIPs.removeAll(peer)
    this.#peers.delete(peer.publicKey)
  }
}

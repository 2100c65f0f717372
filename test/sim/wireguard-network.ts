/**
 * Hosts with a WireGuard device each, on a network that loses, delays, reorders and duplicates, under a clock
 * that only the test moves. Every draw comes from one seed, so a failing run repeats exactly.
 *
 *   host a ──┐ 203.0.113.1:PORT, as its NAT shows it; `rebind` changes it
 *            ├── network: loss, duplicates, delay ── host b 198.51.100.2:51820
 *   host c ──┘
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
import type { DropReason, Endpoint } from '../../src/protocols/wireguard/index.ts'

export interface Weather {
  /** Probabilities. */
  readonly loss: number
  readonly duplicate: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
}

export const CALM: Weather = { loss: 0, duplicate: 0, minDelayMs: 10, maxDelayMs: 10 }

export interface HostSpec {
  readonly name: string
  /** Inner address and allowed IPs of this host. */
  readonly inner: string
  readonly outer: Endpoint
  /** Offset of the wall clock from the network's clock. */
  readonly wallClockOffsetMs?: number
  readonly underLoadAbove?: number
}

/** What `b` must be told about its peer `a`. */
export interface Peering {
  readonly knowsEndpoint: boolean
  readonly presharedKey?: string
  readonly persistentKeepaliveSeconds?: number
}

interface Flight {
  readonly at: number
  readonly datagram: Uint8Array
  readonly from: Endpoint
  readonly to: Endpoint
}

export interface Delivery {
  readonly id: number
  /** The peer that the device says it came from. */
  readonly from: string
  readonly at: number
}

export class SimNetwork {
  nowMs = 0
  weather = CALM
  readonly hosts: SimHost[] = []
  /** Every datagram that went onto the wire. */
  onWire: (datagram: Uint8Array, from: Endpoint, to: Endpoint) => void = () => {}
  #flights: Flight[] = []
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = mulberry32(seed)
  }

  addHost(spec: HostSpec): SimHost {
    const host = new SimHost(this, spec, mulberry32(Math.floor(this.#random() * 2 ** 32)))
    this.hosts.push(host)
    return host
  }

  transmit(datagram: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.onWire(datagram, from, to)
    const { loss, duplicate, minDelayMs, maxDelayMs } = this.weather
    const copies = this.#random() < loss ? 0 : this.#random() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const at = this.nowMs + minDelayMs + this.#random() * (maxDelayMs - minDelayMs)
      this.#flights.push({ at, from, to, datagram: datagram.slice() })
    }
  }

  /** Moves the clock, from event to event. */
  run(durationMs: number): void {
    const end = this.nowMs + durationMs
    for (;;) {
      const deadlines = this.hosts.map((host) => host.device.nextDeadline() ?? Number.POSITIVE_INFINITY)
      const next = Math.min(...this.#flights.map((flight) => flight.at), ...deadlines)
      if (next > end) break
      this.nowMs = Math.max(this.nowMs, next)
      const landed = this.#flights.filter((flight) => flight.at <= this.nowMs).toSorted((a, b) => a.at - b.at)
      this.#flights = this.#flights.filter((flight) => flight.at > this.nowMs)
      for (const { datagram, from, to } of landed) this.#hostAt(to)?.receive(datagram, from)
      for (const host of this.hosts) host.advance()
    }
    this.nowMs = end
  }

  #hostAt(to: Endpoint): SimHost | undefined {
    return this.hosts.find(({ outer }) => outer.address === to.address && outer.port === to.port)
  }
}

export class SimHost {
  readonly name: string
  readonly inner: string
  readonly publicKey: string
  readonly delivered: Delivery[] = []
  outer: Endpoint
  device: WireGuardDevice
  readonly #network: SimNetwork
  readonly #spec: HostSpec
  readonly #privateKey: string
  readonly #random: () => number
  readonly #peers: { readonly host: SimHost; readonly peering: Peering }[] = []
  #wallClockOffsetMs: number
  /** As on disk: written before a datagram leaves. */
  #persisted: string | undefined

  constructor(network: SimNetwork, spec: HostSpec, random: () => number) {
    this.#network = network
    this.#spec = spec
    this.#random = random
    this.#wallClockOffsetMs = spec.wallClockOffsetMs ?? 1_700_000_000_000
    this.name = spec.name
    this.inner = spec.inner
    this.outer = spec.outer
    const secret = createHash('sha256').update(`test key of ${spec.name}`).digest()
    this.#privateKey = encodeKey(secret)
    this.publicKey = encodeKey(keyPairOf(secret).publicKey)
    this.device = this.#boot()
  }

  get drops(): Readonly<Record<DropReason, number>> {
    return this.device.drops
  }

  addPeer(host: SimHost, peering: Peering): void {
    this.#peers.push({ host, peering })
    this.#configurePeer(host, peering)
  }

  /** A new process: sessions are gone, what is on disk stays, the wall clock may have been lost. */
  restart(options: { wallClockOffsetMs?: number; keepDisk?: boolean } = {}): void {
    this.#wallClockOffsetMs = options.wallClockOffsetMs ?? this.#wallClockOffsetMs
    if (options.keepDisk === false) this.#persisted = undefined
    this.device = this.#boot()
    for (const { host, peering } of this.#peers) this.#configurePeer(host, peering)
  }

  /** The NAT in front of this host forgets, and shows another port from now on. */
  rebind(): void {
    this.outer = { ...this.outer, port: this.outer.port + 1 }
  }

  /** Sends an inner packet with that number in it; `source` other than one's own is spoofed. */
  send(to: SimHost, id: number, source = this.inner): void {
    const packet = innerPacket(source, to.inner, id)
    const buffer = new Uint8Array(SEAL_HEADROOM + packet.length + SEAL_TAILROOM)
    buffer.set(packet, SEAL_HEADROOM)
    const peer = this.device.peerFor(buffer, SEAL_HEADROOM)
    if (!peer) throw new Error(`${this.name} has no route to ${to.inner}`)
    const length = this.device.seal(peer, buffer, SEAL_HEADROOM, packet.length, this.#network.nowMs)
    if (length > 0) this.#network.transmit(buffer.subarray(0, length), this.outer, peer.endpoint!)
    this.#pump()
  }

  receive(datagram: Uint8Array, from: Endpoint): void {
    const received = this.device.receive(datagram, 0, datagram.length, from, this.#network.nowMs)
    if (received.kind === 'packet') {
      const id = new DataView(datagram.buffer, received.offset + 20).getUint32(0)
      const name = this.#network.hosts.find((host) => host.publicKey === received.peer?.publicKey)?.name
      this.delivered.push({ id, from: name ?? 'nobody', at: this.#network.nowMs })
    }
    this.#pump()
  }

  advance(): void {
    this.device.advance(this.#network.nowMs)
    this.#pump()
  }

  #boot(): WireGuardDevice {
    const device = new WireGuardDevice({
      aead: nodeAead,
      random: (length) => Uint8Array.from({ length }, () => Math.floor(this.#random() * 256)),
      wallClockMs: () => Math.max(0, this.#wallClockOffsetMs + this.#network.nowMs),
      mtuBytes: 1420,
      ...(this.#persisted === undefined ? {} : { handshakeTimestamp: this.#persisted }),
      ...(this.#spec.underLoadAbove === undefined ? {} : { underLoadAbove: this.#spec.underLoadAbove }),
    })
    device.configure({ privateKey: this.#privateKey }, this.#network.nowMs)
    return device
  }

  #configurePeer(host: SimHost, { knowsEndpoint, ...rest }: Peering): void {
    const endpoint = knowsEndpoint ? { endpoint: host.outer } : {}
    const peer = { publicKey: host.publicKey, allowedIPs: [`${host.inner}/32`], ...endpoint, ...rest }
    this.device.configure({ peers: [peer] }, this.#network.nowMs)
    this.#pump()
  }

  #pump(): void {
    const outputs = this.device.takeOutputs()
    if (outputs.length > 0) this.#persisted = this.device.handshakeTimestamp
    for (const { datagram, to } of outputs) this.#network.transmit(datagram, this.outer, to)
  }
}

/** An IPv4 header (RFC 791) and four bytes. */
export function innerPacket(source: string, destination: string, id: number): Uint8Array {
  const packet = new Uint8Array(24)
  packet.set([0x45, 0, 0, packet.length])
  packet.set(source.split('.').map(Number), 12)
  packet.set(destination.split('.').map(Number), 16)
  new DataView(packet.buffer).setUint32(20, id)
  return packet
}

/** A small generator of 32 bits of state: enough to shake a network, and the same everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

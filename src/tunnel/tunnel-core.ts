/**
 * WireGuard and TCP/IP joined in one process: what arrives is opened in place and given to the stack; once per turn the
 * stack writes what it wants to send straight to where it is sealed and leaves from.
 *
 *   outer ─ datagram() ─▶ wireguard.receive, in place ─▶ stack.receive      … ─ received() ─▶ stack.notify
 *   end of turn: stack.emit(memory, at) ─▶ wireguard.seal, in place ─▶ outer.append   … ─▶ outer.flush ─▶ timer
 */
import type { Closeable } from '../linux/index.ts'
import type { PagePool } from '../streams/index.ts'
import { createStack, type StackLimits, type TcpIpStack, type TcpSettings } from '../protocols/tcpip/index.ts'
import {
  type Aead,
  type Endpoint,
  type Output,
  type Peer,
  SEAL_HEADROOM,
  SEAL_TAILROOM,
  WireGuardDevice,
} from '../protocols/wireguard/index.ts'
import { parseAddress } from '../protocols/wireguard/formats/index.ts'
import type { TunnelEngine } from './engine.ts'
import type { OuterPort, OuterSink } from './outer-port.ts'

/** Then others have their turn, and what comes back is heard before more is sent. */
const PACKETS_PER_TURN = 512
/** Beyond it, what strangers made us answer is left out while there is no room to send. */
const MAX_WAITING_OUTPUTS = 256
/** setTimeout's own limit is 2^31; being asked too early does no harm. */
const LONGEST_SLEEP_MS = 3_600_000
/** Type and length of the message that begins a handshake (paper §5.4.2). */
const INITIATION_TYPE = 1
const INITIATION_BYTES = 148

export interface TunnelCoreOptions {
  readonly engine: TunnelEngine
  readonly outer: OuterPort
  readonly aead: Aead
  readonly random: (length: number) => Uint8Array
  readonly wallClockMs: () => number
  readonly addresses: readonly string[]
  readonly mtuBytes: number
  readonly pool?: PagePool | undefined
  readonly limits?: Partial<StackLimits> | undefined
  readonly tcp?: Partial<TcpSettings> | undefined
  readonly handshakes: HandshakeWatch
  /** Runs as soon as other sources of events have had their turn. */
  readonly soon: (run: () => void) => void
  /** Of the process before this one. */
  readonly handshakeTimestamp?: string | undefined
  /** Must have been kept when it returns; for a failure there is nothing but to go on. */
  readonly saveTimestamp?: ((timestamp: string) => void) | undefined
}

/** Who decides where initiations go and takes note of answers: peer-endpoints.ts. */
export interface HandshakeWatch {
  readonly isWaiting: boolean
  forInitiation(peer: Peer, to: Endpoint): Endpoint
  seen(peer: Peer): void
}

export class TunnelCore implements OuterSink {
  readonly wireguard: WireGuardDevice
  readonly stack: TcpIpStack
  readonly counters = {
    /** Packets of ours to a destination that is in no peer's AllowedIPs. */
    unroutable: 0,
    /** Turns that had to be continued in another one. */
    fullTurns: 0,
  }
  readonly #options: TunnelCoreOptions
  readonly #outer: OuterPort
  readonly #engine: TunnelEngine
  readonly #endTurn = (): void => this.#finishTurn()
  readonly #onTimer = (): void => this.#wake()
  /** Of the device, not sent yet: there was no room. */
  #outputs: Output[] = []
  #room: number
  #isBurst = false
  #burstMs = 0
  #isScheduled = false
  #timer: Closeable | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #isOpen = true

  constructor(options: TunnelCoreOptions) {
    const { engine, outer, aead, random, wallClockMs, mtuBytes, handshakeTimestamp } = options
    this.#options = options
    this.#outer = outer
    this.#engine = engine
    this.#room = roomFor(mtuBytes)
    this.wireguard = new WireGuardDevice({
      ...{ aead, random, wallClockMs, mtuBytes },
      ...(handshakeTimestamp === undefined ? {} : { handshakeTimestamp }),
    })
    this.stack = createStack({
      ...{ addresses: options.addresses, mtuBytes, random, nowMs: engine.nowMs() },
      // Every byte of a packet is authenticated by the time the stack sees it.
      checkChecksums: false,
      onWork: () => this.schedule(),
      ...(options.pool === undefined ? {} : { pool: options.pool }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.tcp === undefined ? {} : { tcp: options.tcp }),
    })
  }

  /** Sends what there is at the end of this turn, and looks at the timer. After everything that could change either. */
  schedule(): void {
    if (this.#isScheduled || !this.#isOpen) return
    this.#isScheduled = true
    this.#engine.turns.atEndOfTurn(this.#endTurn)
  }

  datagram(at: number, length: number, from: Endpoint): void {
    const { memory } = this.#outer
    // Once per burst: asking costs as much as half of opening a small packet.
    if (!this.#isBurst) {
      this.#isBurst = true
      this.#burstMs = this.#engine.nowMs()
    }
    const nowMs = this.#burstMs
    const received = this.wireguard.receive(memory.bytes, at, length, from, nowMs)
    if (received.kind === 'packet') this.stack.receive(memory, received.offset, received.length, nowMs)
    const { peer } = received
    if (peer !== undefined && this.#options.handshakes.isWaiting) this.#options.handshakes.seen(peer)
  }

  received(): void {
    this.#isBurst = false
    if (!this.#isOpen) return
    this.stack.notify()
    this.schedule()
  }

  room(): void {
    this.schedule()
  }

  hasRoute(address: string): boolean {
    return this.peerFor(address) !== undefined
  }

  /** The peer that owns this address, or nobody does. */
  peerFor(address: string): Peer | undefined {
    const bytes = parseAddress(address)
    if (bytes === undefined) return undefined
    const packet = new Uint8Array(40)
    packet[0] = bytes.length === 4 ? 0x45 : 0x60
    packet.set(bytes, bytes.length === 4 ? 16 : 24)
    return this.wireguard.peerFor(packet, 0)
  }

  setMtu(mtuBytes: number): void {
    this.#room = roomFor(mtuBytes)
    this.wireguard.setMtu(mtuBytes)
    this.stack.setMtu(mtuBytes)
  }

  get connections(): number {
    return this.stack.counters['tcp-connections'] ?? 0
  }

  /** Tells the stack the time before something new begins: it may have slept for hours. */
  awake(): void {
    this.stack.advance(this.#engine.nowMs())
  }

  /** Aborts what is open, and sends that. */
  close(): void {
    if (!this.#isOpen) return
    this.stack.close()
    this.stack.notify()
    this.#emit(this.#engine.nowMs())
    this.#outer.flush()
    this.#isOpen = false
    this.#timer?.close()
    this.wireguard.close()
  }

  #finishTurn(): void {
    this.#isScheduled = false
    if (!this.#isOpen) return
    const nowMs = this.#engine.nowMs()
    this.stack.notify()
    this.#sendOutputs()
    const isDone = this.#emit(nowMs)
    this.#sendOutputs()
    this.#outer.flush()
    this.#arm()
    if (isDone) return
    this.counters.fullTurns++
    this.#options.soon(this.#endTurn)
  }

  /** False: there may be more, and its turn is over. */
  #emit(nowMs: number): boolean {
    const { wireguard, stack } = this
    const outer = this.#outer
    const { memory } = outer
    const { bytes } = memory
    for (let count = 0; count < PACKETS_PER_TURN; count++) {
      const place = outer.place(this.#room)
      // The port says when there is room.
      if (place < 0) return true
      const at = place + SEAL_HEADROOM
      const length = stack.emit(memory, at, nowMs)
      if (length === 0) return true
      const peer = wireguard.peerFor(bytes, at)
      if (peer === undefined) {
        this.counters.unroutable++
        continue
      }
      const datagram = wireguard.seal(peer, bytes, at, length, nowMs)
      if (datagram > 0 && peer.endpoint !== undefined) outer.append(peer.endpoint, datagram)
    }
    return false
  }

  /** Handshakes, keepalives and what waited for a session. */
  #sendOutputs(): void {
    const fresh = this.wireguard.takeOutputs()
    if (fresh.length > 0) {
      this.#options.saveTimestamp?.(this.wireguard.handshakeTimestamp)
      if (this.#outputs.length < MAX_WAITING_OUTPUTS) this.#outputs.push(...fresh)
    }
    if (this.#outputs.length === 0) return
    let sent = 0
    for (const output of this.#outputs) {
      const { datagram } = output
      const place = this.#outer.place(datagram.length)
      if (place < 0) break
      this.#outer.memory.bytes.set(datagram, place)
      this.#outer.append(this.#destinationOf(output), datagram.length)
      sent++
    }
    this.#outputs.splice(0, sent)
  }

  #destinationOf({ datagram, peer, to }: Output): Endpoint {
    const { handshakes } = this.#options
    if (peer === undefined) return to
    if (datagram.length === INITIATION_BYTES && datagram[0] === INITIATION_TYPE)
      return handshakes.forInitiation(peer, to)
    handshakes.seen(peer)
    return to
  }

  #arm(): void {
    const deadline = Math.min(
      this.wireguard.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.stack.nextDeadline() ?? Number.POSITIVE_INFINITY,
    )
    if (deadline >= this.#timerAtMs) return
    this.#timer?.close()
    this.#timerAtMs = deadline
    const delay = Math.max(0, Math.ceil(deadline - this.#engine.nowMs()))
    this.#timer = this.#engine.after(Math.min(delay, LONGEST_SLEEP_MS), this.#onTimer)
  }

  #wake(): void {
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const nowMs = this.#engine.nowMs()
    this.wireguard.advance(nowMs)
    this.stack.advance(nowMs)
    this.schedule()
  }
}

const roomFor = (mtuBytes: number): number => SEAL_HEADROOM + mtuBytes + SEAL_TAILROOM

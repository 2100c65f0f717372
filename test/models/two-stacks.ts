/**
 * Two stacks with a link between them, under a clock that jumps from one event to the next. The link loses, delays,
 * reorders and repeats as its seed says; what crosses it can be looked at.
 */
import assert from 'node:assert/strict'
import { allocatePacketMemory } from '../../src/protocols/packet-memory/index.ts'
import { createStack, type StackOptions, type TcpIpStack } from '../../src/protocols/tcpip/index.ts'
import { mulberry32 } from '../sim/wireguard-network.ts'

export interface LinkOptions {
  readonly seed?: number
  readonly delayMs?: number
  /** Added at random: packets overtake each other. */
  readonly jitterMs?: number
  /** 0 to 1 */
  readonly loss?: number
  readonly duplicate?: number
  /** What a packet waits behind those before it; 0: as fast as can be. */
  readonly bytesPerMs?: number
  /** Of the queue in front of the link; what does not fit is lost. */
  readonly queueBytes?: number
  readonly left?: Partial<StackOptions>
  readonly right?: Partial<StackOptions>
}

export const LEFT = '10.8.0.1'
export const RIGHT = '10.8.0.2'
export const LEFT_6 = 'fd00::1'
export const RIGHT_6 = 'fd00::2'
/** More than any window holds. */
const MOST_PACKETS_A_TURN = 50_000
const MOST_STEPS_AT_ONCE = 1_000
const IN = 0
const OUT = 70_000

interface Flight {
  readonly at: number
  readonly order: number
  readonly to: TcpIpStack
  readonly packet: Uint8Array
}

export class TwoStacks {
  readonly left: TcpIpStack
  readonly right: TcpIpStack
  nowMs = 1_000
  sentPackets = 0
  /** False: the packet is lost. Asked before the dice. */
  onPacket: ((packet: Uint8Array, fromLeft: boolean, nowMs: number) => boolean | void) | undefined
  readonly options: LinkOptions
  readonly #random: () => number
  readonly #memory = allocatePacketMemory(140_000)
  readonly #flights: Flight[] = []
  readonly #lineFreeAt = new Map<TcpIpStack, number>()
  #order = 0
  #pausedUntil = 0
  #stepsAtOnce = 0

  constructor(options: LinkOptions = {}) {
    this.options = options
    this.#random = mulberry32(options.seed ?? 1)
    const random = (length: number) => Uint8Array.from({ length }, () => Math.floor(this.#random() * 256))
    const common = { mtuBytes: 1420, random, nowMs: this.nowMs, checkChecksums: true }
    this.left = createStack({ ...common, addresses: [LEFT, LEFT_6], ...options.left })
    this.right = createStack({ ...common, addresses: [RIGHT, RIGHT_6], ...options.right })
  }

  get inFlight(): number {
    return this.#flights.length
  }

  /** Both are told and asked until neither has anything to send at this moment. */
  turn(): void {
    for (const stack of [this.left, this.right]) {
      stack.notify()
      for (let count = 0; ; count++) {
        assert.ok(count < MOST_PACKETS_A_TURN, 'emit() comes to an end')
        const length = stack.emit(this.#memory, OUT, this.nowMs)
        if (length === 0) break
        this.#transmit(stack, this.#memory.bytes.slice(OUT, OUT + length))
      }
    }
  }

  /** To the next event, at most to `untilMs`; false: there was none. */
  step(untilMs: number): boolean {
    this.turn()
    const next = Math.min(
      this.#flights[0]?.at ?? Number.POSITIVE_INFINITY,
      this.left.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.right.nextDeadline() ?? Number.POSITIVE_INFINITY,
    )
    if (next > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs)
      return false
    }
    this.#stepsAtOnce = next > this.nowMs ? 0 : this.#stepsAtOnce + 1
    assert.ok(this.#stepsAtOnce < MOST_STEPS_AT_ONCE, 'time goes on')
    this.nowMs = Math.max(this.nowMs, next)
    while (this.#flights.length > 0 && this.#flights[0]!.at <= this.nowMs)
      this.#arrive(this.#flights.shift()!)
    this.left.advance(this.nowMs)
    this.right.advance(this.nowMs)
    this.turn()
    return true
  }

  run(durationMs: number): void {
    const until = this.nowMs + durationMs
    while (this.step(until));
  }

  /** False: it did not become true in that time. */
  runUntil(isDone: () => boolean, limitMs = 600_000): boolean {
    const until = this.nowMs + limitMs
    while (!isDone()) if (!this.step(until)) return isDone()
    return true
  }

  /** For so long nothing moves on the link; what is on it, or enters it, arrives that much later. */
  pause(durationMs: number): void {
    this.#pausedUntil = this.nowMs + durationMs
    for (const [index, flight] of this.#flights.entries())
      this.#flights[index] = { ...flight, at: flight.at + durationMs }
  }

  #transmit(from: TcpIpStack, packet: Uint8Array): void {
    this.sentPackets += 1
    const { delayMs = 5, jitterMs = 0, loss = 0, duplicate = 0 } = this.options
    if (this.onPacket?.(packet, from === this.left, this.nowMs) === false) return
    if (this.#random() < loss) return
    const queued = this.#queue(from, packet.length)
    if (queued === undefined) return
    const copies = this.#random() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++)
      this.#depart(from, packet, queued + delayMs + Math.floor(this.#random() * jitterMs))
  }

  /** When the last byte has left; undefined: the queue is full. */
  #queue(from: TcpIpStack, length: number): number | undefined {
    const { bytesPerMs = 0, queueBytes = Number.POSITIVE_INFINITY } = this.options
    if (bytesPerMs === 0) return Math.max(this.nowMs, this.#pausedUntil)
    const freeAt = Math.max(this.nowMs, this.#pausedUntil, this.#lineFreeAt.get(from) ?? 0)
    if ((freeAt - this.nowMs) * bytesPerMs > queueBytes) return undefined
    this.#lineFreeAt.set(from, freeAt + length / bytesPerMs)
    return freeAt + length / bytesPerMs
  }

  #depart(from: TcpIpStack, packet: Uint8Array, at: number): void {
    const to = from === this.left ? this.right : this.left
    const flight = { at, order: this.#order++, to, packet }
    let index = this.#flights.length
    while (index > 0 && this.#flights[index - 1]!.at > at) index -= 1
    this.#flights.splice(index, 0, flight)
  }

  #arrive({ to, packet }: Flight): void {
    this.#memory.bytes.set(packet, IN)
    to.receive(this.#memory, IN, packet.length, this.nowMs)
  }
}

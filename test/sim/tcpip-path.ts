/**
 * Two stacks and a path between them that loses, holds up, repeats and damages packets, under a clock that only the
 * test moves. Each direction has a rate and a queue that overflows. Every draw comes from one seed.
 *
 *   left 10.0.0.1 ──▶ queue ──▶ rate ──▶ loss, damage, copies ──▶ delay, disorder ──▶ right 10.0.0.2
 *                 ◀──                    the same the other way                   ◀──
 */
import { StackHost, type StackHostOptions } from '../tcpip/stack-host.ts'
import { EventQueue } from './event-queue.ts'
import { mulberry32 } from './wireguard-network.ts'

export interface PathWeather {
  /** One way. */
  readonly delayMs: number
  /** Probabilities, of each packet. */
  readonly loss: number
  readonly duplicate: number
  readonly corrupt: number
  /** Of being held up by up to `reorderMs` more, so that others overtake. */
  readonly reorder: number
  readonly reorderMs: number
  readonly bytesPerMs: number
  /** What waits for the line; beyond it packets are lost. */
  readonly queueBytes: number
}

export const FAIR: PathWeather = {
  ...{ delayMs: 0, loss: 0, duplicate: 0, corrupt: 0, reorder: 0, reorderMs: 0 },
  ...{ bytesPerMs: Number.POSITIVE_INFINITY, queueBytes: Number.POSITIVE_INFINITY },
}

export type Side = 'left' | 'right'
export const ADDRESSES = { left: '10.0.0.1', right: '10.0.0.2' } as const
export const ADDRESSES6 = { left: 'fd00::1', right: 'fd00::2' } as const

type HostSettings = Omit<StackHostOptions, 'onPacket' | 'addresses' | 'nowMs'>

export interface PathOptions {
  readonly seed: number
  /** Where both clocks begin. */
  readonly startMs?: number
  readonly there: PathWeather
  readonly back?: PathWeather
  readonly left?: HostSettings
  readonly right?: HostSettings
  /** Everything that leaves a host, before the path has its way with it. */
  readonly onPacket?: (from: Side, packet: Uint8Array, nowMs: number) => void
}

interface Arrival {
  readonly to: Side
  readonly packet: Uint8Array
}

const START_MS = 1_000

export class SimPath {
  readonly left: StackHost
  readonly right: StackHost
  weather: { there: PathWeather; back: PathWeather }
  lost = 0
  #nowUs: number
  readonly #random: () => number
  readonly #arrivals = new EventQueue<Arrival>()
  /** When the line of each direction is free again. */
  readonly #freeUs = { left: 0, right: 0 }
  readonly #onPacket: NonNullable<PathOptions['onPacket']>

  constructor({ seed, startMs = START_MS, there, back = there, onPacket = () => {}, ...hosts }: PathOptions) {
    this.#nowUs = startMs * 1000
    this.#random = mulberry32(seed)
    this.weather = { there, back }
    this.#onPacket = onPacket
    const host = (side: Side, offset: number): StackHost =>
      new StackHost({
        ...{
          seed: seed * 2 + offset,
          addresses: [ADDRESSES[side], ADDRESSES6[side]],
          nowMs: startMs,
          ...hosts[side],
        },
        onPacket: (packet) => this.#transmit(side, packet),
      })
    this.left = host('left', 0)
    this.right = host('right', 1)
  }

  get nowMs(): number {
    return Math.floor(this.#nowUs / 1000)
  }

  /** From event to event until `done`, or until that much time has passed. False: it did not come to `done`. */
  run(durationMs: number, done: () => boolean = () => false): boolean {
    const endUs = this.#nowUs + durationMs * 1000
    while (!done()) {
      const nextUs = Math.min(this.#arrivals.nextAt, this.#deadlineUs())
      if (nextUs > endUs) {
        this.#moveTo(endUs)
        return done()
      }
      this.#moveTo(Math.max(nextUs, this.#nowUs))
      this.#deliver()
      // `step` sees to the deadlines that have come.
      for (const host of [this.left, this.right]) while (host.step(this.nowMs));
    }
    return true
  }

  #moveTo(us: number): void {
    this.#nowUs = us
    this.left.moveTo(this.nowMs)
    this.right.moveTo(this.nowMs)
  }

  #deliver(): void {
    while (this.#arrivals.nextAt <= this.#nowUs) {
      const { to, packet } = this.#arrivals.take()
      this[to].receive(packet)
      this[to].turn()
    }
  }

  #deadlineUs(): number {
    const next = (host: StackHost): number => Math.ceil(host.stack.nextDeadline() ?? Number.POSITIVE_INFINITY)
    return Math.min(next(this.left), next(this.right)) * 1000
  }

  #transmit(from: Side, packet: Uint8Array): void {
    this.#onPacket(from, packet, this.nowMs)
    const weather = from === 'left' ? this.weather.there : this.weather.back
    const start = Math.max(this.#nowUs, this.#freeUs[from])
    const waiting = (start - this.#nowUs) * (weather.bytesPerMs / 1000)
    if (waiting > 0 && waiting + packet.length > weather.queueBytes) {
      this.lost++
      return
    }
    const sentUs = start + (packet.length / weather.bytesPerMs) * 1000
    this.#freeUs[from] = sentUs
    if (this.#chance(weather.loss)) {
      this.lost++
      return
    }
    const copies = this.#chance(weather.duplicate) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) this.#fly(from, weather, { packet, sentUs })
  }

  #fly(
    from: Side,
    weather: PathWeather,
    { packet, sentUs }: { readonly packet: Uint8Array; readonly sentUs: number },
  ): void {
    const heldUs = this.#chance(weather.reorder) ? this.#random() * weather.reorderMs * 1000 : 0
    const damaged = this.#chance(weather.corrupt) ? this.#damage(packet) : packet
    const to = from === 'left' ? 'right' : 'left'
    this.#arrivals.add(sentUs + weather.delayMs * 1000 + heldUs, { to, packet: damaged })
  }

  #damage(packet: Uint8Array): Uint8Array {
    const bytes = packet.slice()
    const at = Math.floor(this.#random() * bytes.length)
    bytes[at] = bytes[at]! ^ (1 << Math.floor(this.#random() * 8))
    return bytes
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random() < probability
  }
}

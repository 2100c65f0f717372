/**
 * Our stack on a TUN link in a host of its own, in real time, with the host's kernel as the other end:
 *
 *   host (a namespace)                             this process
 *   ┌───────────────────────────────────┐  tun0  ┌──────────────────────────────┐
 *   │ kernel TCP 10.7.0.1, fd07::1      ├────────┤ shuttle ── stack 10.7.0.2,   │
 *   │ sockets of kernel-talker.ts       │        │                  fd07::2     │
 *   └───────────────────────────────────┘        └──────────────────────────────┘
 *
 * The shuttle can lose, repeat and hold up packets by itself, from a seed, where a kernel has no netem.
 */
import type { TestContext } from 'node:test'
import { EventLoop, loadSyscalls, openNetns, openTun, withNetns } from '../../src/linux/index.ts'
import type { StackLimits, TcpIpStack, TcpSettings } from '../../src/protocols/tcpip/index.ts'
import { EventQueue } from '../sim/event-queue.ts'
import { mulberry32 } from '../sim/wireguard-network.ts'
import { StackHost } from '../tcpip/stack-host.ts'
import { Namespace } from './namespace.ts'

export const KERNEL = { 4: '10.7.0.1', 6: 'fd07::1' } as const
export const OURS = { 4: '10.7.0.2', 6: 'fd07::2' } as const

/** What the shuttle does to packets of each direction. */
export interface ShuttleWeather {
  readonly loss: number
  readonly duplicate: number
  readonly delayMs: number
  /** Of being held up by up to as long again. */
  readonly reorder: number
}

export const CLEAR: ShuttleWeather = { loss: 0, duplicate: 0, delayMs: 0, reorder: 0 }

export interface TunStackOptions {
  readonly mtuBytes?: number
  readonly weather?: ShuttleWeather
  readonly seed?: number
  readonly tcp?: Partial<TcpSettings>
  readonly limits?: Partial<StackLimits>
}

const START_MS = 1_000
const MAX_PACKETS_A_TURN = 256
const AGAIN = -11

export class TunStack {
  readonly host: Namespace
  readonly #sys = loadSyscalls()
  readonly #tun: number
  readonly #stackHost: StackHost
  readonly #weather: ShuttleWeather
  readonly #random: () => number
  readonly #flights = new EventQueue<{ readonly inward: boolean; readonly packet: Uint8Array }>()
  readonly #buffer = new Uint8Array(65_536)
  readonly #watch: { close(): void }
  readonly #startedAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  /** Packets that the kernel would not take from the link, and those that it sent. */
  refusals = 0
  inward = 0
  /** For a test that wants to see, change (in place) or swallow (false) what the kernel sends. */
  onInward: (packet: Uint8Array) => boolean = () => true

  private constructor(
    host: Namespace,
    { weather = CLEAR, seed = 1, mtuBytes = 1500, ...options }: TunStackOptions,
  ) {
    this.host = host
    this.#weather = weather
    this.#random = mulberry32(seed)
    const netns = openNetns(this.#sys, host.pid)
    this.#tun = withNetns(this.#sys, netns, () => openTun(this.#sys, { name: 'tun0', plain: true }).fd)
    this.#sys.close(netns)
    this.#stackHost = new StackHost({
      ...{ seed, nowMs: START_MS, mtuBytes, addresses: [OURS[4], OURS[6]], ...options },
      onPacket: (packet) => this.#shuttle(false, packet),
    })
    this.#watch = new EventLoop().watch(this.#tun, 'readable', () => this.#readTun(), { keepAlive: true })
  }

  static async create(t: TestContext, options: TunStackOptions = {}): Promise<TunStack> {
    const host = await Namespace.create('kernel')
    const stack = new TunStack(host, options)
    t.after(() => stack.close())
    await host.exec(`ip link set tun0 mtu ${options.mtuBytes ?? 1500} up`)
    await host.exec(`ip address add ${KERNEL[4]}/24 dev tun0`)
    await host.exec(`ip address add ${KERNEL[6]}/64 dev tun0 nodad`)
    return stack
  }

  get stack(): TcpIpStack {
    return this.#stackHost.stack
  }

  /** What a program does outside of `onProgress`, with what the stack wants to send of it. */
  act<T>(run: (stack: TcpIpStack) => T): T {
    this.#moveClock()
    const result = run(this.stack)
    this.#turn()
    return result
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#watch.close()
    this.#sys.close(this.#tun)
    this.host.close()
  }

  #readTun(): void {
    this.#moveClock()
    for (let count = 0; count < MAX_PACKETS_A_TURN; count++) {
      const length = this.#sys.read(this.#tun, this.#buffer)
      if (length <= 0) break
      const packet = this.#buffer.slice(0, length)
      this.inward++
      if (this.onInward(packet)) this.#shuttle(true, packet)
    }
    this.#turn()
  }

  #shuttle(inward: boolean, packet: Uint8Array): void {
    const { loss, duplicate, delayMs, reorder } = this.#weather
    if (loss > 0 && this.#random() < loss) return
    for (let copies = duplicate > 0 && this.#random() < duplicate ? 2 : 1; copies > 0; copies--) {
      const held = reorder > 0 && this.#random() < reorder ? this.#random() * delayMs : 0
      if (delayMs === 0) this.#land(inward, packet)
      else this.#flights.add(performance.now() + delayMs + held, { inward, packet })
    }
  }

  #land(inward: boolean, packet: Uint8Array): void {
    if (inward) {
      this.#stackHost.receive(packet)
      return
    }
    // The kernel's queue is full: the packet is lost, as on any other link.
    const result = this.#isClosed ? 0 : this.#sys.write(this.#tun, packet)
    if (result < 0 && result !== AGAIN) this.refusals++
  }

  #turn(): void {
    while (this.#flights.nextAt <= performance.now()) {
      const { inward, packet } = this.#flights.take()
      this.#land(inward, packet)
    }
    this.#stackHost.turn()
    while (this.#stackHost.step(this.#nowMs()));
    this.#schedule()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    const deadline = this.stack.nextDeadline()
    const inMs = Math.min(
      deadline === undefined ? Number.POSITIVE_INFINITY : deadline - this.#nowMs(),
      this.#flights.nextAt - performance.now(),
    )
    if (inMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(
      () => {
        this.#moveClock()
        this.#turn()
      },
      Math.max(0, inMs),
    )
  }

  #moveClock(): void {
    this.#stackHost.moveTo(this.#nowMs())
  }

  #nowMs(): number {
    return START_MS + Math.floor(performance.now() - this.#startedAt)
  }
}

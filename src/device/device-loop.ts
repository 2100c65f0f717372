/**
 * The device at work, on one thread: descriptors of TUN and UDP in Node's event loop, one timer for the state machine,
 * and the UAPI between them. Each time a descriptor is ready it is read until it is empty or its turn is over, so that
 * a full tunnel still lets timers and the UAPI in.
 */
import type { Closeable, FdWatcher, PacketCalls, Syscalls, Tun } from '../linux/index.ts'
import { readMtu } from '../linux/index.ts'
import type { WireGuardDevice } from '../protocols/wireguard/index.ts'
import { newCounters } from './counters.ts'
import {
  DatagramRuns,
  EndpointTable,
  type HandshakeTimestampFile,
  type UdpPorts,
} from '../datagrams/index.ts'
import { Inbound } from './inbound.ts'
import { Outbound } from './outbound.ts'
import { MEMORY_BYTES, SENDING } from './packet-layout.ts'
import { allocatePacketMemory } from '../protocols/packet-memory/index.ts'

export interface DeviceLoopOptions {
  readonly name: string
  readonly sys: Syscalls
  readonly calls: PacketCalls
  readonly watcher: FdWatcher
  readonly tun: Tun
  readonly ports: UdpPorts
  readonly wireguard: WireGuardDevice
  readonly timestamps: HandshakeTimestampFile
  readonly onLinkGone: () => void
}

/** How often traffic makes us look whether the link's MTU has changed. */
const MTU_INTERVAL_MS = 1000
/** setTimeout's own limit is 2^31; the state machine is content with being asked too early. */
const LONGEST_SLEEP_MS = 3_600_000

export class DeviceLoop {
  readonly endpoints = new EndpointTable()
  readonly counters = newCounters()
  readonly #options: DeviceLoopOptions
  readonly #outbound: Outbound
  readonly #inbound: Inbound
  readonly #bootOffsetMs: number
  #watches: Closeable[] = []
  #tunWatch: Closeable | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #mtuReadAtMs = Number.NEGATIVE_INFINITY
  #mtuBytes = 0

  constructor(options: DeviceLoopOptions) {
    this.#options = options
    const { calls, sys, ports, wireguard, tun } = options
    const { counters, endpoints } = this
    this.#bootOffsetMs = Math.floor(calls.bootTimeMs())
    const allocated = allocatePacketMemory(MEMORY_BYTES)
    const memory = { ...allocated, address: calls.addressOf(allocated.bytes) }
    const socketFor = (family: 4 | 6) => ports.socketFor(family)
    const runs = new DatagramRuns({ sys, calls, memory, counters, socketFor, layout: SENDING })
    this.#outbound = new Outbound({ wireguard, memory, calls, tun, runs, counters })
    this.#inbound = new Inbound({ wireguard, memory, calls, tun, endpoints, counters })
  }

  /** Milliseconds since this process began, small integers for weeks: doubles would be boxed at every store. */
  nowMs(): number {
    return Math.floor(this.#options.calls.bootTimeMs()) - this.#bootOffsetMs
  }

  start(): void {
    const { watcher, tun } = this.#options
    this.#tunWatch = watcher.watch(tun.fd, 'readable', () => this.#onTun(), { keepAlive: true })
    this.watchSockets()
  }

  /** Again whenever the sockets have changed. */
  watchSockets(): void {
    const { watcher, ports } = this.#options
    for (const watch of this.#watches.splice(0)) watch.close()
    this.#watches = ports.sockets.map((socket) =>
      watcher.watch(socket.fd, 'readable', () => {
        const isSound = this.#inbound.drain(socket, this.nowMs())
        this.settle()
        // libuv stops watching a descriptor that reports an error; the error is taken, the socket still works.
        if (!isSound) this.watchSockets()
      }),
    )
  }

  /** Sends what the state machine has made, and sets the timer. After everything that could have changed either. */
  settle(): void {
    const { wireguard } = this.#options
    const outputs = wireguard.takeOutputs()
    if (outputs.length > 0) {
      this.#saveTimestamp()
      this.#outbound.sendOutputs(outputs)
    }
    const deadline = wireguard.nextDeadline()
    if (deadline !== undefined && deadline < this.#timerAtMs) this.#arm(deadline)
  }

  /**
   * A full disk must not end a tunnel. What is lost is the promise for a machine without a clock that restarts now;
   * the next handshake tries again.
   */
  #saveTimestamp(): void {
    const { wireguard, timestamps } = this.#options
    try {
      timestamps.save(wireguard.handshakeTimestamp)
    } catch {
      this.counters.timestampErrors++
    }
  }

  stop(): void {
    for (const watch of this.#watches.splice(0)) watch.close()
    this.#tunWatch?.close()
    clearTimeout(this.#timer)
    this.#options.wireguard.close()
  }

  #onTun(): void {
    const nowMs = this.nowMs()
    if (nowMs - this.#mtuReadAtMs >= MTU_INTERVAL_MS) this.#readMtu(nowMs)
    const linkIsThere = this.#outbound.drain(nowMs)
    this.settle()
    if (!linkIsThere) this.#options.onLinkGone()
  }

  #readMtu(nowMs: number): void {
    const { sys, ports, name, wireguard } = this.#options
    this.#mtuReadAtMs = nowMs
    const socket = ports.sockets[0]
    const mtuBytes = socket && readMtu(sys, socket.fd, name)
    if (mtuBytes === undefined || mtuBytes === this.#mtuBytes) return
    this.#mtuBytes = mtuBytes
    wireguard.setMtu(mtuBytes)
  }

  #arm(deadlineMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = deadlineMs
    const delay = Math.max(0, Math.ceil(deadlineMs - this.nowMs()))
    this.#timer = setTimeout(() => this.#onTimer(), Math.min(delay, LONGEST_SLEEP_MS))
  }

  #onTimer(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY
    this.#options.wireguard.advance(this.nowMs())
    this.settle()
  }
}

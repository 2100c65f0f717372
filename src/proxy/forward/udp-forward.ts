/**
 * A UDP port of this machine that leads to a host on the other side. Every client has a flow of its own, so that answers
 * find their way back; only what comes from the target is one.
 */
import type { SocketEnd } from '../../streams/index.ts'
import { type RelayFigures, RelayCounters } from './counters.ts'
import type { Clock, DatagramDialer, HostAndPort } from './dialer.ts'
import { FlowTable } from './flow-table.ts'
import type { LocalDatagrams } from './local-datagrams.ts'
import { UdpFlow } from './udp-flow.ts'

export interface UdpForwardLimits {
  readonly flows: number
  readonly idleMs: number
}

export const UDP_FORWARD_LIMITS: UdpForwardLimits = { flows: 4096, idleMs: 120_000 }
const BUSY_MS = 10_000
const SWEEPS_PER_LIMIT = 4

export interface UdpForwardOptions {
  /** At the moment of use. */
  readonly dialer: () => DatagramDialer
  readonly to: HostAndPort
  readonly clock: Clock
  readonly limits?: Partial<UdpForwardLimits> | undefined
}

export class UdpForward {
  readonly #options: UdpForwardOptions
  readonly #counters = new RelayCounters()
  readonly #flows: FlowTable<UdpFlow>
  readonly #idleMs: number
  #sweep: { close(): void } | undefined
  #isDraining = false

  constructor(options: UdpForwardOptions) {
    this.#options = options
    const { flows, idleMs } = { ...UDP_FORWARD_LIMITS, ...options.limits }
    this.#idleMs = idleMs
    this.#flows = new FlowTable({ max: flows, idleMs, busyMs: BUSY_MS, close: (flow) => flow.close() })
  }

  /** What a client sent to the local port. The bytes are ours. */
  accept(bytes: Uint8Array, from: SocketEnd, local: Pick<LocalDatagrams, 'send'>): void {
    const nowMs = this.#options.clock.nowMs()
    const key = `${from.address} ${from.port}`
    const flow = this.#flows.use(key, nowMs) ?? this.#begin(key, from, local)
    this.#counters.receivedBytes += bytes.length
    if (flow === undefined || !flow.send(bytes)) this.#counters.count('datagram-dropped')
  }

  figures(): RelayFigures {
    const { connectionsTotal, receivedBytes, sentBytes, errors } = this.#counters
    return {
      connections: this.#flows.size,
      connectionsTotal,
      receivedBytes,
      sentBytes,
      errors: { ...errors },
    }
  }

  /** Nobody can tell whether a flow is over: it takes no new ones, and that is all. */
  drain(): Promise<void> {
    this.#isDraining = true
    return Promise.resolve()
  }

  close(): void {
    this.#isDraining = true
    this.#flows.clear()
    this.#sweep?.close()
    this.#sweep = undefined
  }

  #begin(key: string, client: SocketEnd, local: Pick<LocalDatagrams, 'send'>): UdpFlow | undefined {
    const { dialer, to, clock } = this.#options
    if (this.#isDraining || !this.#flows.makeRoom(clock.nowMs())) {
      this.#counters.count('limit')
      return undefined
    }
    const flow = new UdpFlow({
      dialer,
      to,
      onAnswer: (bytes) => {
        this.#flows.use(key, clock.nowMs())
        this.#counters.sentBytes += bytes.length
        local.send(bytes, client)
      },
      onTrouble: (reason) => {
        this.#counters.count(reason)
        this.#flows.remove(key)
      },
    })
    this.#counters.connectionsTotal++
    this.#flows.add(key, flow, clock.nowMs())
    this.#sweep ??= this.#sweepLater()
    flow.start()
    return flow
  }

  #sweepLater(): { close(): void } {
    return this.#options.clock.after(Math.ceil(this.#idleMs / SWEEPS_PER_LIMIT), () => {
      this.#flows.expire(this.#options.clock.nowMs())
      this.#sweep = this.#flows.size > 0 ? this.#sweepLater() : undefined
    })
  }
}

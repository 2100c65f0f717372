/**
 * Connections that come in on one side and go on on the other, byte by byte: dialled, joined, bounded in number and
 * time, counted. TCP forwards, published ports and SOCKS all are this.
 *
 *   carry ─▶ dialling ── dialMs ──▶ given up          joined ── idleMs without a byte ──▶ cut
 *              └─ the client goes away: the dial is aborted
 */
import type { ByteStream } from '../../streams/index.ts'
import { type RelayFigures, RelayCounters } from './counters.ts'
import { type Clock, failureOf } from './dialer.ts'
import { RelayLink } from './relay-link.ts'

export interface RelayLimits {
  readonly connections: number
  /** Names, handshakes and all. */
  readonly dialMs: number
  readonly idleMs: number
  /** Without a byte after one direction has ended. */
  readonly halfClosedMs: number
}

export const RELAY_LIMITS: RelayLimits = {
  connections: 10_000,
  dialMs: 30_000,
  idleMs: 3_600_000,
  halfClosedMs: 300_000,
}

export interface RelayOptions {
  readonly clock: Clock
  readonly limits?: Partial<RelayLimits> | undefined
}

export interface CarryOptions {
  readonly dial: (signal: AbortSignal) => Promise<ByteStream>
  /** Before the first byte is copied: what a protocol has to say to the client. */
  readonly onOpen?: (server: ByteStream) => void
  /** Instead of a reset for the client. */
  readonly onRefused?: (error: unknown) => void
}

/** How often a relay looks for idle connections, as a part of its shortest limit. */
const SWEEPS_PER_LIMIT = 4

export class Relay {
  readonly counters = new RelayCounters()
  readonly limits: RelayLimits
  readonly #clock: Clock
  readonly #links = new Set<RelayLink>()
  #sweep: { close(): void } | undefined
  #drained: (() => void)[] = []
  #isDraining = false

  constructor({ clock, limits }: RelayOptions) {
    this.#clock = clock
    this.limits = { ...RELAY_LIMITS, ...limits }
  }

  get open(): number {
    return this.#links.size
  }

  get hasRoom(): boolean {
    return !this.#isDraining && this.#links.size < this.limits.connections
  }

  /** The client belongs to the relay from here on. */
  carry(client: ByteStream, options: CarryOptions): void {
    if (!this.hasRoom) {
      this.counters.count('limit')
      client.destroy()
      return
    }
    this.counters.connectionsTotal++
    const link = new RelayLink(client, {
      ...options,
      clock: this.#clock,
      dialMs: this.limits.dialMs,
      onOver: (reason) => this.#over(link, reason),
    })
    this.#links.add(link)
    this.#sweep ??= this.#sweepLater()
    link.start()
  }

  figures(): RelayFigures {
    const { connectionsTotal, errors } = this.counters
    let { receivedBytes, sentBytes } = this.counters
    for (const link of this.#links) {
      receivedBytes += link.receivedBytes
      sentBytes += link.sentBytes
    }
    return {
      connections: this.#links.size,
      connectionsTotal,
      receivedBytes,
      sentBytes,
      errors: { ...errors },
    }
  }

  /** Takes no more; resolves when those that are there have ended. */
  drain(): Promise<void> {
    this.#isDraining = true
    return this.#links.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve))
  }

  /** Now. */
  close(): void {
    this.#isDraining = true
    for (const link of [...this.#links]) link.cut(undefined)
  }

  #over(link: RelayLink, reason: unknown): void {
    if (!this.#links.delete(link)) return
    this.counters.receivedBytes += link.receivedBytes
    this.counters.sentBytes += link.sentBytes
    if (reason !== undefined)
      this.counters.count(typeof reason === 'string' ? reason : failureOf(reason).code)
    if (this.#links.size > 0) return
    this.#sweep?.close()
    this.#sweep = undefined
    for (const resolve of this.#drained) resolve()
    this.#drained = []
  }

  #sweepLater(): { close(): void } {
    const { idleMs, halfClosedMs } = this.limits
    return this.#clock.after(Math.ceil(Math.min(idleMs, halfClosedMs) / SWEEPS_PER_LIMIT), () => {
      const nowMs = this.#clock.nowMs()
      for (const link of [...this.#links]) {
        const limitMs = link.isHalfClosed ? Math.min(halfClosedMs, idleMs) : idleMs
        if (nowMs - link.touchedMs >= limitMs) link.cut('idle')
      }
      this.#sweep = this.#links.size > 0 ? this.#sweepLater() : undefined
    })
  }
}

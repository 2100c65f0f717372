/**
 * How much of a stranger's handshakes is worth computing (paper §5.3): a meter that says when the device is
 * under load, and token buckets by source for those who have proven their address by then.
 */
import { parseAddress } from './formats/index.ts'

/** Answering an initiation takes about 0.6 ms: this is some 12 % of a core. */
export const UNDER_LOAD_ABOVE_PER_SECOND = 200
const WINDOW_MS = 1_000

/** Under load from the moment a second has seen more than the limit, and for a second after. */
export class LoadMeter {
  readonly #limit: number
  #windowStart = Number.NEGATIVE_INFINITY
  #count = 0
  #underLoadUntil = Number.NEGATIVE_INFINITY

  constructor(limitPerSecond: number) {
    this.#limit = limitPerSecond
  }

  /** Counts one handshake message and says whether the device is under load. */
  count(nowMs: number): boolean {
    if (nowMs - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = nowMs
      this.#count = 0
    }
    this.#count += 1
    if (this.#count > this.#limit) this.#underLoadUntil = nowMs + WINDOW_MS
    return nowMs < this.#underLoadUntil
  }
}

export const PACKETS_PER_SECOND = 20
export const PACKETS_BURST = 5
const TOKEN_MS = 1_000 / PACKETS_PER_SECOND
const FULL_MS = TOKEN_MS * PACKETS_BURST
const MAX_SOURCES = 8_192

/** A token bucket for each IPv4 address and each IPv6 /64; a fixed number of them at most. */
export class RateLimiter {
  /** When the bucket would be full again. */
  readonly #fullAt = new Map<string, number>()

  /** Takes a token; false when there is none. */
  allow(address: string, nowMs: number): boolean {
    const source = sourceOf(address)
    const fullAt = Math.max(this.#fullAt.get(source) ?? 0, nowMs)
    if (fullAt + TOKEN_MS > nowMs + FULL_MS) return false
    if (!this.#fullAt.has(source) && this.#fullAt.size >= MAX_SOURCES) {
      this.#forgetFull(nowMs)
      if (this.#fullAt.size >= MAX_SOURCES) return false
    }
    this.#fullAt.set(source, fullAt + TOKEN_MS)
    return true
  }

  #forgetFull(nowMs: number): void {
    for (const [source, fullAt] of this.#fullAt) if (fullAt <= nowMs) this.#fullAt.delete(source)
  }
}

/** Whoever has one IPv6 address has 2^64 of them. */
function sourceOf(address: string): string {
  return address.includes(':') ? (parseAddress(address)?.subarray(0, 8).join('.') ?? address) : address
}

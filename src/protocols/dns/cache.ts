/**
 * What was said about names, until its time is up: a bounded number of answers, those least recently used go first.
 * Addresses are kept for longer than that, for the time when nobody can say what is right (RFC 8767).
 */
import type { Outcome } from './outcome.ts'

/** RFC 8767 §4 would let us keep more; a zone that says 0 is asked once a second and not for every connection. */
export const MAX_TTL_SECONDS = 86_400
export const MIN_TTL_SECONDS = 1
/** RFC 2308 §5 has hours in mind; somebody waits for the name that is missing. */
export const MAX_NEGATIVE_TTL_SECONDS = 300

/** RFC 8767 §5 suggests days; addresses inside a tunnel are given to others sooner. */
export const MAX_STALE_SECONDS = 3_600

interface Entry {
  readonly outcome: Outcome
  readonly expiresAtMs: number
}

export class AnswerCache {
  readonly #maxEntries: number
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string, nowMs: number): { readonly outcome: Outcome; readonly ttlSeconds: number } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAtMs <= nowMs) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return { outcome: entry.outcome, ttlSeconds: Math.ceil((entry.expiresAtMs - nowMs) / 1_000) }
  }

  /** Addresses whose time is up, but not for long. */
  stale(key: string, nowMs: number): Outcome | undefined {
    const entry = this.#entries.get(key)
    if (entry?.outcome.kind !== 'addresses') return undefined
    return entry.expiresAtMs + MAX_STALE_SECONDS * 1_000 > nowMs ? entry.outcome : undefined
  }

  put(key: string, outcome: Outcome, o: { readonly ttlSeconds: number; readonly nowMs: number }): void {
    const most = outcome.kind === 'addresses' ? MAX_TTL_SECONDS : MAX_NEGATIVE_TTL_SECONDS
    const ttlSeconds = Math.min(Math.max(o.ttlSeconds, MIN_TTL_SECONDS), most)
    this.#entries.delete(key)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#maxEntries) break
      this.#entries.delete(oldest)
    }
    this.#entries.set(key, { outcome, expiresAtMs: o.nowMs + ttlSeconds * 1_000 })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}

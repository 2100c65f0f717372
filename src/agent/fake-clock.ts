/** A clock that stands still until it is told how much time has passed. Timers run in order, each at its time. */
import type { Clock, Closeable } from './clock.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

export class FakeClock implements Clock {
  #nowMs = 0
  #epochMs: number
  readonly #timers = new Set<Timer>()

  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  bootMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs
  }

  after(ms: number, run: () => void): Closeable {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.add(timer)
    return { close: () => this.#timers.delete(timer) }
  }

  /** The wall clock alone: somebody set it. */
  setWall(epochMs: number): void {
    this.#epochMs = epochMs - this.#nowMs
  }

  get waiting(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const until = this.#nowMs + ms
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > until) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.run()
    }
    this.#nowMs = until
  }
}

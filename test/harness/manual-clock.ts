/** A clock that a test moves: what is due runs in order, and then everything that it promised. */
import { setImmediate as immediate } from 'node:timers/promises'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

export class ManualClock {
  #nowMs = 0
  readonly #timers = new Set<Timer>()

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): { close(): void } {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.add(timer)
    return { close: () => void this.#timers.delete(timer) }
  }

  /** How many timers are set. */
  get waiting(): number {
    return this.#timers.size
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = next.atMs
      this.#timers.delete(next)
      next.run()
      await immediate()
    }
    this.#nowMs = untilMs
    await immediate()
  }

  #next(untilMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0]
  }
}

/** An engine whose time stands still until a test moves it: every timer and every turn happens in one fixed order. */
import type { Closeable } from '../../linux/index.ts'
import type { TunnelEngine } from '../engine.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualEngine implements TunnelEngine {
  readonly kind = 'plain'
  readonly turns = { atEndOfTurn: (run: () => void): void => this.#atEndOfTurn(run) }
  #nowMs = 0
  #order = 0
  #timers: Timer[] = []
  readonly #atEnd: (() => void)[] = []
  #inTurn = false

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): Closeable {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run }
    const later = this.#timers.findIndex((other) => other.atMs > timer.atMs)
    if (later < 0) this.#timers.push(timer)
    else this.#timers.splice(later, 0, timer)
    return { close: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  /** Lets that much time pass; promises settle between timers. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settled()
    while (this.#timers[0] !== undefined && this.#timers[0].atMs <= untilMs) {
      this.#runNext()
      await settled()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass until the promise is settled; throws when `withinMs` were not enough. */
  async until<T>(promise: Promise<T>, withinMs = 600_000): Promise<T> {
    const wait = { isOver: false }
    const end = (): void => {
      wait.isOver = true
    }
    promise.then(end, end)
    const untilMs = this.#nowMs + withinMs
    await settled()
    while (!wait.isOver) {
      const next = this.#timers[0]
      if (next === undefined || next.atMs > untilMs)
        throw new Error(`still pending after ${withinMs} ms of virtual time`)
      this.#runNext()
      await settled()
    }
    return promise
  }

  #runNext(): void {
    const next = this.#timers.shift()
    if (next === undefined) return
    this.#nowMs = next.atMs
    this.#turn(next.run)
  }

  #atEndOfTurn(run: () => void): void {
    this.#atEnd.push(run)
    if (!this.#inTurn && this.#atEnd.length === 1) this.after(0, () => {})
  }

  #turn(run: () => void): void {
    this.#inTurn = true
    run()
    for (let next = this.#atEnd.shift(); next !== undefined; next = this.#atEnd.shift()) next()
    this.#inTurn = false
  }
}

/** Every promise that can settle now has. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

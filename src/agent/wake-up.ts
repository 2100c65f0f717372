/**
 * Waiting for something to happen: the first cause after the last look, its time, and a moment more, because
 * events come in flocks (a deleted link takes its addresses and routes along, one event each).
 */
import type { Clock, Closeable } from './clock.ts'

const COALESCE_MS = 10

export interface Wake {
  readonly cause: string
  /** When the first of the flock came, monotonic. */
  readonly atMs: number
}

export class WakeUp {
  readonly #clock: Clock
  #pending: Wake | undefined
  #stopped = false
  #resolve: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(cause: string): void {
    this.#pending ??= { cause, atMs: this.#clock.nowMs() }
    this.#resolve?.()
  }

  stop(): void {
    this.#stopped = true
    this.#resolve?.()
  }

  /** Undefined when nothing happened for this long, or on `stop()`. */
  async next(ms: number): Promise<Wake | undefined> {
    if (this.#pending === undefined) await this.#wait(ms)
    if (this.#stopped || this.#pending === undefined) return undefined
    this.#resolve = undefined
    await new Promise<void>((resolve) => {
      this.#clock.after(COALESCE_MS, resolve)
    })
    const wake = this.#pending
    this.#pending = undefined
    return wake
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stopped) return
    let timer: Closeable | undefined
    await new Promise<void>((resolve) => {
      this.#resolve = resolve
      timer = this.#clock.after(ms, resolve)
    })
    timer?.close()
    this.#resolve = undefined
  }
}

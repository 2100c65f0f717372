/**
 * UDP has no connections, so a flow is one as long as something moves: what a client sends from one address and port
 * gets a socket of its own on the other side, for a time. Bounded; the one that has been silent longest gives way.
 */

export interface FlowTableOptions<Flow> {
  readonly max: number
  readonly idleMs: number
  /** One that was used within this time never gives way: a flood of new ones must not end those at work. */
  readonly busyMs: number
  readonly close: (flow: Flow) => void
}

interface Entry<Flow> {
  readonly flow: Flow
  touchedMs: number
}

export class FlowTable<Flow> {
  readonly #options: FlowTableOptions<Flow>
  /** The longest silent first: an entry moves to the end when it is used. */
  readonly #entries = new Map<string, Entry<Flow>>()

  constructor(options: FlowTableOptions<Flow>) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  use(key: string, nowMs: number): Flow | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.touchedMs = nowMs
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.flow
  }

  /** Whether there is room for one more, if need be in place of one that is silent. */
  makeRoom(nowMs: number): boolean {
    if (this.#entries.size < this.#options.max) return true
    const [oldest] = this.#entries
    if (oldest === undefined || nowMs - oldest[1].touchedMs < this.#options.busyMs) return false
    this.remove(oldest[0])
    return true
  }

  add(key: string, flow: Flow, nowMs: number): void {
    this.#entries.set(key, { flow, touchedMs: nowMs })
  }

  remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#options.close(entry.flow)
  }

  /** Ends those that were silent for too long. */
  expire(nowMs: number): void {
    for (const [key, { touchedMs }] of this.#entries) {
      if (nowMs - touchedMs < this.#options.idleMs) return
      this.remove(key)
    }
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.remove(key)
  }
}

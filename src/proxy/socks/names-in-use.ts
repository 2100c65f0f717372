/** The names that one association sends datagrams to. An address is kept for a moment: a datagram a name is no lookup each. */
import type { Clock } from '../forward/index.ts'

const KEEP_MS = 10_000
const MAX_NAMES = 64
/** For one name, while it is looked up. */
const MAX_WAITING = 16

type Use = (address: string | undefined) => void

interface Known {
  readonly untilMs: number
  readonly address: string | undefined
}

export interface NamesInUseOptions {
  readonly resolve: (name: string, options: { readonly signal: AbortSignal }) => Promise<readonly string[]>
  readonly clock: Clock
}

export class NamesInUse {
  readonly #options: NamesInUseOptions
  readonly #abort = new AbortController()
  readonly #known = new Map<string, Known>()
  readonly #waiting = new Map<string, Use[]>()

  constructor(options: NamesInUseOptions) {
    this.#options = options
  }

  /** Calls `use` at once or later; undefined: it has no address. False: there is too much waiting already. */
  withAddress(name: string, use: Use): boolean {
    const known = this.#known.get(name)
    if (known !== undefined && known.untilMs > this.#options.clock.nowMs()) {
      use(known.address)
      return true
    }
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) {
      if (this.#waiting.size >= MAX_NAMES) return false
      this.#waiting.set(name, [use])
      void this.#lookUp(name)
      return true
    }
    if (waiting.length >= MAX_WAITING) return false
    waiting.push(use)
    return true
  }

  close(): void {
    this.#abort.abort()
    this.#waiting.clear()
  }

  async #lookUp(name: string): Promise<void> {
    const { signal } = this.#abort
    let address: string | undefined
    try {
      address = (await this.#options.resolve(name, { signal }))[0]
    } catch {
      // Whoever waits is told that it has none; the tunnel counts and logs why.
    }
    if (signal.aborted) return
    if (this.#known.size >= MAX_NAMES) this.#known.clear()
    this.#known.set(name, { address, untilMs: this.#options.clock.nowMs() + KEEP_MS })
    const waiting = this.#waiting.get(name) ?? []
    this.#waiting.delete(name)
    for (const use of waiting) use(address)
  }
}

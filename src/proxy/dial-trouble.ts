/**
 * Why targets cannot be reached, in the log. Clients and metrics get a word for it, as texts for strangers name nothing
 * that lies behind; what leads to a cure (a tunnel without DNS, an address outside of AllowedIPs, a peer that does not
 * answer, a certificate) is only in the error, so that it is said here. Seldom: clients decide how often they ask.
 */
import { type DatagramDialer, type Dialer, failureOf } from './forward/index.ts'
import type { Logger } from './log.ts'

export interface DialTroubleOptions {
  readonly log: Logger
  readonly nowMs: () => number
  /** Where the route listens. */
  readonly route: string
}

const QUIET_MS = 10_000

export class DialTrouble {
  readonly #o: DialTroubleOptions
  #quietUntilMs = Number.NEGATIVE_INFINITY
  /** Failures since the last line, of which nothing was said. */
  #untold = 0

  constructor(options: DialTroubleOptions) {
    this.#o = options
  }

  /** What the dial comes to. A failure is told, unless nobody waits for it any more. */
  async of<T>(dialled: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await dialled
    } catch (error) {
      if (signal?.aborted !== true) this.#tell(error)
      throw error
    }
  }

  /** The same dialer, whose failures are told. */
  telling(side: Dialer & DatagramDialer): Dialer & DatagramDialer {
    return {
      connect: (to, options) => this.of(side.connect(to, options), options.signal),
      resolve: (name, options) => this.of(side.resolve(name, options), options.signal),
      openUdp: (options) => side.openUdp(options),
    }
  }

  #tell(error: unknown): void {
    const { log, nowMs, route } = this.#o
    if (nowMs() < this.#quietUntilMs) {
      this.#untold++
      return
    }
    const { code, message } = failureOf(error)
    const untold = this.#untold === 0 ? undefined : this.#untold
    log.warn('cannot reach the target', { route, code, why: message, untold })
    this.#quietUntilMs = nowMs() + QUIET_MS
    this.#untold = 0
  }
}

/**
 * Which attempt to start when (RFC 8305 §5), as a state machine: the first address at once, the next one 250 ms later
 * or as soon as one has failed; the first that succeeds wins, and the others are to be given up.
 *
 *   start(A) ──250 ms── start(B) ──B failed── start(C) ──A succeeded──▸ { winner: A, abandon: [C] }
 */

/** RFC 8305 §5, "Connection Attempt Delay". */
export const CONNECTION_ATTEMPT_DELAY_MS = 250

export interface AttemptFailure<Reason> {
  readonly address: string
  readonly reason: Reason
}

export type HappyStep<Reason> =
  /** Try this one now. */
  | { readonly kind: 'start'; readonly address: string }
  /** Nothing until then; undefined: nothing until an attempt ends. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }
  /** This one is it; give up those. */
  | { readonly kind: 'won'; readonly address: string; readonly abandon: readonly string[] }
  /** All have failed, in that order. */
  | { readonly kind: 'failed'; readonly failures: readonly AttemptFailure<Reason>[] }

export class HappyEyeballs<Reason> {
  readonly #delayMs: number
  readonly #waiting: string[]
  readonly #started = new Set<string>()
  readonly #failures: AttemptFailure<Reason>[] = []
  #nextAtMs = Number.NEGATIVE_INFINITY
  #winner: string | undefined

  /** Best first; see orderAddresses. */
  constructor(addresses: readonly string[], o: { readonly delayMs?: number } = {}) {
    this.#waiting = [...new Set(addresses)]
    this.#delayMs = o.delayMs ?? CONNECTION_ATTEMPT_DELAY_MS
  }

  /** Addresses that became known later (§3): behind those that wait. Nothing once it is decided. */
  add(addresses: readonly string[]): void {
    const known = new Set([
      ...this.#waiting,
      ...this.#started,
      ...this.#failures.map(({ address }) => address),
    ])
    this.#waiting.push(...new Set(addresses.filter((address) => !known.has(address))))
  }

  /** To be asked at the begin, after each event and at `untilMs`, until it says something else than `start`. */
  next(nowMs: number): HappyStep<Reason> {
    if (this.#winner !== undefined) {
      const abandon = [...this.#started].filter((address) => address !== this.#winner)
      return { kind: 'won', address: this.#winner, abandon }
    }
    const address = this.#waiting[0]
    if (address === undefined)
      return this.#started.size === 0
        ? { kind: 'failed', failures: this.#failures }
        : { kind: 'wait', untilMs: undefined }
    if (nowMs < this.#nextAtMs) return { kind: 'wait', untilMs: this.#nextAtMs }
    this.#waiting.shift()
    this.#started.add(address)
    this.#nextAtMs = nowMs + this.#delayMs
    return { kind: 'start', address }
  }

  succeeded(address: string): void {
    if (this.#started.has(address)) this.#winner ??= address
  }

  /** The next one need not wait. */
  failed(address: string, reason: Reason): void {
    if (this.#winner === address || !this.#started.delete(address)) return
    this.#failures.push({ address, reason })
    this.#nextAtMs = Number.NEGATIVE_INFINITY
  }
}

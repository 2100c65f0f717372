/**
 * What a request waits for at the moment, as the failure that it becomes when it does not come. Only what moves buys more
 * time: being looked at does not.
 */
import type { ClientConnection } from './client-connection.ts'
import type { FailureKind } from './http-failure.ts'

export class Patience {
  readonly #client: ClientConnection
  #awaited: FailureKind = 'queue-timeout'
  #movedBefore = -1
  /** Of the whole request; 0: it takes what it takes. */
  readonly #endsAtMs: number

  constructor(client: ClientConnection, startedMs: number) {
    const { requestMs } = client.context.route.timeouts
    this.#client = client
    this.#endsAtMs = requestMs > 0 ? startedMs + requestMs : 0
  }

  /** From now on, `ms` long. */
  await(failure: FailureKind, ms: number): void {
    this.#awaited = failure
    const left = this.#endsAtMs > 0 ? this.#endsAtMs - this.#client.context.nowMs() : ms
    this.#client.arm(Math.max(0, Math.min(left, ms)))
  }

  /** The same, unless nothing has moved since. */
  awaitMore(failure: FailureKind, ms: number, moved: number): void {
    if (moved === this.#movedBefore && failure === this.#awaited) return
    this.#movedBefore = moved
    this.await(failure, ms)
  }

  /** What the time that has passed amounts to. */
  get failure(): FailureKind {
    const isTooLong = this.#endsAtMs > 0 && this.#client.context.nowMs() >= this.#endsAtMs
    return isTooLong ? 'request-timeout' : this.#awaited
  }
}

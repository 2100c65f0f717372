/**
 * Names of endpoints to addresses, in the background: a pass never waits for DNS, because a resolver that is
 * reached through the tunnel would then keep the tunnel from being repaired. An answer is kept until a peer's
 * handshakes fail; failing peers get their name looked up again, at most every 30 seconds each.
 */
import { endpointText } from '../reconcile/index.ts'
import { parseAddress } from '../model/index.ts'
import type { EndpointIntent } from '../model/index.ts'
import type { Clock } from './clock.ts'

/** Addresses of a name, best first; rejects when there are none. */
export type Lookup = (host: string) => Promise<readonly string[]>

const AGAIN_AFTER_MS = 30_000

interface Answer {
  readonly addresses: readonly string[]
  readonly atMs: number
  pending: Promise<void> | undefined
}

export interface EndpointResolverOptions {
  readonly lookup: Lookup
  readonly clock: Clock
  /** An answer that differs from the one before. */
  onAnswer(host: string): void
}

export class EndpointResolver {
  readonly #o: EndpointResolverOptions
  readonly #answers = new Map<string, Answer>()

  constructor(o: EndpointResolverOptions) {
    this.#o = o
  }

  /** `192.0.2.1:51820`, best first; empty while the name has no address that we know of. */
  candidates(endpoint: EndpointIntent): readonly string[] {
    if (parseAddress(endpoint.host) !== undefined) return [endpointText(endpoint)]
    const answer = this.#answers.get(endpoint.host)
    if (answer === undefined || answer.addresses.length === 0) this.lookAgain(endpoint)
    return (answer?.addresses ?? []).map((host) => endpointText({ host, port: endpoint.port }))
  }

  /** Asks for the name once more, unless that was done a moment ago. */
  lookAgain(endpoint: EndpointIntent): void {
    if (parseAddress(endpoint.host) !== undefined) return
    const answer = this.#answers.get(endpoint.host)
    if (answer?.pending !== undefined) return
    const age = answer === undefined ? Infinity : this.#o.clock.nowMs() - answer.atMs
    if (age >= AGAIN_AFTER_MS) this.#look(endpoint.host)
  }

  /** When everything asked so far has been answered or refused. */
  async settled(): Promise<void> {
    for (const answer of [...this.#answers.values()]) await answer.pending
  }

  unresolved(): string[] {
    return [...this.#answers]
      .filter(([, a]) => a.addresses.length === 0 && a.pending === undefined)
      .map(([host]) => host)
  }

  #look(host: string): void {
    const before = this.#answers.get(host)?.addresses ?? []
    const finish = (addresses: readonly string[]): void => {
      this.#answers.set(host, { addresses, atMs: this.#o.clock.nowMs(), pending: undefined })
      if (addresses.join() !== before.join()) this.#o.onAnswer(host)
    }
    const pending = this.#o.lookup(host).then(
      (addresses) => finish(addresses),
      () => finish(before), // no answer now: the old one stays, and the next failing look asks again
    )
    this.#answers.set(host, { addresses: before, atMs: this.#o.clock.nowMs(), pending })
  }
}

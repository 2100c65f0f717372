/** After 101: both connections joined, bytes as they come, in both directions (RFC 9110 §7.8), until both have ended. */
import { join, type Join } from '../../streams/index.ts'
import type { ClientConnection, Takeover } from './client-connection.ts'
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts'

export interface UpgradedExchangeOptions {
  readonly client: ClientConnection
  readonly upstream: UpstreamConnection
  readonly onOver: (receivedBytes: number, sentBytes: number) => void
}

export class UpgradedExchange implements Takeover, UpstreamUser {
  readonly #options: UpgradedExchangeOptions
  #join: Join | undefined
  #isOver = false

  constructor(options: UpgradedExchangeOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.upstream.user = this
    this.#options.client.upgrade(this)
    this.progress()
  }

  /** The head of the 101 goes first; from then on the two streams have nothing to do with us. */
  progress(): void {
    const { client, upstream } = this.#options
    if (this.#join !== undefined || this.#isOver) return
    client.arm(client.context.route.timeouts.upgradedIdleMs)
    if (!client.outlet.flush()) return
    this.#join = join(client.stream, upstream.stream, {
      touch: () => client.arm(client.context.route.timeouts.upgradedIdleMs),
      onDone: ({ bytesFromA, bytesFromB }) => this.#done(bytesFromA, bytesFromB),
    })
  }

  onUpstream(): void {
    if (this.#options.upstream.stream.state === 'closed') this.#options.client.close()
  }

  abandon(): void {
    if (this.#isOver) return
    if (this.#join === undefined) this.#done(0, 0)
    else this.#join.stop()
  }

  #done(receivedBytes: number, sentBytes: number): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, upstream, onOver } = this.#options
    client.context.pool.discard(upstream)
    onOver(receivedBytes, sentBytes)
    client.close()
  }
}

/**
 * A reverse proxy for HTTP/1.1 over byte streams, for one route.
 *
 *   client-connection.ts  one client: requests one after the other    upstream-pool.ts   connections to the target
 *   exchange.ts           one request and its answer                  timer-wheel.ts     every deadline
 *   body-transfer.ts      bodies, streamed                            head-reader.ts     heads in one piece or many
 *
 * Nothing is awaited on the way of a request, and of its fields nothing is made: protocols/http parses heads where they
 * lie and writes them anew into one buffer.
 */
import type { ByteStream, StreamEnds } from '../../streams/index.ts'
import type { AccessEntry } from './access-entry.ts'
import { ClientConnection } from './client-connection.ts'
import type { HttpCounters } from './http-counters.ts'
import type { HttpRoute } from './http-route.ts'
import { ProxyContext } from './proxy-context.ts'
import type { Dial } from './upstream-pool.ts'

export interface HttpProxyOptions {
  readonly route: HttpRoute
  /** A connection to the target, open; with TLS where the target has it. Rejects with an error that has a code. */
  readonly dial: Dial
  readonly after: (ms: number, run: () => void) => { close(): void }
  readonly nowMs: () => number
  /** Called when a request is over. Without it, no text is made of a request. */
  readonly onAccess?: ((entry: AccessEntry) => void) | undefined
  readonly counters?: HttpCounters | undefined
}

export interface HttpProxyStatus {
  readonly clients: number
  readonly requests: number
  readonly waiting: number
  readonly upstream: { readonly open: number; readonly idle: number; readonly dialing: number }
  readonly gatheredHeadBytes: number
  readonly draining: boolean
}

export class HttpProxy {
  readonly #context: ProxyContext
  readonly #clients = new Set<ClientConnection>()
  #whenEmpty: (() => void)[] = []

  constructor(options: HttpProxyOptions) {
    this.#context = new ProxyContext(options)
  }

  get counters(): HttpCounters {
    return this.#context.counters
  }

  /** Takes a connection over, for good. */
  serve(stream: ByteStream & StreamEnds): void {
    const { route, counters } = this.#context
    const client = new ClientConnection(stream, this.#context, this)
    counters.clientConnections++
    const isTooMany = this.#clients.size >= route.limits.clients
    this.#clients.add(client)
    if (isTooMany) client.refuse('too-many-clients')
    else client.start()
  }

  onClientClosed(client: ClientConnection): void {
    this.#clients.delete(client)
    if (this.#clients.size > 0) return
    for (const run of this.#whenEmpty.splice(0)) run()
  }

  /** Idle clients are sent away now, the others after the answer they wait for. Resolves when none is left. */
  async drain(): Promise<void> {
    this.#context.isDraining = true
    for (const client of this.#clients) client.finishIfIdle()
    if (this.#clients.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve))
    this.#context.pool.closeIdle()
  }

  /** Everything, at once. */
  close(): void {
    this.#context.isDraining = true
    for (const client of this.#clients) client.close()
    this.#context.pool.close()
    this.#context.wheel.close()
  }

  status(): HttpProxyStatus {
    const { pool, heads, activeRequests, isDraining } = this.#context
    return {
      clients: this.#clients.size,
      requests: activeRequests,
      waiting: pool.waiting,
      upstream: { open: pool.open, idle: pool.idle, dialing: pool.dialing },
      gatheredHeadBytes: heads.gatheredBytes,
      draining: isDraining,
    }
  }
}

/** One connection of a relay, from its arrival to its end. */
import { type ByteStream, type Join, join, type JoinResult } from '../../streams/index.ts'
import type { CarryOptions } from './relay.ts'
import type { Clock } from './dialer.ts'

export interface RelayLinkOptions extends CarryOptions {
  readonly clock: Clock
  readonly dialMs: number
  /** Once. Undefined: it ended in order, or was closed by us. */
  readonly onOver: (reason: unknown) => void
}

export class RelayLink {
  touchedMs: number
  readonly #client: ByteStream
  readonly #options: RelayLinkOptions
  readonly #abort = new AbortController()
  #server: ByteStream | undefined
  #join: Join | undefined
  #result: JoinResult | undefined
  #dialTimer: { close(): void } | undefined
  #isOver = false

  constructor(client: ByteStream, options: RelayLinkOptions) {
    this.#client = client
    this.#options = options
    this.touchedMs = options.clock.nowMs()
  }

  get receivedBytes(): number {
    return (this.#result ?? this.#join)?.bytesFromA ?? 0
  }

  get sentBytes(): number {
    return (this.#result ?? this.#join)?.bytesFromB ?? 0
  }

  get isHalfClosed(): boolean {
    return this.#client.inputEnded || (this.#server?.inputEnded ?? false)
  }

  start(): void {
    const { clock, dialMs, dial } = this.#options
    this.#client.onProgress = () => this.#lookWhileDialling()
    this.#dialTimer = clock.after(dialMs, () => this.#refuse('dial-timeout'))
    dial(this.#abort.signal).then(
      (server) => this.#dialled(server),
      (error: unknown) => this.#refuse(error),
    )
    this.#lookWhileDialling()
  }

  /** In both directions, now. */
  cut(reason: unknown): void {
    if (this.#join === undefined) this.#over(reason)
    else {
      this.#isOver = true
      this.#join.stop()
      this.#options.onOver(reason)
    }
  }

  /** What it sends meanwhile stays in the kernel, or in the stack, until there is somebody to send it to. */
  #lookWhileDialling(): void {
    if (this.#client.state === 'closed') this.#over('client-gone')
  }

  #dialled(server: ByteStream): void {
    if (this.#isOver) {
      server.destroy()
      return
    }
    this.#dialTimer?.close()
    this.#server = server
    this.#options.onOpen?.(server)
    this.touchedMs = this.#options.clock.nowMs()
    this.#join = join(this.#client, server, {
      touch: () => (this.touchedMs = this.#options.clock.nowMs()),
      onDone: (result) => this.#done(result),
    })
  }

  #done(result: JoinResult): void {
    this.#result = result
    if (this.#isOver) return
    this.#isOver = true
    this.#options.onOver(result.failure)
  }

  #refuse(reason: unknown): void {
    if (this.#isOver) return
    const { onRefused } = this.#options
    if (onRefused !== undefined) {
      this.#client.onProgress = undefined
      this.#finish(reason)
      onRefused(reason)
      return
    }
    this.#over(reason)
  }

  #over(reason: unknown): void {
    if (this.#isOver) return
    this.#finish(reason)
    this.#client.destroy()
  }

  #finish(reason: unknown): void {
    this.#isOver = true
    this.#dialTimer?.close()
    this.#abort.abort()
    this.#options.onOver(reason)
  }
}

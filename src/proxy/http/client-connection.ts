/**
 * One connection of a client: requests are read off it one after the other, each is an exchange, and what cannot be
 * understood is answered here. Between two requests it keeps nothing but itself.
 *
 *   reading ──head──▶ exchange ──answered──▶ reading            any ──▶ closing (answer sent, waiting for the other
 *                         └──────101───────▶ upgraded                    end to notice) ──▶ closed
 */
import { INCOMPLETE, REFUSED } from '../../protocols/http/index.ts'
import type { ByteStream, StreamEnds } from '../../streams/index.ts'
import { Exchange } from './exchange.ts'
import type { HeadHolder, PartialHead } from './head-reader.ts'
import type { HttpFailure } from './http-failure.ts'
import { localResponse } from './local-response.ts'
import { Outlet } from './outlet.ts'
import type { ProxyContext } from './proxy-context.ts'
import { recordRefusal } from './record-access.ts'
import { Deadline } from './timer-wheel.ts'

/** What a client that is being turned away may still send and have read. */
const LINGER_BYTES = 256 * 1024
/** While draining, for the first request of a connection. */
const DRAIN_GRACE_MS = 1000

export interface ClientOwner {
  onClientClosed(client: ClientConnection): void
}

/** What takes over after 101. */
export interface Takeover {
  progress(): void
  abandon(): void
}

export type ClientState = 'reading' | 'exchange' | 'upgraded' | 'closing' | 'closed'

export class ClientConnection extends Deadline implements HeadHolder {
  readonly context: ProxyContext
  readonly stream: ByteStream & StreamEnds
  readonly outlet: Outlet
  /** An IPv4 address as such, although a socket of both families has it otherwise. */
  readonly address: string
  readonly #owner: ClientOwner
  state: ClientState = 'reading'
  partialHead: PartialHead | undefined
  #exchange: Exchange | undefined
  #takeover: Takeover | undefined
  #served = 0
  /** The deadline that is set is the one for a head. */
  #awaitsHead = false
  #hasEnded = false
  #lingered = 0
  #pendingBytes = 0
  #isReading = false

  constructor(stream: ByteStream & StreamEnds, context: ProxyContext, owner: ClientOwner) {
    super()
    this.stream = stream
    this.context = context
    this.outlet = new Outlet(stream)
    this.address = stream.remote.address.replace(/^::ffff:(?=\d+\.)/, '')
    this.#owner = owner
    stream.onProgress = () => this.progress()
  }

  start(): void {
    this.#armHead()
    this.progress()
  }

  /** Whether this was the last request that the connection may carry. */
  get isWornOut(): boolean {
    return this.#served >= this.context.route.limits.requestsPerConnection || this.context.isDraining
  }

  progress(): void {
    if (this.stream.state === 'closed') return this.close()
    if (this.state === 'reading') this.#readRequests()
    else if (this.state === 'exchange') this.#exchange!.onClient()
    else if (this.state === 'upgraded') this.#takeover!.progress()
    else if (this.state === 'closing') this.#linger()
  }

  /** The answer has been sent, or handed to the outlet. */
  exchangeOver(keepsAlive: boolean): void {
    this.#exchange = undefined
    if (!keepsAlive) return this.finish()
    this.state = 'reading'
    this.#awaitsHead = false
    this.#readRequests()
  }

  upgrade(takeover: Takeover): void {
    this.#exchange = undefined
    this.#takeover = takeover
    this.state = 'upgraded'
  }

  /** No more requests: ends when all is sent. */
  finish(): void {
    this.state = 'closing'
    this.context.heads.forget(this)
    this.#linger()
  }

  /** While draining: nobody is in the middle of anything. */
  finishIfIdle(): void {
    if (this.state === 'reading' && this.partialHead === undefined && this.stream.readableBytes === 0)
      this.finish()
  }

  /** At once, in the middle of whatever it was. */
  close(): void {
    if (this.state === 'closed') return
    const exchange = this.#exchange
    const takeover = this.#takeover
    this.state = 'closed'
    this.#exchange = undefined
    this.#takeover = undefined
    this.stream.onProgress = undefined
    this.context.heads.forget(this)
    this.context.wheel.clear(this)
    this.stream.destroy()
    exchange?.abandon()
    takeover?.abandon()
    this.#owner.onClientClosed(this)
  }

  /** An answer of our own to what was no request, or one too many. */
  refuse(failure: HttpFailure): void {
    recordRefusal(this.context, this.address, failure)
    const options = { failure, asJson: false, toHead: false, connection: 'close' } as const
    this.outlet.send(localResponse(options))
    this.finish()
  }

  arm(ms: number): void {
    this.context.wheel.set(this, ms)
  }

  onDeadline(): void {
    const { state, context } = this
    if (state === 'exchange') return this.#exchange!.onDeadline()
    if (
      state === 'closing' &&
      this.stream.pendingBytes > 0 &&
      this.stream.pendingBytes !== this.#pendingBytes
    ) {
      // The end of an answer is still on its way to a client that takes it slowly.
      this.#pendingBytes = this.stream.pendingBytes
      return this.arm(context.route.timeouts.lingerMs)
    }
    if (state !== 'reading' || this.outlet.isBlocked) return this.close()
    if (this.partialHead === undefined) this.finish()
    else this.refuse('request-head-timeout')
  }

  #armHead(): void {
    this.#awaitsHead = true
    this.arm(this.context.isDraining ? DRAIN_GRACE_MS : this.context.route.timeouts.requestHeadMs)
  }

  #readRequests(): void {
    // An exchange may be over before it has returned; the loop below goes on then.
    if (this.#isReading) return
    this.#isReading = true
    while (this.state === 'reading' && this.#readRequest());
    this.#isReading = false
  }

  /** Whether it is worth while to look for another one. */
  #readRequest(): boolean {
    const { context, stream } = this
    const { timeouts } = context.route
    if (this.outlet.isBlocked && !this.outlet.flush()) {
      this.arm(timeouts.responseBodyIdleMs)
      return false
    }
    const head = context.requestHead
    const length = context.heads.read(stream, head, this)
    if (length === REFUSED) {
      this.refuse(context.heads.isExhausted ? 'too-many-clients' : (head.refusal ?? 'bad-request-line'))
      return false
    }
    if (length === INCOMPLETE) {
      if (stream.inputEnded) this.finish()
      else if (context.isDraining && this.partialHead === undefined && this.#served > 0) this.finish()
      else if (this.partialHead !== undefined || this.#served === 0) {
        if (!this.#awaitsHead) this.#armHead()
      } else this.arm(timeouts.clientIdleMs)
      return false
    }
    this.#served++
    this.state = 'exchange'
    const exchange = new Exchange(this)
    this.#exchange = exchange
    exchange.begin(head)
    // Its end may have come with it, and nothing would tell of it again.
    if (stream.inputEnded && this.#exchange === exchange) exchange.onClient()
    return true
  }

  /** Reads what still comes and forgets it, so that our last words are not lost in a reset (RFC 9112 §9.6). */
  #linger(): void {
    const { stream } = this
    if (!this.#hasEnded) {
      if (!this.outlet.flush()) return this.arm(this.context.route.timeouts.responseBodyIdleMs)
      this.#hasEnded = true
      stream.end()
      this.arm(this.context.route.timeouts.lingerMs)
    }
    // Beyond the bound it is left where it is: whoever goes on sending has until the deadline to read why not.
    while (this.#lingered < LINGER_BYTES) {
      const { length } = stream.peek()
      if (length === 0) break
      this.#lingered += length
      stream.consume(length)
    }
    // When both directions have ended it closes by itself, with everything delivered; destroying it would be a reset.
    if (stream.state === 'closed') this.close()
  }
}

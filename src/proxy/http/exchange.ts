/**
 * One request and its answer: the head goes to the target, the body follows as it comes, the answer comes back, and both
 * connections are left in a state that somebody can rely on. Whoever makes progress, client or target, calls in here.
 */
import {
  FRAMING,
  type Framing,
  INCOMPLETE,
  isIdempotent,
  METHOD,
  REFUSED,
  type RequestHead,
  type ResponseHead,
  writeRequestHead,
  writeResponseHead,
} from '../../protocols/http/index.ts'
import { BodyTransfer, PUMP } from './body-transfer.ts'
import type { ClientConnection } from './client-connection.ts'
import { type FailureKind, type HttpFailure, statusOf } from './http-failure.ts'
import { localResponse } from './local-response.ts'
import { Patience } from './patience.ts'
import type { ProxyContext } from './proxy-context.ts'
import { NO_NOTES, notesOf, type RequestNotes } from './record-access.ts'
import { UpgradedExchange } from './upgraded-exchange.ts'
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts'
import type { Waiter } from './upstream-pool.ts'

/** Informational answers to one request; nobody honest sends so many. */
const MAX_INFORMATIONAL = 16
const CLIENT_CLOSED_REQUEST = 499

export class Exchange implements UpstreamUser, Waiter {
  readonly #client: ClientConnection
  readonly #context: ProxyContext
  readonly #startedMs: number
  #waitedMs: number | undefined
  #notes: RequestNotes | undefined
  #method: number = METHOD.other
  #isHttp10 = false
  #keepsAlive = false
  #wantsUpgrade = false
  #asJson = false

  #upstream: UpstreamConnection | undefined
  /** Kept while there is no connection to send it on. */
  #head: Uint8Array | undefined
  #requestBody: BodyTransfer | undefined
  #requestDone = true
  #responseBody: BodyTransfer | undefined
  /** The head of the final answer has gone to the client. */
  #isAnswering = false
  #upstreamKeeps = false
  #reused = false
  #status = 0
  #retries = 0
  #informational = 0
  #isOver = false
  readonly #patience: Patience

  constructor(client: ClientConnection) {
    this.#client = client
    this.#context = client.context
    this.#startedMs = client.context.nowMs()
    this.#patience = new Patience(client, this.#startedMs)
  }

  /** Its head lies where the head reader found it. */
  begin(head: RequestHead): void {
    const context = this.#context
    const client = this.#client
    const { limits } = context.route
    context.counters.requests++
    context.activeRequests++
    const length = this.#take(head)
    client.stream.consume(context.heads.end)
    if (context.activeRequests > limits.requests) return this.#fail('too-many-requests')
    if (head.framing.contentLength > limits.bodyBytes) return this.#fail('body-too-large')
    const kept = context.pool.take()
    if (kept !== undefined) return this.#send(kept, length)
    this.#head = context.scratch.slice(0, length)
    this.#waitForConnection()
  }

  /** All that is to be known of the head, before its bytes are given back; the length of the one to send. */
  #take(head: RequestHead): number {
    const context = this.#context
    if (context.onAccess !== undefined) this.#notes = notesOf(head)
    this.#method = head.method
    this.#isHttp10 = head.isHttp10
    this.#keepsAlive = head.keepsAlive
    this.#wantsUpgrade = head.wantsUpgrade
    this.#asJson = head.acceptsJson
    const framing = head.bodyFraming
    if (framing !== FRAMING.none) {
      const { contentLength } = head.framing
      const limitBytes = context.route.limits.bodyBytes
      this.#requestDone = false
      this.#requestBody = new BodyTransfer({ from: framing, to: framing, length: contentLength, limitBytes })
    }
    return writeRequestHead(context.scratch, 0, head, context.rules, this.#client)
  }

  #waitForConnection(): void {
    const { pool, counters, route } = this.#context
    const { queueMs, dialMs } = route.timeouts
    if (pool.isFull) counters.waited++
    this.#patience.await('queue-timeout', pool.isFull ? queueMs : queueMs + dialMs)
    if (!pool.wait(this)) this.#fail('queue-full')
  }

  onConnection(connection: UpstreamConnection): void {
    const head = this.#head!
    this.#head = undefined
    this.#context.scratch.set(head)
    this.#send(connection, head.length)
  }

  onNoConnection(failure: FailureKind): void {
    this.#fail(failure)
  }

  /** The head is scratch[0, length). */
  #send(connection: UpstreamConnection, length: number): void {
    const { scratch, counters, route } = this.#context
    this.#reused = connection.carried > 0
    connection.keptBytes = 0
    if (this.#reused) {
      counters.poolHits++
      // A kept connection may be found dead only now (RFC 9112 §9.3.1).
      if (this.#retries === 0 && isIdempotent(this.#method)) connection.keepHead(scratch, length)
    }
    connection.carried++
    connection.user = this
    this.#upstream = connection
    if (this.#requestBody === undefined) {
      connection.outlet.send(scratch.subarray(0, length))
      this.#patience.await('response-head-timeout', route.timeouts.responseHeadMs)
    } else
      this.#requestMoved(
        this.#requestBody.begin(this.#client.stream, connection.outlet, scratch, length),
        this.#requestBody,
      )
  }

  onUpstream(): void {
    const { outlet } = this.#upstream!
    if (!this.#requestDone) this.#pumpRequest()
    else if (outlet.isBlocked) outlet.flush()
    if (this.#isOver) return
    if (this.#isAnswering) this.#pumpResponse()
    else this.#readAnswer()
  }

  onClient(): void {
    const upstream = this.#upstream
    if (upstream !== undefined) {
      if (!this.#requestDone) this.#pumpRequest()
      if (this.#isOver) return
      if (this.#isAnswering) this.#pumpResponse()
      else if (this.#client.outlet.isBlocked) this.#readAnswer()
    }
    if (this.#isOver || !this.#requestDone || this.#context.route.halfClosed === 'serve') return
    // It cannot be told from one that has gone away, and for the target an answer to nobody may be dear.
    if (this.#client.stream.inputEnded) this.#client.close()
  }

  onDeadline(): void {
    this.#fail(this.#patience.failure)
  }

  /** The client has gone. */
  abandon(): void {
    if (this.#isOver) return
    this.#over()
    this.#dropUpstream()
    if (!this.#isAnswering) this.#status = CLIENT_CLOSED_REQUEST
    this.#record('client-aborted')
  }

  #pumpRequest(): void {
    const { stream } = this.#client
    const body = this.#requestBody!
    this.#requestMoved(body.pump(stream, this.#upstream!.outlet, this.#context.scratch), body)
  }

  #requestMoved(result: number, body: BodyTransfer): void {
    const { timeouts } = this.#context.route
    if (result === PUMP.truncated) this.#client.close()
    else if (result === PUMP.refused) this.#fail(body.refusal!)
    else if (result === PUMP.done) {
      this.#requestDone = true
      if (!this.#isAnswering) this.#patience.await('response-head-timeout', timeouts.responseHeadMs)
    } else if (!this.#isAnswering) {
      const awaited = result === PUMP.needsInput ? 'request-body-timeout' : 'upstream-send-timeout'
      this.#patience.awaitMore(awaited, timeouts.requestBodyIdleMs, body.moved)
    }
  }

  #readAnswer(): void {
    const { heads, responseHead, route } = this.#context
    const upstream = this.#upstream!
    const { outlet } = this.#client
    for (;;) {
      // An informational answer that the client does not take.
      if (outlet.isBlocked && !outlet.flush()) return
      const length = heads.read(upstream.stream, responseHead, upstream)
      if (length === INCOMPLETE) {
        if (upstream.stream.inputEnded || upstream.stream.state === 'closed') this.#upstreamGone()
        return
      }
      if (length === REFUSED) {
        const isTooLarge = heads.isExhausted || responseHead.refusal === 'head-too-large'
        const isMany = responseHead.refusal === 'too-many-fields'
        return this.#fail(isTooLarge || isMany ? 'response-head-too-large' : 'response-malformed')
      }
      if (responseHead.status >= 200) return this.#answer(responseHead)
      if (responseHead.status === 101) return this.#switchProtocols(responseHead)
      if (++this.#informational > MAX_INFORMATIONAL) return this.#fail('response-malformed')
      this.#passInformational(responseHead)
      if (!this.#requestDone) this.#patience.await('request-body-timeout', route.timeouts.requestBodyIdleMs)
    }
  }

  #passInformational(head: ResponseHead): void {
    const { scratch, rules, heads } = this.#context
    const { via } = rules
    if (!this.#isHttp10) {
      const end = writeResponseHead(scratch, 0, head, { framing: FRAMING.none, connection: '', via })
      this.#client.outlet.send(scratch.subarray(0, end))
    }
    this.#upstream!.stream.consume(heads.end)
  }

  #answer(head: ResponseHead): void {
    const { scratch, rules, heads, nowMs } = this.#context
    const { stream } = this.#upstream!
    const { outlet } = this.#client
    const from = head.bodyFraming(this.#method === METHOD.head)
    const to = framingForClient(from, this.#isHttp10)
    const length = head.framing.contentLength
    // A request that is not through yet leaves a connection on which nobody knows where the next one starts.
    if (!this.#requestDone || this.#client.isWornOut || to === FRAMING.untilClose) this.#keepsAlive = false
    this.#upstreamKeeps = head.keepsAlive && from !== FRAMING.untilClose
    this.#status = head.status
    this.#waitedMs = nowMs() - this.#startedMs
    this.#isAnswering = true
    const kept = this.#isHttp10 ? 'keep-alive' : ''
    const connection = this.#keepsAlive ? kept : 'close'
    const end = writeResponseHead(scratch, 0, head, { framing: to, connection, via: rules.via })
    stream.consume(heads.end)
    if (from === FRAMING.none) {
      outlet.send(scratch.subarray(0, end))
      return this.#finish()
    }
    const body = new BodyTransfer({ from, to, length, limitBytes: Number.POSITIVE_INFINITY })
    this.#responseBody = body
    this.#responseMoved(body.begin(stream, outlet, scratch, end), body)
  }

  #pumpResponse(): void {
    const body = this.#responseBody!
    const { stream } = this.#upstream!
    this.#responseMoved(body.pump(stream, this.#client.outlet, this.#context.scratch), body)
  }

  #responseMoved(result: number, body: BodyTransfer): void {
    const { responseBodyIdleMs } = this.#context.route.timeouts
    if (result === PUMP.done) this.#finish()
    else if (result === PUMP.truncated) this.#fail('response-truncated')
    else if (result === PUMP.refused) this.#fail('response-body-malformed')
    else {
      const awaited = result === PUMP.needsInput ? 'response-body-timeout' : 'client-send-timeout'
      this.#patience.awaitMore(awaited, responseBodyIdleMs, body.moved)
    }
  }

  #switchProtocols(head: ResponseHead): void {
    const { scratch, rules, heads, counters } = this.#context
    const upstream = this.#upstream!
    if (!this.#wantsUpgrade || head.upgradeIndex < 0) return this.#fail('response-unasked-upgrade')
    const rule = { framing: FRAMING.none, connection: 'upgrade', via: rules.via } as const
    const end = writeResponseHead(scratch, 0, head, rule)
    upstream.stream.consume(heads.end)
    this.#client.outlet.send(scratch.subarray(0, end))
    this.#status = head.status
    this.#waitedMs = this.#context.nowMs() - this.#startedMs
    this.#isOver = true
    counters.upgrades++
    const onOver = (receivedBytes: number, sentBytes: number): void => {
      this.#context.activeRequests--
      this.#record(undefined, receivedBytes, sentBytes)
    }
    new UpgradedExchange({ client: this.#client, upstream, onOver }).start()
  }

  /** Before an answer. */
  #upstreamGone(): void {
    const upstream = this.#upstream!
    const isUntouched = upstream.partialHead === undefined && this.#informational === 0
    if (upstream.keptBytes > 0 && isUntouched && (this.#requestBody?.moved ?? 0) === 0) {
      this.#context.counters.retries++
      this.#retries++
      this.#head = upstream.keptHead()
      this.#dropUpstream()
      return this.#waitForConnection()
    }
    this.#fail(upstream.stream.failure === undefined ? 'upstream-closed' : 'upstream-reset')
  }

  #finish(): void {
    const upstream = this.#upstream!
    const keepsAlive = this.#keepsAlive && this.#requestDone
    this.#over()
    this.#upstream = undefined
    this.#record(undefined)
    const { pool } = this.#context
    if (!this.#requestDone) pool.discard(upstream)
    else if (this.#upstreamKeeps) pool.giveBack(upstream)
    else pool.retire(upstream)
    this.#client.exchangeOver(keepsAlive)
  }

  #fail(failure: HttpFailure): void {
    if (this.#isOver) return
    this.#over()
    this.#dropUpstream()
    if (this.#isAnswering) {
      // Never the clean end that would make half an answer look whole.
      this.#record(failure)
      return this.#client.close()
    }
    const keepsAlive = this.#keepsAlive && this.#requestDone && !this.#client.isWornOut
    this.#status = statusOf(failure)
    const kept = this.#isHttp10 ? 'keep-alive' : ''
    const connection = keepsAlive ? kept : 'close'
    const toHead = this.#method === METHOD.head
    this.#client.outlet.send(localResponse({ failure, asJson: this.#asJson, toHead, connection }))
    this.#record(failure)
    this.#client.exchangeOver(keepsAlive)
  }

  #over(): void {
    this.#isOver = true
    this.#context.activeRequests--
  }

  #dropUpstream(): void {
    const { pool, heads } = this.#context
    const upstream = this.#upstream
    this.#upstream = undefined
    if (upstream === undefined) return pool.leave(this)
    heads.forget(upstream)
    pool.discard(upstream)
  }

  #record(failure: HttpFailure | undefined, received?: number, sent?: number): void {
    const client = this.#client
    const receivedBytes = received ?? this.#requestBody?.moved ?? 0
    const sentBytes = sent ?? this.#responseBody?.moved ?? 0
    const durationMs = this.#context.nowMs() - this.#startedMs
    const { counters, onAccess } = this.#context
    counters.answered(this.#status, durationMs)
    counters.receivedBytes += receivedBytes
    counters.sentBytes += sentBytes
    if (failure !== undefined) counters.failed(failure)
    if (onAccess === undefined) return
    onAccess({
      ...(this.#notes ?? NO_NOTES),
      startedMs: this.#startedMs,
      durationMs,
      waitedMs: this.#waitedMs,
      client: client.address,
      protocol: this.#isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1',
      status: this.#status,
      receivedBytes,
      sentBytes,
      reused: this.#reused,
      retries: this.#retries,
      failure,
    })
  }
}

/** A length where there is one; or else chunks, which HTTP/1.0 does not know. */
function framingForClient(from: Framing, isHttp10: boolean): Framing {
  if (from === FRAMING.none || from === FRAMING.length) return from
  return isHttp10 ? FRAMING.untilClose : FRAMING.chunked
}

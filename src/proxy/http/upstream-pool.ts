/**
 * The connections to one target. Kept ones are used last in, first out, so that those not needed grow old and are closed;
 * the others wait in line for a connection that is being made, or that somebody gives back.
 */
import type { ByteStream, FailureCode } from '../../streams/index.ts'
import type { HttpCounters } from './http-counters.ts'
import type { FailureKind } from './http-failure.ts'
import type { HttpRoute } from './http-route.ts'
import { Deadline, type TimerWheel } from './timer-wheel.ts'
import { UpstreamConnection } from './upstream-connection.ts'

/** May resolve while the connection is still opening. */
export type Dial = (options: { readonly signal: AbortSignal }) => Promise<ByteStream>

export interface UpstreamPoolOptions {
  readonly route: HttpRoute
  readonly dial: Dial
  readonly wheel: TimerWheel
  readonly counters: HttpCounters
}

/** Somebody in line. Hears exactly one of the two, unless it leaves. */
export interface Waiter {
  onConnection(connection: UpstreamConnection): void
  onNoConnection(failure: FailureKind): void
}

export class UpstreamPool {
  readonly #options: UpstreamPoolOptions
  readonly #idle: UpstreamConnection[] = []
  readonly #open = new Set<UpstreamConnection>()
  /** Ended by us, in order; gone when the target has done the same, or after a while. */
  readonly #retiring = new Set<UpstreamConnection>()
  readonly #dials = new Set<DialAttempt>()
  readonly #line = new Set<Waiter>()
  #isClosed = false

  constructor(options: UpstreamPoolOptions) {
    this.#options = options
  }

  get open(): number {
    return this.#open.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get dialing(): number {
    return this.#dials.size
  }

  get waiting(): number {
    return this.#line.size
  }

  get isFull(): boolean {
    return this.#open.size + this.#dials.size >= this.#options.route.limits.upstreamConnections
  }

  /** A kept connection, if there is one. */
  take(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || connection.isFresh) return connection
      this.discard(connection)
    }
  }

  /** False: the line is full. */
  wait(waiter: Waiter): boolean {
    if (this.#line.size >= this.#options.route.limits.waiting) return false
    this.#line.add(waiter)
    this.#dialForLine()
    return true
  }

  leave(waiter: Waiter): void {
    this.#line.delete(waiter)
  }

  /** It has served its request and can serve another. */
  giveBack(connection: UpstreamConnection): void {
    connection.user = undefined
    if (this.#isClosed || connection.stream.readableBytes > 0) this.discard(connection)
    else if (!connection.isFresh) this.retire(connection)
    else this.#place(connection)
  }

  #place(connection: UpstreamConnection): void {
    const { limits, timeouts } = this.#options.route
    const [next] = this.#line.size > 0 ? this.#line : []
    if (next !== undefined) {
      this.#line.delete(next)
      return next.onConnection(connection)
    }
    if (this.#idle.length >= limits.idleUpstreamConnections) return this.retire(connection)
    this.#idle.push(connection)
    this.#options.wheel.set(connection, timeouts.upstreamIdleMs)
  }

  /** Never used again, and closed in order: for the target this is the end of a connection on which all went well. */
  retire(connection: UpstreamConnection): void {
    connection.user = undefined
    if (!this.#open.delete(connection)) return
    this.#retiring.add(connection)
    connection.stream.end()
    this.#options.wheel.set(connection, this.#options.route.timeouts.lingerMs)
    this.#dialForLine()
  }

  /** Cut off, for its request will not come to a good end. */
  discard(connection: UpstreamConnection): void {
    connection.user = undefined
    const wasOpen = this.#open.delete(connection)
    if (!this.#retiring.delete(connection) && !wasOpen) return
    this.#options.wheel.clear(connection)
    connection.stream.onProgress = undefined
    connection.stream.destroy()
    if (wasOpen) this.#dialForLine()
  }

  /** Of one that nobody uses: too old, closed by the target, or spoken on out of turn. */
  onIdleProgress(connection: UpstreamConnection): void {
    const isDue = connection.dueTick === 0
    const { stream } = connection
    if (this.#retiring.has(connection)) {
      if (isDue || stream.state === 'closed' || stream.readableBytes > 0) this.discard(connection)
      return
    }
    if (connection.isFresh && !isDue) return
    const at = this.#idle.lastIndexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    if (!isDue) this.#options.counters.upstreamIdleCloses++
    if (stream.state === 'closed' || stream.readableBytes > 0) this.discard(connection)
    else this.retire(connection)
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) this.retire(connection)
  }

  close(): void {
    this.#isClosed = true
    this.#idle.length = 0
    for (const dial of this.#dials) dial.abort()
    for (const connection of [...this.#open, ...this.#retiring]) this.discard(connection)
  }

  /** As many attempts as there are in line, within the limit. */
  #dialForLine(): void {
    while (!this.#isClosed && this.#dials.size < this.#line.size && !this.isFull) {
      const attempt = new DialAttempt()
      this.#dials.add(attempt)
      this.#options.counters.dials++
      this.#options.wheel.set(attempt, this.#options.route.timeouts.dialMs)
      void this.#dial(attempt)
    }
  }

  async #dial(attempt: DialAttempt): Promise<void> {
    let stream: ByteStream | undefined
    let failure: FailureKind = 'dial-failed'
    try {
      stream = await this.#options.dial({ signal: attempt.signal })
      if (stream.state === 'opening') await opened(stream, attempt.signal)
    } catch (error) {
      // Whoever waits is told in a word; the tunnel has logged what it knows.
      failure = attempt.isLate ? 'dial-timeout' : failureOf(error)
      stream = undefined
    }
    this.#dials.delete(attempt)
    this.#options.wheel.clear(attempt)
    if (stream !== undefined && stream.state !== 'closed') this.#made(stream)
    else this.#notMade(stream?.failure === undefined ? failure : failureOf(stream.failure))
  }

  #made(stream: ByteStream): void {
    if (this.#isClosed) return stream.destroy()
    const connection = new UpstreamConnection(stream, this)
    this.#open.add(connection)
    this.#place(connection)
  }

  /** The one that has waited longest hears of it; the others have attempts of their own. */
  #notMade(failure: FailureKind): void {
    const [first] = this.#line
    if (first !== undefined) {
      this.#line.delete(first)
      first.onNoConnection(failure)
    }
    this.#dialForLine()
  }
}

class DialAttempt extends Deadline {
  readonly #controller = new AbortController()
  isLate = false

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(): void {
    this.#controller.abort()
  }

  onDeadline(): void {
    this.isLate = true
    this.#controller.abort()
  }
}

/** Until it is open, or has failed, or nobody wants it any more. */
function opened(stream: ByteStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      stream.destroy()
      reject(new Error('no longer wanted'))
    })
    stream.onProgress = () => {
      if (stream.state !== 'opening') resolve()
    }
  })
}

const BY_CODE: Readonly<Partial<Record<FailureCode, FailureKind>>> = {
  ECONNREFUSED: 'dial-refused',
  ETIMEDOUT: 'dial-timeout',
  ENOTFOUND: 'dial-name',
  EHOSTUNREACH: 'dial-unreachable',
  ENETUNREACH: 'dial-unreachable',
}

function failureOf(error: unknown): FailureKind {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return BY_CODE[code as FailureCode] ?? 'dial-failed'
}

/**
 * One connection out of several addresses (RFC 8305 §5): the first is tried, the next one 250 ms later or as soon as one
 * has failed; whichever is open first wins, and the others are given up.
 */
import type { Closeable } from '../linux/index.ts'
import { StreamError, type StreamFailure } from '../streams/index.ts'
import type { TcpStream } from '../protocols/tcpip/index.ts'
import type { TunnelEngine } from './engine.ts'

/** RFC 8305 §5: Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250

export interface DialOptions {
  readonly engine: TunnelEngine
  /** Best first; at least one. */
  readonly addresses: readonly string[]
  /** Throws StreamError. */
  readonly open: (address: string) => TcpStream
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Said of the addresses tried when time is over. */
  readonly explain: (addresses: readonly string[]) => StreamFailure
}

export const dial = (options: DialOptions): Promise<TcpStream> =>
  new Promise((resolve, reject) => new Dial(options, resolve, reject).begin())

class Dial {
  readonly #o: DialOptions
  readonly #resolve: (stream: TcpStream) => void
  readonly #reject: (reason: unknown) => void
  readonly #attempts = new Set<TcpStream>()
  readonly #tried: string[] = []
  #failure: StreamFailure | undefined
  #deadline: Closeable | undefined
  #next: Closeable | undefined
  readonly #onAbort = (): void => this.#fail(this.#o.signal?.reason)

  // oxlint-disable-next-line eslint/max-params -- the two halves of a promise
  constructor(o: DialOptions, resolve: (stream: TcpStream) => void, reject: (reason: unknown) => void) {
    this.#o = o
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(): void {
    const { signal, engine, timeoutMs, explain } = this.#o
    if (signal?.aborted) return this.#onAbort()
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#deadline = engine.after(timeoutMs, () => this.#fail(new StreamError(explain(this.#tried))))
    this.#tryNext()
  }

  #tryNext(): void {
    const { addresses, open, engine } = this.#o
    this.#next?.close()
    this.#next = undefined
    const address = addresses[this.#tried.length]
    if (address === undefined) {
      if (this.#attempts.size === 0) this.#fail(new StreamError(this.#failure ?? NOTHING_TO_TRY))
      return
    }
    this.#tried.push(address)
    let stream: TcpStream
    try {
      stream = open(address)
    } catch (error) {
      if (!(error instanceof StreamError)) return this.#fail(error)
      return this.#failed(error)
    }
    this.#attempts.add(stream)
    stream.onProgress = () => this.#look(stream)
    if (this.#tried.length < addresses.length)
      this.#next = engine.after(ATTEMPT_DELAY_MS, () => this.#tryNext())
    this.#look(stream)
  }

  #look(stream: TcpStream): void {
    if (stream.state === 'opening') return
    stream.onProgress = undefined
    this.#attempts.delete(stream)
    if (stream.state === 'closed' && stream.failure !== undefined) return this.#failed(stream.failure)
    this.#end()
    this.#resolve(stream)
  }

  /** One of them. The first refusal says more than the last one's silence. */
  #failed(failure: StreamFailure): void {
    this.#failure ??= failure
    this.#tryNext()
  }

  #fail(reason: unknown): void {
    this.#end()
    this.#reject(reason)
  }

  #end(): void {
    this.#deadline?.close()
    this.#next?.close()
    this.#o.signal?.removeEventListener('abort', this.#onAbort)
    for (const stream of this.#attempts) {
      stream.onProgress = undefined
      stream.destroy()
    }
    this.#attempts.clear()
  }
}

const NOTHING_TO_TRY: StreamFailure = { code: 'ENOTFOUND', message: 'there is no address to connect to' }

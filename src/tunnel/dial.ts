/**
 * One connection out of several addresses: protocols/dns/happy-eyeballs.ts says which one to try when, and this tries.
 */
import type { Closeable } from '../linux/index.ts'
import { HappyEyeballs } from '../protocols/dns/index.ts'
import type { TcpStream } from '../protocols/tcpip/index.ts'
import { StreamError, type StreamFailure } from '../streams/index.ts'
import type { TunnelEngine } from './engine.ts'

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
  readonly #race: HappyEyeballs<StreamFailure>
  readonly #attempts = new Map<string, TcpStream>()
  readonly #tried: string[] = []
  #deadline: Closeable | undefined
  #next: Closeable | undefined
  #isOver = false
  readonly #onAbort = (): void => this.#fail(this.#o.signal?.reason)

  // oxlint-disable-next-line eslint/max-params -- the two halves of a promise
  constructor(o: DialOptions, resolve: (stream: TcpStream) => void, reject: (reason: unknown) => void) {
    this.#o = o
    this.#resolve = resolve
    this.#reject = reject
    this.#race = new HappyEyeballs(o.addresses)
  }

  begin(): void {
    const { signal, engine, timeoutMs, explain } = this.#o
    if (signal?.aborted) return this.#onAbort()
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#deadline = engine.after(timeoutMs, () => this.#fail(new StreamError(explain(this.#tried))))
    this.#step()
  }

  #step(): void {
    this.#next?.close()
    this.#next = undefined
    while (!this.#isOver) {
      const { engine } = this.#o
      const step = this.#race.next(engine.nowMs())
      switch (step.kind) {
        case 'start':
          this.#start(step.address)
          break
        case 'wait':
          if (step.untilMs !== undefined)
            this.#next = engine.after(Math.max(0, step.untilMs - engine.nowMs()), () => this.#step())
          return
        case 'won':
          return this.#won(step.address)
        case 'failed':
          // The first one's reason: it was the best address.
          return this.#fail(new StreamError(step.failures[0]?.reason ?? this.#o.explain(this.#tried)))
      }
    }
  }

  #start(address: string): void {
    this.#tried.push(address)
    try {
      const stream = this.#o.open(address)
      this.#attempts.set(address, stream)
      stream.onProgress = () => this.#look(address, stream)
    } catch (error) {
      if (error instanceof StreamError) this.#race.failed(address, error)
      else this.#fail(error)
    }
  }

  #look(address: string, stream: TcpStream): void {
    if (stream.state === 'opening') return
    if (stream.state === 'closed' && stream.failure !== undefined) {
      stream.onProgress = undefined
      this.#attempts.delete(address)
      this.#race.failed(address, stream.failure)
    } else {
      this.#race.succeeded(address)
    }
    this.#step()
  }

  #won(address: string): void {
    const stream = this.#attempts.get(address)
    if (stream === undefined) return
    stream.onProgress = undefined
    this.#attempts.delete(address)
    this.#end()
    this.#resolve(stream)
  }

  #fail(reason: unknown): void {
    this.#end()
    this.#reject(reason)
  }

  #end(): void {
    this.#isOver = true
    this.#deadline?.close()
    this.#next?.close()
    this.#o.signal?.removeEventListener('abort', this.#onAbort)
    for (const stream of this.#attempts.values()) {
      stream.onProgress = undefined
      stream.destroy()
    }
    this.#attempts.clear()
  }
}

/**
 * An HTTP proxy between clients and a target in memory. Turns end and time passes only when a test says so, so whatever
 * happens, happens again; both sides are written and read as text, one character for each byte.
 */
import { HttpProxy, type HttpRoute, httpRoute } from '../../src/proxy/http/index.ts'
import type { AccessEntry } from '../../src/proxy/http/index.ts'
import {
  type ByteStream,
  ManualTurns,
  type PairedStream,
  StreamError,
  streamPair,
} from '../../src/streams/index.ts'

/** `after` and `nowMs` by hand. */
export class HandClock {
  #nowMs = 1000
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  readonly nowMs = (): number => this.#nowMs
  readonly after = (ms: number, run: () => void): { close(): void } => {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.push(timer)
    return { close: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Timers fire in order, each at its time. */
  pass(ms: number): void {
    const until = this.#nowMs + ms
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = until
  }
}

/** One end of a connection that reads all it gets. */
export class TextEnd {
  readonly stream: PairedStream
  received = ''
  /** Bytes are left where they are while this is set. */
  isPaused = false
  #unsent: Uint8Array = new Uint8Array(0)

  constructor(stream: PairedStream) {
    this.stream = stream
    stream.onProgress = () => this.#progress()
  }

  send(text: string): void {
    this.#unsent = Buffer.concat([this.#unsent, Buffer.from(text, 'latin1')])
    this.#progress()
  }

  resume(): void {
    this.isPaused = false
    this.#progress()
  }

  end(): void {
    this.stream.end()
  }

  /** Has heard all that comes, and that it was all. */
  get sawEnd(): boolean {
    return this.stream.inputEnded
  }

  /** Was cut off. */
  get wasCut(): boolean {
    return this.stream.failure !== undefined
  }

  /** What has come since the last time. */
  take(): string {
    const { received } = this
    this.received = ''
    return received
  }

  #progress(): void {
    this.#unsent = this.#unsent.subarray(this.stream.write(this.#unsent))
    if (this.isPaused) return
    for (let piece = this.stream.peek(); piece.length > 0; piece = this.stream.peek()) {
      this.received += Buffer.from(piece).toString('latin1')
      this.stream.consume(piece.length)
    }
  }
}

export interface HttpRigOptions {
  readonly route?: Omit<Parameters<typeof httpRoute>[0], 'host' | 'port'> & { host?: string; port?: number }
  /** Of every connection. */
  readonly capacityBytes?: number
  readonly pieceBytes?: number
  readonly clientAddress?: string
  /** Targets leave what they get where it is. */
  readonly pausedTargets?: boolean
  /** Instead of a target that takes every connection. */
  readonly dial?: (signal: AbortSignal) => Promise<ByteStream> | undefined
}

export class HttpRig {
  readonly turns = new ManualTurns()
  readonly clock = new HandClock()
  readonly route: HttpRoute
  readonly proxy: HttpProxy
  readonly entries: AccessEntry[] = []
  /** The other ends of the connections that were dialled, in their order. */
  readonly targets: TextEnd[] = []
  readonly #options: HttpRigOptions

  constructor(options: HttpRigOptions = {}) {
    this.#options = options
    this.route = httpRoute({ host: 'target.internal', port: 80, ...options.route })
    this.proxy = new HttpProxy({
      ...{ route: this.route, after: this.clock.after, nowMs: this.clock.nowMs },
      onAccess: (entry) => this.entries.push(entry),
      dial: async ({ signal }) => (await options.dial?.(signal)) ?? this.#accept(),
    })
  }

  client(): TextEnd {
    const address = this.#options.clientAddress ?? '192.0.2.7'
    const ends = { local: { address: '192.0.2.1', port: 8080 }, remote: { address, port: 51_000 } }
    const [ours, theirs] = streamPair({ ...this.#streams(), ends })
    const client = new TextEnd(theirs)
    this.proxy.serve(ours)
    return client
  }

  /** The one that was dialled last. */
  get target(): TextEnd {
    const last = this.targets.at(-1)
    if (last === undefined) throw new Error('nothing was dialled')
    return last
  }

  /** Until nobody has anything to do any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 12; quiet++) {
      if (this.turns.isDue) quiet = 0
      this.turns.endTurn()
      await Promise.resolve()
    }
  }

  async pass(ms: number): Promise<void> {
    this.clock.pass(ms)
    await this.settle()
  }

  #accept(): ByteStream {
    const [ours, theirs] = streamPair(this.#streams())
    const target = new TextEnd(theirs)
    target.isPaused = this.#options.pausedTargets ?? false
    this.targets.push(target)
    return ours
  }

  #streams() {
    const { capacityBytes, pieceBytes } = this.#options
    return {
      turns: this.turns,
      ...(capacityBytes !== undefined && { capacityBytes }),
      ...(pieceBytes !== undefined && { pieceBytes }),
    }
  }
}

export const refusedDial = (code: StreamError['code']): Promise<ByteStream> =>
  Promise.reject(new StreamError({ code, message: `${code} as the test wants it` }))

/** Lines with CR LF, the empty one included. */
export function head(...lines: readonly string[]): string {
  return [...lines, '', ''].join('\r\n')
}

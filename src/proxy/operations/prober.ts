/**
 * Asks every HTTP target now and then whether it is there: a connection, or a GET of a path that must answer below 500.
 * One probe per target at a time, none kept open.
 */
import type { ByteStream } from '../../streams/index.ts'
import type { ProbeResult } from './readiness.ts'

export interface ProbeTarget {
  /** As it is named in reasons. */
  readonly route: string
  readonly host: string
  readonly dial: (options: { readonly signal: AbortSignal }) => Promise<ByteStream>
}

export interface ProberOptions {
  readonly probe: 'connect' | { readonly path: string }
  readonly everyMs: number
  readonly targets: readonly ProbeTarget[]
  /** Of the one before this: a target that was there stays so until it is asked again. */
  readonly known?: readonly ProbeResult[]
  readonly after: (ms: number, run: () => void) => { close(): void }
  readonly onChange?: (result: ProbeResult) => void
}

const TIMEOUT_MS = 5000
/** `HTTP/1.1 200`. */
const STATUS_LINE_BYTES = 12

export class Prober {
  readonly #options: ProberOptions
  readonly #results = new Map<string, ProbeResult>()
  readonly #timers = new Map<string, { close(): void }>()
  readonly #stop = new AbortController()

  constructor(options: ProberOptions) {
    this.#options = options
    for (const target of options.targets) {
      const known = options.known?.find(({ route }) => route === target.route)
      this.#results.set(target.route, known ?? { route: target.route, outcome: 'pending', why: undefined })
      void this.#probe(target)
    }
  }

  results(): readonly ProbeResult[] {
    return [...this.#results.values()]
  }

  close(): void {
    this.#stop.abort()
    for (const timer of this.#timers.values()) timer.close()
  }

  async #probe(target: ProbeTarget): Promise<void> {
    const why = await this.#outcome(target)
    if (this.#stop.signal.aborted) return
    const { route } = target
    const before = this.#results.get(route)?.outcome
    const result: ProbeResult = { route, outcome: why === undefined ? 'passed' : 'failed', why }
    this.#results.set(route, result)
    if (before !== result.outcome) this.#options.onChange?.(result)
    this.#timers.set(
      route,
      this.#options.after(this.#options.everyMs, () => void this.#probe(target)),
    )
  }

  /** Why it failed. */
  async #outcome(target: ProbeTarget): Promise<string | undefined> {
    const timeout = new AbortController()
    const timer = this.#options.after(TIMEOUT_MS, () => timeout.abort(new Error('no answer in 5 s')))
    const signal = AbortSignal.any([timeout.signal, this.#stop.signal])
    try {
      const stream = await target.dial({ signal })
      try {
        return this.#options.probe === 'connect'
          ? undefined
          : await statusProblem(stream, { host: target.host, path: this.#options.probe.path, signal })
      } finally {
        stream.destroy()
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      timer.close()
    }
  }
}

interface Question {
  readonly host: string
  readonly path: string
  readonly signal: AbortSignal
}

async function statusProblem(
  stream: ByteStream,
  { host, path, signal }: Question,
): Promise<string | undefined> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: warren-proxy\r\nConnection: close\r\n\r\n`
  // A connection that has just opened takes a few hundred bytes.
  if (stream.write(Buffer.from(request, 'latin1')) < request.length) return 'it takes no request'
  const line = await firstBytes(stream, signal)
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(line)?.[1] ?? Number.NaN)
  if (Number.isNaN(status)) return 'its answer is not HTTP/1'
  return status < 500 ? undefined : `it answers ${status}`
}

function firstBytes(stream: ByteStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = ''
    const look = (): void => {
      while (stream.readableBytes > 0 && line.length < STATUS_LINE_BYTES) {
        const piece = stream.peek()
        line += Buffer.from(piece.buffer, piece.byteOffset, Math.min(piece.length, 64)).toString('latin1')
        stream.consume(piece.length)
      }
      if (line.length >= STATUS_LINE_BYTES || stream.inputEnded) resolve(line)
      else if (stream.state === 'closed')
        reject(new Error(stream.failure?.message ?? 'it closed the connection'))
    }
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    stream.onProgress = look
    look()
  })
}

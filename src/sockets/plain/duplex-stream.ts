/**
 * A ByteStream over any Duplex of Node's: a socket of node:net, TLS over anything. The Duplex should allow half open
 * connections, and belongs to the stream from here on.
 */
import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { SocketEnd, StreamFailure, Turns } from '../../streams/index.ts'
import type { SocketStream } from '../engine.ts'
import { nodeFailure } from '../failure.ts'
import { ChunkQueue } from './chunk-queue.ts'

/** Beyond it, the source is paused. */
const MAX_QUEUED_BYTES = 64 * 1024

export interface DuplexStreamOptions {
  readonly turns: Turns
  readonly ends: () => { readonly local: SocketEnd; readonly remote: SocketEnd }
  /** The event that says that it is open; undefined: it is. */
  readonly opensWith?: 'connect' | 'secureConnect' | 'secure'
  /** For failures: `connect to 192.0.2.1:80`. */
  readonly what: string
  /** Default: `destroy()`. */
  readonly abort?: (duplex: Duplex) => void
}

export class DuplexStream implements SocketStream {
  onProgress: (() => void) | undefined
  state: 'opening' | 'open' | 'closed'
  failure: StreamFailure | undefined
  readonly #duplex: Duplex
  readonly #options: DuplexStreamOptions
  readonly #queue = new ChunkQueue()
  #inputIsOver = false
  #endWanted = false
  #outputIsOver = false
  #isCorked = false
  #isToBeTold = false
  /** What it will fail with once everything that came before was consumed. */
  #fate: StreamFailure | undefined
  readonly #uncork = (): void => {
    this.#isCorked = false
    this.#duplex.uncork()
  }
  readonly #tell = (): void => {
    this.#isToBeTold = false
    this.onProgress?.()
  }

  constructor(duplex: Duplex, options: DuplexStreamOptions) {
    this.#duplex = duplex
    this.#options = options
    this.state = options.opensWith === undefined ? 'open' : 'opening'
    if (options.opensWith !== undefined) duplex.once(options.opensWith, this.#onOpen)
    duplex.on('data', this.#onData)
    duplex.on('end', this.#onEnd)
    duplex.on('finish', this.#onFinish)
    duplex.on('drain', this.#onDrain)
    duplex.on('error', this.#onError)
    duplex.on('close', this.#onClose)
  }

  get local(): SocketEnd {
    return this.#options.ends().local
  }

  get remote(): SocketEnd {
    return this.#options.ends().remote
  }

  get inputEnded(): boolean {
    return this.#inputIsOver && this.#queue.length === 0
  }

  get readableBytes(): number {
    return this.#queue.length
  }

  peek(): Uint8Array {
    return this.#queue.peek()
  }

  consume(length: number): void {
    this.#queue.consume(length)
    if (this.#queue.length < MAX_QUEUED_BYTES && this.#duplex.isPaused()) this.#duplex.resume()
    if (this.#queue.length > 0 || this.state === 'closed') return
    if (this.#fate !== undefined) this.#close(this.#fate)
    else this.#closeIfDone()
  }

  get writableBytes(): number {
    if (this.state !== 'open' || this.#endWanted || this.#fate !== undefined) return 0
    return Math.max(0, this.#duplex.writableHighWaterMark - this.#duplex.writableLength)
  }

  write(bytes: Uint8Array): number {
    const count = Math.min(this.writableBytes, bytes.length)
    if (count === 0) return 0
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#duplex.cork()
      this.#options.turns.atEndOfTurn(this.#uncork)
    }
    // The Duplex keeps what it is given until it is sent, and the caller uses its memory again.
    this.#duplex.write(Buffer.from(count === bytes.length ? bytes : bytes.subarray(0, count)))
    return count
  }

  get pendingBytes(): number {
    return this.state === 'closed' ? 0 : this.#duplex.writableLength
  }

  end(): void {
    if (this.state === 'closed' || this.#endWanted) return
    this.#endWanted = true
    this.#duplex.end()
  }

  destroy(): void {
    this.onProgress = undefined
    if (this.state === 'closed') return
    this.#close(undefined)
    this.#abort()
  }

  /** The Duplex itself, for something that wraps it better than through this; undefined: too late. */
  takeDuplex(): { readonly duplex: Duplex; readonly abort: () => void } | undefined {
    if (
      this.state !== 'open' ||
      this.#queue.length > 0 ||
      this.#inputIsOver ||
      this.#duplex.writableLength > 0
    )
      return undefined
    const duplex = this.#duplex
    duplex.off('data', this.#onData).off('end', this.#onEnd).off('finish', this.#onFinish)
    duplex.off('drain', this.#onDrain).off('error', this.#onError).off('close', this.#onClose)
    duplex.pause()
    this.state = 'closed'
    return { duplex, abort: () => this.#abort() }
  }

  #abort(): void {
    if (this.#options.abort === undefined) this.#duplex.destroy()
    else this.#options.abort(this.#duplex)
  }

  readonly #onOpen = (): void => {
    if (this.state !== 'opening') return
    this.state = 'open'
    this.#tellLater()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.state === 'closed') return
    this.#queue.push(chunk)
    if (this.#queue.length >= MAX_QUEUED_BYTES) this.#duplex.pause()
    this.#tellLater()
  }

  readonly #onEnd = (): void => {
    this.#inputIsOver = true
    this.#closeIfDone()
    this.#tellLater()
  }

  readonly #onFinish = (): void => {
    this.#outputIsOver = true
    this.#closeIfDone()
  }

  readonly #onDrain = (): void => this.#tellLater()

  readonly #onError = (error: Error): void => {
    if (this.state === 'closed' || this.#fate !== undefined) return
    this.#failWith(nodeFailure(this.#options.what, error))
  }

  readonly #onClose = (): void => {
    if (this.state === 'closed' || this.#fate !== undefined) return
    if (this.#inputIsOver && this.#outputIsOver) return
    this.#failWith({ code: 'ECONNRESET', message: `cannot ${this.#options.what}: it was cut off` })
  }

  #failWith(failure: StreamFailure): void {
    if (this.#queue.length === 0) return this.#close(failure)
    this.#fate = failure
    this.#tellLater()
  }

  #closeIfDone(): void {
    if (this.state !== 'closed' && this.inputEnded && this.#outputIsOver) this.#close(undefined)
  }

  #close(failure: StreamFailure | undefined): void {
    this.state = 'closed'
    this.failure = failure
    this.#queue.clear()
    this.#tellLater()
  }

  #tellLater(): void {
    if (this.#isToBeTold) return
    this.#isToBeTold = true
    this.#options.turns.atEndOfTurn(this.#tell)
  }
}

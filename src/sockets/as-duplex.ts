/** A ByteStream as a Duplex of Node's, for what knows only those: TLS, pipelines. It belongs to the Duplex from here on. */
import { Duplex } from 'node:stream'
import { type ByteStream, StreamError } from '../streams/index.ts'

/** For the other end to take note of the end. */
const LINGER_MS = 5000

type Callback = (error?: Error | null) => void

export function asDuplex(stream: ByteStream): Duplex {
  return new StreamDuplex(stream)
}

class StreamDuplex extends Duplex {
  readonly #stream: ByteStream
  #wantsData = false
  #unwritten: Uint8Array | undefined
  #written: Callback | undefined

  constructor(stream: ByteStream) {
    super({ allowHalfOpen: true })
    this.#stream = stream
    stream.onProgress = () => this.#look()
  }

  override _read(): void {
    this.#wantsData = true
    this.#pull()
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#unwritten = chunk
    this.#written = callback
    this.#push()
  }

  override _final(callback: Callback): void {
    this.#stream.end()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#leave()
    callback(error)
  }

  /**
   * Node destroys what has ended on both sides, and a TLS socket what it has just sent its last words to. A reset would
   * overtake those; so the stream ends in order where there is something to overtake, for as long as that takes.
   */
  #leave(): void {
    const stream = this.#stream
    stream.onProgress = undefined
    if (stream.state !== 'open' || (stream.pendingBytes === 0 && !this.writableFinished))
      return stream.destroy()
    const timer = setTimeout(() => stream.destroy(), LINGER_MS)
    const look = (): void => {
      while (stream.readableBytes > 0) stream.consume(stream.readableBytes)
      if (stream.state === 'closed') clearTimeout(timer)
    }
    stream.onProgress = look
    stream.end()
    look()
  }

  #look(): void {
    this.#pull()
    if (this.#stream.failure !== undefined) {
      this.destroy(new StreamError(this.#stream.failure))
      return
    }
    this.#push()
  }

  #pull(): void {
    while (this.#wantsData && this.#stream.readableBytes > 0) {
      const piece = this.#stream.peek()
      this.#wantsData = false
      // What is pushed is kept, and the stream uses its memory again. `push` may call `_read` before it returns.
      const copy = piece.slice()
      this.#stream.consume(piece.length)
      if (this.push(copy)) this.#wantsData = true
    }
    if (this.#stream.inputEnded && !this.readableEnded) this.#endInput()
  }

  #inputEnded = false

  #endInput(): void {
    if (this.#inputEnded) return
    this.#inputEnded = true
    this.push(null)
  }

  #push(): void {
    const chunk = this.#unwritten
    if (chunk === undefined) return
    const taken = this.#stream.write(chunk)
    if (taken < chunk.length) {
      this.#unwritten = chunk.subarray(taken)
      return
    }
    const done = this.#written
    this.#unwritten = undefined
    this.#written = undefined
    done?.()
  }
}

/** A ByteStream as a Duplex of Node's, for what knows only those: TLS, pipelines. It belongs to the Duplex from here on. */
import { Duplex } from 'node:stream'
import { type ByteStream, StreamError } from '../streams/index.ts'

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
    this.#stream.onProgress = undefined
    this.#stream.destroy()
    callback(error)
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

/**
 * A program above one end of a connection: writes a pattern in pieces, reads at its own pace and compares, ends its
 * direction when it has said everything, or only when the other end has.
 */
import assert from 'node:assert/strict'
import type { TcpStream } from '../../src/protocols/tcpip/index.ts'
import { firstDifference, pattern } from '../tcpip/stack-host.ts'

export interface TalkerOptions {
  readonly bytes: number
  readonly salt: number
  readonly peerSalt: number
  /** Of one call of `write`. */
  readonly writeBytes: number
  /** Of one call of `consume`. */
  readonly readBytes: number
  /** Reads only when `wake` is called; otherwise as soon as there is something. */
  readonly readsSlowly: boolean
  readonly endsLast: boolean
}

export const QUICK: TalkerOptions = {
  ...{ bytes: 0, salt: 1, peerSalt: 2, writeBytes: 65_536, readBytes: 65_536 },
  ...{ readsSlowly: false, endsLast: false },
}

export class Talker {
  readonly #options: TalkerOptions
  stream: TcpStream | undefined
  written = 0
  read = 0
  ended = false

  constructor(options: Partial<TalkerOptions>) {
    this.#options = { ...QUICK, ...options }
  }

  get finished(): boolean {
    return this.stream?.state === 'closed'
  }

  take(stream: TcpStream): void {
    this.stream = stream
    stream.onProgress = () => this.#look(stream)
    this.#look(stream)
  }

  /** The slow reader's time has come. */
  wake(): void {
    if (this.stream === undefined) return
    this.#readOnce(this.stream)
    this.#look(this.stream)
  }

  #look(stream: TcpStream): void {
    if (!this.#options.readsSlowly) while (this.#readOnce(stream));
    this.#write(stream)
    const { bytes, endsLast } = this.#options
    if (
      !this.ended &&
      this.written === bytes &&
      stream.state === 'open' &&
      (!endsLast || stream.inputEnded)
    ) {
      this.ended = true
      stream.end()
    }
  }

  #write(stream: TcpStream): void {
    const { bytes, salt, writeBytes } = this.#options
    while (this.written < bytes && stream.writableBytes > 0) {
      const piece = Math.min(writeBytes, bytes - this.written)
      const room = stream.writableBytes
      // A little more than there is room for: how much was taken must be said.
      const taken = stream.write(pattern(this.written, Math.min(piece, room + 10), salt))
      assert.ok(taken <= piece && taken >= 0, 'no more is taken than was offered')
      this.written += taken
      if (taken < Math.min(piece, room)) return
    }
  }

  #readOnce(stream: TcpStream): boolean {
    if (stream.readableBytes === 0) return false
    const bytes = stream.peek().subarray(0, this.#options.readBytes)
    assert.ok(bytes.length > 0, 'peek() shows what is readable')
    assert.equal(firstDifference(bytes, this.read, this.#options.peerSalt), -1, `bytes at ${this.read}`)
    stream.consume(bytes.length)
    this.read += bytes.length
    return true
  }
}

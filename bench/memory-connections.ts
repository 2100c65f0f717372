/**
 * Connections that cost next to nothing, so that what is measured is who stands between them: as byte streams for our
 * proxy, and as Duplex streams for one made of node:http. A turn hands everybody what came for them.
 */
import { Duplex } from 'node:stream'
import type { ByteStream, StreamEnds } from '../src/streams/index.ts'

const CAPACITY_BYTES = 64 * 1024
const NO_BYTES = new Uint8Array(0)
const due: MemoryStream[] = []

/** Everybody who has something to look at looks. Whether anybody did. */
export function turn(): boolean {
  const now = due.splice(0)
  for (const stream of now) {
    stream.isDue = false
    stream.onProgress?.()
  }
  return now.length > 0
}

export class MemoryStream implements ByteStream, StreamEnds {
  readonly local = { address: '192.0.2.1', port: 8080 }
  readonly remote = { address: '192.0.2.77', port: 50_000 }
  readonly failure = undefined
  readonly pendingBytes = 0
  onProgress: (() => void) | undefined
  state: 'open' | 'closed' = 'open'
  isDue = false
  #other: MemoryStream | undefined
  /** Made when something comes, so that idle connections are as small as ours are elsewhere. */
  #bytes: Uint8Array = NO_BYTES
  #start = 0
  #end = 0

  static pair(): readonly [MemoryStream, MemoryStream] {
    const [left, right] = [new MemoryStream(), new MemoryStream()]
    left.#other = right
    right.#other = left
    return [left, right]
  }

  get inputEnded(): boolean {
    return false
  }

  get readableBytes(): number {
    return this.#end - this.#start
  }

  peek(): Uint8Array {
    return this.#start === this.#end ? NO_BYTES : this.#bytes.subarray(this.#start, this.#end)
  }

  consume(length: number): void {
    this.#start += length
    if (this.#start === this.#end) {
      this.#start = 0
      this.#end = 0
    }
  }

  get writableBytes(): number {
    return CAPACITY_BYTES - this.#other!.#end
  }

  write(bytes: Uint8Array): number {
    const other = this.#other!
    if (other.#bytes.length === 0) other.#bytes = new Uint8Array(CAPACITY_BYTES)
    const count = Math.min(bytes.length, CAPACITY_BYTES - other.#end)
    other.#bytes.set(count === bytes.length ? bytes : bytes.subarray(0, count), other.#end)
    other.#end += count
    other.wake()
    return count
  }

  wake(): void {
    if (this.isDue) return
    this.isDue = true
    due.push(this)
  }

  /** Gives its memory back, as a socket with nothing in it does. */
  rest(): void {
    if (this.#start === this.#end) this.#bytes = NO_BYTES
  }

  end(): void {}

  destroy(): void {
    this.state = 'closed'
  }
}

/** What was written to sockets in this turn arrives in the next; or else Node would never come to an end of its ticks. */
const arriving: { readonly socket: MemorySocket; readonly bytes: Buffer | null }[] = []

function arrive(socket: MemorySocket, bytes: Buffer | null): void {
  if (arriving.push({ socket, bytes }) > 1) return
  setImmediate(() => {
    for (const { socket, bytes } of arriving.splice(0)) socket.push(bytes)
  })
}

/** What node:http takes for a socket. */
export class MemorySocket extends Duplex {
  readonly remoteAddress = '192.0.2.77'
  #other: MemorySocket | undefined

  static pair(): readonly [MemorySocket, MemorySocket] {
    const [left, right] = [new MemorySocket(), new MemorySocket()]
    left.#other = right
    right.#other = left
    return [left, right]
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    arrive(this.#other!, bytes)
    done()
  }

  override _final(done: () => void): void {
    arrive(this.#other!, null)
    done()
  }
}

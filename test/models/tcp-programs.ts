/** What programs do with a connection: one writes a known sequence of bytes, the other reads and compares. */
import assert from 'node:assert/strict'
import type { TcpListenOptions, TcpConnectOptions, TcpStream } from '../../src/protocols/tcpip/index.ts'
import { RIGHT, type TwoStacks } from './two-stacks.ts'

const PIECE = 16_384
/** A prime, so that no two pages look alike. */
const PERIOD = 65_521

const SEQUENCE = Uint8Array.from({ length: PERIOD + PIECE }, (_, index) => {
  const place = index % PERIOD
  return (Math.imul(place, 0x9e3779b1) >>> 13) & 0xff
})

/** Writes `total` bytes as room comes, then ends. */
export class Source {
  sentBytes = 0
  readonly #stream: TcpStream
  readonly #total: number
  readonly #ends: boolean

  constructor(stream: TcpStream, total: number, ends = true) {
    this.#stream = stream
    this.#total = total
    this.#ends = ends
  }

  start(): void {
    this.#stream.onProgress = () => this.#write()
    this.#write()
  }

  #write(): void {
    while (this.sentBytes < this.#total) {
      const at = this.sentBytes % PERIOD
      const count = Math.min(PIECE, this.#total - this.sentBytes)
      const taken = this.#stream.write(SEQUENCE.subarray(at, at + count))
      if (taken === 0) return
      this.sentBytes += taken
    }
    if (this.#ends) this.#stream.end()
  }
}

/** Reads whatever comes. */
export class Sink {
  receivedBytes = 0
  isIntact = true
  readonly #stream: TcpStream

  constructor(stream: TcpStream) {
    this.#stream = stream
  }

  get ended(): boolean {
    return this.#stream.inputEnded
  }

  start(): void {
    this.#stream.onProgress = () => this.#read()
    this.#read()
  }

  #read(): void {
    while (this.#stream.readableBytes > 0) {
      const piece = this.#stream.peek()
      const at = this.receivedBytes % PERIOD
      this.isIntact &&= Buffer.compare(piece, SEQUENCE.subarray(at, at + piece.length)) === 0
      this.receivedBytes += piece.length
      this.#stream.consume(piece.length)
    }
  }
}

export interface ConnectedOptions {
  readonly listen?: Partial<TcpListenOptions>
  readonly connect?: TcpConnectOptions
}

/** The left one has connected to the right one. */
export function connected(net: TwoStacks, address = RIGHT, o: ConnectedOptions = {}) {
  const accepted: TcpStream[] = []
  const onConnection = (stream: TcpStream) => void accepted.push(stream)
  const listener = net.right.listen({ port: 80, onConnection, ...o.listen })
  const client = net.left.connect({ address, port: listener.port }, o.connect)
  assert.ok(net.runUntil(() => client.state === 'open' && accepted.length > 0, 60_000))
  return { client, server: accepted[0]!, listener }
}

export interface TransferOptions {
  readonly from: TcpStream
  readonly to: TcpStream
  readonly bytes: number
  readonly limitMs?: number
}

/** All of it arrives, in order, and then the end. Returns how long it took. */
export function transfer(net: TwoStacks, { from, to, bytes, limitMs = 600_000 }: TransferOptions): number {
  const start = net.nowMs
  const sink = new Sink(to)
  sink.start()
  new Source(from, bytes).start()
  const isDone = net.runUntil(
    () => sink.ended || to.failure !== undefined || from.failure !== undefined,
    limitMs,
  )
  assert.equal(from.failure, undefined)
  assert.equal(to.failure, undefined)
  assert.ok(isDone, `${sink.receivedBytes} of ${bytes} bytes in ${limitMs} ms`)
  assert.equal(sink.receivedBytes, bytes)
  assert.equal(sink.isIntact, true)
  const took = net.nowMs - start
  net.run(500)
  return took
}

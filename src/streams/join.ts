/**
 * Two streams as one connection: what comes out of one goes into the other, both ways, no faster than either takes it.
 *
 *   end of a      → end of b, once b has everything; the other direction goes on
 *   failure of a  → b is destroyed: whoever is there learns that something is missing
 *   both closed   → onDone, once
 *
 * Both streams belong to it from here on. It has no clock: whoever wants an idle timeout notes when `touch` was called.
 */
import type { ByteStream, StreamFailure } from './byte-stream.ts'

export interface JoinOptions {
  readonly onDone: (result: JoinResult) => void
  /** Bytes were copied, in one direction or the other. */
  readonly touch?: () => void
}

export interface JoinResult {
  readonly bytesFromA: number
  readonly bytesFromB: number
  /** Undefined: both ended in order, or it was stopped. */
  readonly failure: StreamFailure | undefined
  readonly failed: 'a' | 'b' | undefined
}

export interface Join {
  readonly bytesFromA: number
  readonly bytesFromB: number
  /** Destroys both. `onDone` is called before it returns. */
  stop(): void
}

/** Looks at once, and then whenever one of them has progress. */
export function join(a: ByteStream, b: ByteStream, options: JoinOptions): Join {
  const joined = new JoinedStreams(a, b, options)
  joined.start()
  return joined
}

class JoinedStreams implements Join {
  bytesFromA = 0
  bytesFromB = 0
  readonly #a: ByteStream
  readonly #b: ByteStream
  readonly #options: JoinOptions
  #isDone = false

  constructor(a: ByteStream, b: ByteStream, options: JoinOptions) {
    this.#a = a
    this.#b = b
    this.#options = options
  }

  start(): void {
    const look = (): void => this.#look()
    this.#a.onProgress = look
    this.#b.onProgress = look
    look()
  }

  stop(): void {
    this.#finish(undefined, undefined)
  }

  #look(): void {
    if (this.#isDone) return
    const fromA = copy(this.#a, this.#b)
    const fromB = copy(this.#b, this.#a)
    this.bytesFromA += fromA
    this.bytesFromB += fromB
    if (fromA + fromB > 0) this.#options.touch?.()
    if (this.#a.failure !== undefined) return this.#finish(this.#a.failure, 'a')
    if (this.#b.failure !== undefined) return this.#finish(this.#b.failure, 'b')
    if (wasCutOff(this.#a, this.#b) || wasCutOff(this.#b, this.#a)) return this.#finish(undefined, undefined)
    if (this.#a.inputEnded) this.#b.end()
    if (this.#b.inputEnded) this.#a.end()
    if (this.#a.state === 'closed' && this.#b.state === 'closed') this.#finish(undefined, undefined)
  }

  #finish(failure: StreamFailure | undefined, failed: 'a' | 'b' | undefined): void {
    if (this.#isDone) return
    this.#isDone = true
    for (const stream of [this.#a, this.#b]) {
      stream.onProgress = undefined
      stream.destroy()
    }
    const { bytesFromA, bytesFromB } = this
    this.#options.onDone({ bytesFromA, bytesFromB, failure, failed })
  }
}

/** How many bytes went over. */
function copy(from: ByteStream, to: ByteStream): number {
  let total = 0
  while (from.readableBytes > 0) {
    const taken = to.write(from.peek())
    if (taken === 0) break
    from.consume(taken)
    total += taken
  }
  return total
}

/** Somebody else destroyed it. The other one then has nobody to talk to. */
function wasCutOff(stream: ByteStream, other: ByteStream): boolean {
  return stream.state === 'closed' && !(stream.inputEnded && (other.inputEnded || other.state === 'closed'))
}

/**
 * Two ends of one connection in memory, for tests and for what talks to itself. It behaves as sockets do at their
 * worst: whatever is put into one end comes out of the other a turn later, in pieces as small as one asks for.
 */
import type { ByteStream, FailureCode, SocketEnd, StreamEnds, StreamFailure, Turns } from './byte-stream.ts'

const CAPACITY_BYTES = 64 * 1024
const NO_BYTES = new Uint8Array(0)

export interface StreamPairOptions {
  /** Of each direction. */
  readonly capacityBytes?: number
  /** `peek` gives at most so many. */
  readonly pieceBytes?: number
  /** Default: a turn ends with the microtask. */
  readonly turns?: Turns
  readonly ends?: StreamEnds
}

export interface PairedStream extends ByteStream, StreamEnds {
  /** As when the network between them breaks: this end fails, and the other one hears nothing. */
  fail(code: FailureCode): void
}

/** `ends` are those of the first one; the second has them the other way round. */
export function streamPair(options: StreamPairOptions = {}): readonly [PairedStream, PairedStream] {
  const capacityBytes = options.capacityBytes ?? CAPACITY_BYTES
  const forth = new Pipe(capacityBytes, options.pieceBytes ?? capacityBytes)
  const back = new Pipe(capacityBytes, options.pieceBytes ?? capacityBytes)
  const turns = options.turns ?? MICROTASK_TURNS
  const { local, remote } = options.ends ?? DEFAULT_ENDS
  const left = new End({ input: back, output: forth, turns, local, remote })
  const right = new End({ input: forth, output: back, turns, local: remote, remote: local })
  left.other = right
  right.other = left
  return [left, right]
}

/** Turns that end when the test says so. */
export class ManualTurns implements Turns {
  #waiting: (() => void)[] = []

  atEndOfTurn(run: () => void): void {
    this.#waiting.push(run)
  }

  get isDue(): boolean {
    return this.#waiting.length > 0
  }

  /** Until nothing is left. */
  endTurn(): void {
    for (let next = 0; next < this.#waiting.length; next++) this.#waiting[next]?.()
    this.#waiting.length = 0
  }
}

const MICROTASK_TURNS: Turns = { atEndOfTurn: (run) => queueMicrotask(run) }
const DEFAULT_ENDS: StreamEnds = {
  local: { address: '192.0.2.1', port: 40_000 },
  remote: { address: '192.0.2.2', port: 80 },
}

/** One direction. */
class Pipe {
  readonly capacityBytes: number
  readonly #pieceBytes: number
  readonly #pieces: Uint8Array[] = []
  length = 0
  ended = false

  constructor(capacityBytes: number, pieceBytes: number) {
    this.capacityBytes = capacityBytes
    this.#pieceBytes = pieceBytes
  }

  put(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.capacityBytes - this.length)
    if (count > 0) this.#pieces.push(bytes.slice(0, count))
    this.length += count
    return count
  }

  peek(): Uint8Array {
    return this.#pieces[0]?.subarray(0, this.#pieceBytes) ?? NO_BYTES
  }

  take(wanted: number): number {
    const count = Math.min(wanted, this.length)
    let left = count
    while (left > 0) {
      const first = this.#pieces[0] as Uint8Array
      if (first.length > left) this.#pieces[0] = first.subarray(left)
      else this.#pieces.shift()
      left -= Math.min(left, first.length)
    }
    this.length -= count
    return count
  }
}

interface EndOptions extends StreamEnds {
  readonly input: Pipe
  readonly output: Pipe
  readonly turns: Turns
}

class End implements PairedStream {
  readonly local: SocketEnd
  readonly remote: SocketEnd
  onProgress: (() => void) | undefined
  other: End | undefined
  state: 'open' | 'closed' = 'open'
  failure: StreamFailure | undefined
  readonly #input: Pipe
  readonly #output: Pipe
  readonly #turns: Turns
  #isDue = false
  readonly #tell = (): void => {
    this.#isDue = false
    this.#closeIfDone()
    this.onProgress?.()
  }

  constructor({ input, output, turns, local, remote }: EndOptions) {
    this.#input = input
    this.#output = output
    this.#turns = turns
    this.local = local
    this.remote = remote
  }

  get inputEnded(): boolean {
    return this.#input.ended && this.#input.length === 0
  }

  get readableBytes(): number {
    return this.state === 'open' ? this.#input.length : 0
  }

  peek(): Uint8Array {
    return this.state === 'open' ? this.#input.peek() : NO_BYTES
  }

  consume(length: number): void {
    if (this.state !== 'open' || this.#input.take(length) === 0) return
    this.other?.progress()
    if (this.#closeIfDone()) this.progress()
  }

  get writableBytes(): number {
    if (this.state !== 'open' || this.#output.ended) return 0
    return this.#output.capacityBytes - this.#output.length
  }

  write(bytes: Uint8Array): number {
    if (this.writableBytes === 0) return 0
    const count = this.#output.put(bytes)
    if (count > 0) this.other?.progress()
    return count
  }

  get pendingBytes(): number {
    return 0
  }

  end(): void {
    if (this.state !== 'open' || this.#output.ended) return
    this.#output.ended = true
    this.other?.progress()
    if (this.#closeIfDone()) this.progress()
  }

  destroy(): void {
    this.onProgress = undefined
    if (this.state === 'closed') return
    this.state = 'closed'
    this.other?.fail('ECONNRESET')
  }

  fail(code: FailureCode): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.failure = { code, message: `the connection in memory failed with ${code}` }
    this.progress()
  }

  progress(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#turns.atEndOfTurn(this.#tell)
  }

  #closeIfDone(): boolean {
    if (this.state === 'closed' || !this.inputEnded || !this.#output.ended) return false
    this.state = 'closed'
    return true
  }
}

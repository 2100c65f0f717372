/**
 * What every ByteStream keeps, whatever carries it: in memory, over a socket of this machine, inside a tunnel. The
 * suite only looks from outside, and waits through the world that made the streams.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ByteStream } from '../../src/streams/index.ts'

export interface StreamWorld {
  /** Two open ends of one connection. */
  connect(t: TestContext): Promise<readonly [ByteStream, ByteStream]>
  /** Lets things happen until it is so; fails if it never is. */
  until(check: () => boolean, what: string): Promise<void>
}

/** More than any buffer on the way holds. */
const MUCH = 12 * 1024 * 1024

export function byteStreamContract(name: string, world: StreamWorld): void {
  const claim = (
    what: string,
    run: (ends: readonly [ByteStream, ByteStream], t: TestContext) => Promise<void>,
  ) =>
    test(`${name}: ${what}`, async (t) => {
      const ends = await world.connect(t)
      t.after(() => ends.forEach((end) => end.destroy()))
      await run(ends, t)
    })
  const until: StreamWorld['until'] = (check, what) => world.until(check, what)

  claim(
    'what is written into one end is read from the other, in order, both ways at once',
    async ([a, b]) => {
      const transfers = [
        new Transfer(a, b, { length: 700_001, seed: 1 }),
        new Transfer(b, a, { length: 500_003, seed: 2 }),
      ]
      drive([a, b], () => transfers.forEach((transfer) => transfer.step()))
      await until(() => transfers.every((transfer) => transfer.isDone), 'both transfers are done')
    },
  )

  claim('a reader that does not read stops the writer, and reading lets it go on', async ([a, b]) => {
    let written = 0
    const bytes = new Uint8Array(64 * 1024).fill(7)
    drive([a], () => {
      for (let taken = 1; taken > 0 && written < MUCH; ) {
        taken = a.write(bytes)
        written += taken
      }
    })
    await until(() => b.readableBytes > 0 && a.writableBytes === 0, 'the writer has no more room')
    const before = written
    assert.ok(before < MUCH, 'it is bounded')
    let read = 0
    drive([b], () => (read += discard(b)))
    await until(() => written > before && read > before, 'more was written and read')
  })

  claim('half close: one direction ends after its last byte, and the other goes on', async ([a, b]) => {
    write(a, 'last words')
    a.end()
    assert.equal(a.writableBytes, 0)
    assert.equal(write(a, 'more'), 0)
    await until(() => b.readableBytes === 10, 'the last words are there')
    assert.equal(b.inputEnded, false)
    assert.equal(text(b), 'last words')
    await until(() => b.inputEnded, 'the end is seen')
    assert.equal(b.state, 'open')
    write(b, 'noted')
    await until(() => a.readableBytes === 5, 'the answer is there')
    assert.equal(text(a), 'noted')
    b.end()
    await until(() => a.state === 'closed' && b.state === 'closed', 'both are closed')
    assert.deepEqual([a.failure, b.failure, a.inputEnded, b.inputEnded], [undefined, undefined, true, true])
  })

  claim('end() sends all that was taken before', async ([a, b]) => {
    const transfer = new Transfer(a, b, { length: 400_000, seed: 3, end: true })
    drive([a, b], () => transfer.step())
    await until(() => transfer.isDone && b.inputEnded, 'everything and the end arrived')
  })

  claim('both ends may end at the same time', async ([a, b]) => {
    write(a, 'bye')
    write(b, 'so long')
    a.end()
    b.end()
    const heard: string[] = []
    drive([a, b], () => {
      for (const end of [a, b]) if (end.readableBytes > 0) heard.push(text(end))
    })
    await until(() => a.state === 'closed' && b.state === 'closed', 'both are closed')
    assert.deepEqual(heard.join('|').split('|').length, 2)
    assert.deepEqual([a.failure, b.failure], [undefined, undefined])
  })

  claim('destroy() fails the other end, and leaves a stream that does nothing', async ([a, b]) => {
    write(b, 'never read')
    await until(() => a.readableBytes > 0, 'something waits to be read')
    a.destroy()
    assert.equal(a.state, 'closed')
    assert.equal(a.failure, undefined)
    assert.deepEqual([a.readableBytes, a.writableBytes, a.pendingBytes, a.peek().length], [0, 0, 0, 0])
    assert.equal(write(a, 'x'), 0)
    a.consume(5)
    a.end()
    a.destroy()
    drive([b], () => void discard(b))
    await until(() => b.state === 'closed', 'the other end is closed')
    assert.ok(['ECONNRESET', 'EPIPE'].includes(b.failure?.code ?? ''), `failed with ${b.failure?.code}`)
    assert.deepEqual([b.writableBytes, b.readableBytes], [0, 0])
  })

  claim('peek() leaves things as they are, and consume() takes as much as it is told', async ([a, b]) => {
    write(a, 'abcdef')
    await until(() => b.readableBytes === 6, 'six bytes are there')
    assert.equal(b.peek().length > 0, true)
    assert.equal(b.readableBytes, 6)
    b.consume(2)
    assert.equal(b.readableBytes, 4)
    b.consume(0)
    assert.equal(text(b), 'cdef')
    assert.deepEqual([b.readableBytes, b.peek().length, b.inputEnded], [0, 0, false])
    write(a, 'gh')
    await until(() => b.readableBytes === 2, 'more came')
    assert.equal(text(b), 'gh')
  })

  claim('what nobody consumes stays, and more is added to it', async ([a, b]) => {
    write(a, 'one,')
    await until(() => b.readableBytes === 4, 'the first is there')
    write(a, 'two,')
    await until(() => b.readableBytes === 8, 'the second is there')
    write(a, 'three')
    a.end()
    await until(() => b.readableBytes === 13, 'the third is there')
    assert.equal(text(b), 'one,two,three')
    await until(() => b.inputEnded, 'and the end')
  })

  claim('many small writes of one turn arrive whole', async ([a, b]) => {
    for (let index = 0; index < 1000; index++) assert.equal(write(a, String(index % 10)), 1)
    await until(() => b.readableBytes === 1000, 'all are there')
    assert.equal(text(b), '0123456789'.repeat(100))
  })

  claim('onProgress is never called from inside a method', async ([a, b]) => {
    let inside = 0
    let wrong = 0
    const guarded = (run: () => void): void => {
      inside++
      run()
      inside--
    }
    const look = (): void => {
      if (inside > 0) wrong++
    }
    a.onProgress = look
    b.onProgress = look
    guarded(() => write(a, 'x'.repeat(1000)))
    await until(() => b.readableBytes === 1000, 'it is there')
    guarded(() => void discard(b))
    guarded(() => a.end())
    await until(() => b.inputEnded, 'the end is there')
    guarded(() => b.end())
    await until(() => a.state === 'closed' && b.state === 'closed', 'both are closed')
    assert.equal(wrong, 0)
  })

  claim('writing nothing is allowed', async ([a, b]) => {
    assert.equal(a.write(new Uint8Array(0)), 0)
    write(a, 'x')
    await until(() => b.readableBytes === 1, 'the next write arrives')
    assert.equal(a.state, 'open')
  })
}

/** As whoever uses a stream does: looks once, and then at every progress. */
function drive(ends: readonly ByteStream[], look: () => void): void {
  for (const end of ends) end.onProgress = look
  look()
}

function write(stream: ByteStream, value: string): number {
  return stream.write(new TextEncoder().encode(value))
}

/** All that is there now. */
function text(stream: ByteStream): string {
  let all = ''
  while (stream.readableBytes > 0) {
    const piece = stream.peek()
    all += String.fromCharCode(...piece)
    stream.consume(piece.length)
  }
  return all
}

function discard(stream: ByteStream): number {
  let count = 0
  while (stream.readableBytes > 0) {
    const { length } = stream.peek()
    stream.consume(length)
    count += length
  }
  return count
}

interface TransferOptions {
  readonly length: number
  readonly seed: number
  readonly end?: boolean
}

/** A known sequence of bytes through one direction, written and consumed in pieces of changing size. */
class Transfer {
  readonly #from: ByteStream
  readonly #to: ByteStream
  readonly #options: TransferOptions
  readonly #bytes: Uint8Array
  #random: number
  #written = 0
  #read = 0

  constructor(from: ByteStream, to: ByteStream, options: TransferOptions) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#random = options.seed
    this.#bytes = Uint8Array.from({ length: options.length }, () => this.#next() & 255)
  }

  get isDone(): boolean {
    return this.#read === this.#options.length
  }

  step(): void {
    this.#write()
    while (this.#to.readableBytes > 0) {
      const piece = this.#to.peek()
      const count = Math.min(piece.length, 1 + (this.#next() % 20_000))
      const expected = this.#bytes.subarray(this.#read, this.#read + count)
      assert.ok(equal(piece.subarray(0, count), expected), `bytes at ${this.#read} are what was written`)
      this.#to.consume(count)
      this.#read += count
    }
  }

  #write(): void {
    while (this.#written < this.#bytes.length) {
      const count = 1 + (this.#next() % 50_000)
      const taken = this.#from.write(this.#bytes.subarray(this.#written, this.#written + count))
      if (taken === 0) return
      this.#written += taken
      if (this.#written === this.#bytes.length && this.#options.end === true) this.#from.end()
    }
  }

  /** Numerical Recipes' linear congruence: enough for sizes. */
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return this.#random >>> 8
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** The sliding buffer against a plain array, and the pool that it draws from. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PAGE_BYTES, PagePool, SMALL_PAGE_BYTES } from './page-pool.ts'
import { SlidingBuffer } from './sliding-buffer.ts'

type Step = readonly ['append' | 'place' | 'consume', number, number]

const SIZES = fc.oneof(
  fc.nat(50),
  fc.nat(3000),
  fc.nat(3 * PAGE_BYTES),
  fc.constantFrom(SMALL_PAGE_BYTES, SMALL_PAGE_BYTES + 1, PAGE_BYTES),
)
const STEPS = fc.array(
  fc.tuple(fc.constantFrom('append', 'place', 'consume'), SIZES, SIZES) as fc.Arbitrary<Step>,
  { maxLength: 40 },
)

/** Bytes, and undefined where nobody has written. */
class Model {
  readonly bytes: (number | undefined)[] = []

  place(position: number, values: Uint8Array): void {
    while (this.bytes.length < position) this.bytes.push(undefined)
    for (const [index, value] of values.entries()) this.bytes[position + index] = value
  }
}

/** What is written, read piece by piece. */
function assertSame(buffer: SlidingBuffer, model: Model): void {
  assert.equal(buffer.length, model.bytes.length)
  for (let at = 0; at < model.bytes.length; ) {
    const piece = buffer.peek(at)
    if (piece.length === 0) {
      // Only where nobody has written may there be nothing.
      assert.equal(model.bytes[at], undefined)
      at++
      continue
    }
    for (let index = 0; index < piece.length; index++) {
      const want = model.bytes[at + index]
      if (want !== undefined && want !== piece[index]) assert.fail(`byte ${at + index} is not ${want}`)
    }
    at += piece.length
  }
}

function run(steps: readonly Step[], pool: PagePool): void {
  const [buffer, model] = [new SlidingBuffer(pool), new Model()]
  let seed = 1
  for (const [what, size, position] of steps) {
    if (what === 'consume') {
      buffer.consume(size)
      model.bytes.splice(0, size)
    } else {
      const values = Uint8Array.from({ length: size }, () => (seed = (seed * 75 + 74) % 65_537) & 255)
      const at = what === 'append' ? model.bytes.length : position
      const taken = buffer.place(at, values)
      assert.ok(taken <= size)
      if (taken > 0) model.place(at, values.subarray(0, taken))
    }
    assertSame(buffer, model)
  }
  buffer.clear()
  assert.equal(pool.usedBytes, 0, 'every page came back')
}

test('SlidingBuffer holds what an array would', () => {
  fc.assert(
    fc.property(STEPS, (steps) => run(steps, new PagePool({ maxBytes: 1024 * PAGE_BYTES }))),
    { numRuns: 25 },
  )
})

test('SlidingBuffer takes less, and nothing wrong, when the pool is nearly empty', () => {
  fc.assert(
    fc.property(STEPS, (steps) => run(steps, new PagePool({ maxBytes: 3 * PAGE_BYTES }))),
    { numRuns: 25 },
  )
})

test('little in many buffers takes small pages, and never more of them than half the pool', () => {
  const pool = new PagePool({ maxBytes: 64 * PAGE_BYTES })
  const buffers = Array.from({ length: 200 }, () => new SlidingBuffer(pool))
  for (const buffer of buffers) assert.equal(buffer.append(new Uint8Array(100)), 100)
  assert.equal(pool.usedBytes, 200 * SMALL_PAGE_BYTES)
  const more = Array.from({ length: 88 }, () => new SlidingBuffer(pool))
  const taken = more.map((buffer) => buffer.append(new Uint8Array(100)))
  assert.equal(taken.filter((count) => count === 100).length, 56 + 32)
  assert.equal(pool.freeBytes, 0)
  assert.equal(new SlidingBuffer(pool).append(new Uint8Array(1)), 0)
  for (const buffer of [...buffers, ...more]) buffer.clear()
  assert.deepEqual([pool.usedBytes, pool.freeBytes], [0, 64 * PAGE_BYTES])
  const much = new SlidingBuffer(pool)
  assert.equal(much.append(new Uint8Array(64 * PAGE_BYTES)), 32 * PAGE_BYTES)
})

test('what outgrows its small page is not lost, and the small page comes back', () => {
  const pool = new PagePool({ maxBytes: 4 * PAGE_BYTES })
  const buffer = new SlidingBuffer(pool)
  buffer.append(new Uint8Array(1000).fill(1))
  assert.equal(pool.usedBytes, SMALL_PAGE_BYTES)
  buffer.append(new Uint8Array(1000).fill(2))
  assert.equal(pool.usedBytes, SMALL_PAGE_BYTES)
  buffer.append(new Uint8Array(1000).fill(3))
  assert.equal(pool.usedBytes, PAGE_BYTES)
  assert.deepEqual([buffer.peek()[999], buffer.peek()[1999], buffer.peek()[2999]], [1, 2, 3])
})

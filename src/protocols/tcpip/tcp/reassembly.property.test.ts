/** Ranges beyond RCV.NXT against a set of numbers. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_RANGES, Reassembly } from './reassembly.ts'
import { add, distance } from './sequence.ts'

const origin = fc.constantFrom(0, 2 ** 31 - 60, -(2 ** 31), -60)
const piece = fc.record({ at: fc.integer({ min: 1, max: 120 }), length: fc.integer({ min: 1, max: 20 }) })

function blocks(reassembly: Reassembly, from: number, limit = 4): [number, number][] {
  const view = new DataView(new ArrayBuffer(64))
  const count = reassembly.writeBlocks(view, 0, limit)
  return Array.from({ length: count }, (_, index) => [
    distance(from, view.getInt32(8 * index)),
    distance(from, view.getInt32(8 * index + 4)),
  ])
}

test('ranges are those of the set of all numbers that came', () => {
  fc.assert(
    fc.property(origin, fc.array(piece, { maxLength: 30 }), (start, pieces) => {
      const reassembly = new Reassembly()
      const model = new Set<number>()
      for (const { at, length } of pieces) {
        assert.equal(reassembly.add(add(start, at), add(start, at + length)), true)
        for (let index = at; index < at + length; index++) model.add(index)
        const [first] = blocks(reassembly, start)
        // RFC 2018 §4: the first block contains what came last, and cannot be extended.
        assert.ok(first !== undefined && first[0] <= at && at + length <= first[1])
        assert.ok(!model.has(first[0] - 1) && !model.has(first[1]))
        const all = blocks(reassembly, start, 4)
        assert.equal(new Set(all.map(([left]) => left)).size, all.length)
        for (const [left, right] of all)
          for (let index = left; index < right; index++) assert.ok(model.has(index))
      }
      for (let next = 0; next <= 145; next++) {
        let want = next
        while (model.has(want)) want += 1
        assert.equal(distance(start, copyOf(pieces, start).advance(add(start, next))), want)
      }
    }),
    { numRuns: 50 },
  )
})

function copyOf(pieces: readonly { at: number; length: number }[], start: number): Reassembly {
  const reassembly = new Reassembly()
  for (const { at, length } of pieces) reassembly.add(add(start, at), add(start, at + length))
  return reassembly
}

test('the number of holes is bounded, and filling one makes room', () => {
  const reassembly = new Reassembly()
  for (let index = 0; index < MAX_RANGES; index++)
    assert.equal(reassembly.add(10 * index, 10 * index + 5), true)
  assert.equal(reassembly.add(10 * MAX_RANGES, 10 * MAX_RANGES + 5), false)
  assert.equal(reassembly.add(5, 10), true)
  assert.equal(reassembly.count, MAX_RANGES - 1)
  assert.equal(reassembly.add(10 * MAX_RANGES, 10 * MAX_RANGES + 5), true)
})

test('what is gone is not to be reported', () => {
  const reassembly = new Reassembly()
  for (let index = 1; index < 9; index++) reassembly.add(20 * index, 20 * index + 10)
  assert.equal(reassembly.unreported, 8)
  blocks(reassembly, 0, 3)
  assert.equal(reassembly.unreported, 5)
  for (let index = 0; index < 9; index++) reassembly.add(20 * index, 20 * index + 20)
  assert.equal(reassembly.advance(0), 180)
  assert.equal(reassembly.unreported, 0)
})

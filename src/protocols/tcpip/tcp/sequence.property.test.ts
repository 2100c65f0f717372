/** The circle of sequence numbers against plain arithmetic. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, atMost, before, distance, later } from './sequence.ts'

const sequence = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const near = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }))

test('whatever the starting point, order and distance are those of what was added', () => {
  fc.assert(
    fc.property(sequence, near, (start, count) => {
      const end = add(start, count)
      assert.equal(distance(start, end), count)
      assert.equal(before(start, end), count > 0)
      assert.equal(atMost(start, end), count >= 0)
      assert.equal(later(start, end), count >= 0 ? end : start)
      assert.equal(end, end | 0)
    }),
  )
})

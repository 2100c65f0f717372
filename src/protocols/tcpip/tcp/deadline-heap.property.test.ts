/** Timers against a sorted list. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineHeap, type Timed } from './deadline-heap.ts'

const step = fc.record({
  item: fc.nat(15),
  at: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Number.POSITIVE_INFINITY)),
  take: fc.boolean(),
})

test('nobody is taken too early by his key, and nobody is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<Timed>()
      const items = Array.from({ length: 16 }, (): Timed => ({ heapIndex: -1, heapKey: 0 }))
      const model = new Map<Timed, number>()
      for (const { item, at, take } of steps) {
        const timed = items[item]!
        if (take) {
          const due = heap.takeDue(25)
          const least = Math.min(...model.values(), Number.POSITIVE_INFINITY)
          assert.equal(due !== undefined, least <= 25)
          if (due !== undefined) assert.equal(model.get(due), least)
          if (due !== undefined) model.delete(due)
        } else if (item % 5 === 0) {
          heap.remove(timed)
          model.delete(timed)
        } else {
          heap.expectBy(timed, at)
          const known = Math.min(at, model.get(timed) ?? Number.POSITIVE_INFINITY)
          if (known < Number.POSITIVE_INFINITY) model.set(timed, known)
        }
        assert.equal(heap.first, Math.min(...model.values(), Number.POSITIVE_INFINITY))
      }
    }),
  )
})

/** What is promised: the edge never moves back, never beyond the bound, and not for crumbs. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReceiveWindow, START_WINDOW_BYTES } from './receive-window.ts'
import { add, distance } from './sequence.ts'

const MSS = 1_400
const step = fc.record({
  arrive: fc.integer({ min: 0, max: 200_000 }),
  read: fc.integer({ min: 0, max: 200_000 }),
})

test('the edge that the other end computes never moves back, and stays within the bound', () => {
  const bounds = fc.constantFrom(16_384, 65_535, 200_000, 4 * 1024 * 1024)
  fc.assert(
    fc.property(bounds, fc.integer(), fc.array(step, { maxLength: 60 }), (bound, start, steps) => {
      const window = new ReceiveWindow(bound)
      let next = start | 0
      let waiting = 0
      let now = 0
      window.openingField(next)
      let promised = window.edge
      for (const { arrive, read } of steps) {
        const taken = Math.min(arrive, distance(next, window.edge))
        next = add(next, taken)
        waiting += taken
        const gone = Math.min(read, waiting)
        waiting -= gone
        now += 1
        window.consumed(gone, now, 10, 1)
        const field = window.field(next, waiting, MSS)
        assert.ok(field >= 0 && field <= 0xffff)
        const edge = add(next, field * 2 ** window.scale)
        assert.ok(distance(promised, edge) >= -(2 ** window.scale), 'a unit of rounding at most')
        assert.ok(distance(edge, window.edge) >= 0, 'what was promised is taken')
        assert.ok(waiting + distance(next, window.edge) <= bound, 'bounded')
        promised = window.edge
      }
    }),
  )
})

test('a window that opens by less than a segment stays closed', () => {
  const window = new ReceiveWindow(1024 * 1024)
  window.openingField(0)
  const next = START_WINDOW_BYTES
  window.field(0, 0, MSS)
  assert.equal(window.field(next, START_WINDOW_BYTES, MSS), 0)
  assert.equal(window.field(next, START_WINDOW_BYTES - 100, MSS), 0)
  assert.equal(window.isNews(next, START_WINDOW_BYTES - 100, MSS), false)
  assert.equal(window.isNews(next, START_WINDOW_BYTES - 2 * MSS, MSS), true)
  assert.ok(window.field(next, START_WINDOW_BYTES - 2 * MSS, MSS) > 0)
})

test('it grows for a reader that keeps up, and not for one that does not, nor while memory is short', () => {
  const grow = (bytesPerRound: number, freeShare: number): number => {
    const window = new ReceiveWindow(4 * 1024 * 1024)
    for (let now = 0; now < 1_000; now += 10) window.consumed(bytesPerRound / 10, now, 100, freeShare)
    return window.sizeBytes
  }
  assert.equal(grow(START_WINDOW_BYTES / 4, 1), START_WINDOW_BYTES)
  assert.ok(grow(START_WINDOW_BYTES, 1) >= 2 * START_WINDOW_BYTES)
  assert.equal(grow(START_WINDOW_BYTES, 0.1), START_WINDOW_BYTES)
})

/** The bitmap of RFC 6479 against a set, and at its edges. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowReplayWindow } from '../../../test/models/slow-replay-window.ts'
import { REPLAY_WINDOW, ReplayWindow } from './replay-window.ts'

/** Steps from the greatest counter so far: mostly near, sometimes across the window, sometimes far ahead. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -70, max: 70 }) },
  { weight: 3, arbitrary: fc.integer({ min: -REPLAY_WINDOW - 40, max: REPLAY_WINDOW + 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }) },
)

test('ReplayWindow accepts exactly what the slow twin accepts', () => {
  const origin = fc.constantFrom(0, 31, 8191, 2 ** 31, 2 ** 32 - 5, 2 ** 33 + 7, 2 ** 52)
  fc.assert(
    fc.property(origin, fc.array(step, { maxLength: 300 }), (start, steps) => {
      const window = new ReplayWindow()
      const twin = new SlowReplayWindow(REPLAY_WINDOW)
      let greatest = start
      for (const delta of [0, ...steps]) {
        const counter = Math.max(0, greatest + delta)
        greatest = Math.max(greatest, counter)
        assert.equal(window.accept(counter), twin.accept(counter), `counter ${counter}`)
      }
    }),
  )
})

test('ReplayWindow remembers 8,160 counters back and refuses what is older', () => {
  const window = new ReplayWindow()
  assert.equal(window.accept(REPLAY_WINDOW), true)
  assert.equal(window.accept(1), true)
  assert.equal(window.accept(1), false)
  assert.equal(window.accept(0), false)
})

test('ReplayWindow takes the first counter and takes it once', () => {
  const window = new ReplayWindow()
  assert.equal(window.accept(0), true)
  assert.equal(window.accept(0), false)
})

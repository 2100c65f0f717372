/** Deadlines: never early, at most two ticks late, for any number of them with one timer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HandClock } from '../../../test/harness/http-rig.ts'
import { Deadline, TICK_MS, TimerWheel } from './timer-wheel.ts'

class Alarm extends Deadline {
  readonly rung: number[] = []
  readonly #nowMs: () => number
  constructor(nowMs: () => number) {
    super()
    this.#nowMs = nowMs
  }
  onDeadline(): void {
    this.rung.push(this.#nowMs())
  }
}

test('every deadline fires once, not before its time and at most two ticks after it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 0, max: 3000 })), {
        maxLength: 30,
      }),
      (rows) => {
        const clock = new HandClock()
        const wheel = new TimerWheel(clock)
        const set = rows.map(([ms, pause]) => {
          const alarm = new Alarm(clock.nowMs)
          clock.pass(pause)
          wheel.set(alarm, ms)
          assert.ok(clock.timers <= 1)
          return { alarm, dueMs: clock.nowMs() + ms }
        })
        clock.pass(500_000)
        for (const { alarm, dueMs } of set) {
          assert.equal(alarm.rung.length, 1)
          assert.ok(
            alarm.rung[0]! >= dueMs && alarm.rung[0]! <= dueMs + 2 * TICK_MS,
            `${dueMs}: ${alarm.rung[0]}`,
          )
        }
        assert.deepEqual([wheel.count, clock.timers], [0, 0], 'with nothing set, no timer runs')
      },
    ),
  )
})

test('what is set again moves, what is cleared never comes, and both may happen while others fire', () => {
  const clock = new HandClock()
  const wheel = new TimerWheel(clock)
  const moved = new Alarm(clock.nowMs)
  const cleared = new Alarm(clock.nowMs)
  class Busy extends Deadline {
    onDeadline(): void {
      wheel.set(moved, 5000)
      wheel.clear(cleared)
    }
  }
  wheel.set(new Busy(), 1000)
  wheel.set(moved, 1000)
  wheel.set(cleared, 1000)
  clock.pass(4000)
  assert.deepEqual([moved.rung.length, cleared.rung.length], [0, 0])
  clock.pass(4000)
  assert.equal(moved.rung.length, 1)
})

test('time in which this process stood still is not held against anybody', () => {
  let nowMs = 0
  let tick: (() => void) | undefined
  const wheel = new TimerWheel({ nowMs: () => nowMs, after: (_, run) => ((tick = run), { close() {} }) })
  const alarm = new Alarm(() => nowMs)
  wheel.set(alarm, 30_000)
  nowMs = 3_600_000
  tick?.()
  assert.equal(alarm.rung.length, 0)
  for (let passed = 0; passed < 40_000; passed += TICK_MS) {
    nowMs += TICK_MS
    tick?.()
  }
  assert.equal(alarm.rung.length, 1)
})

/** /proc/PID/stat: names that look like the rest of the line, and lines that are none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseProcessStat } from './process-stat.ts'

const line = (name: string, state: string, startTime: number): string =>
  `42 (${name}) ${state} 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 ${startTime} 2322432 344 18446744073709551615\n`

test('parseProcessStat() reads state and start time whatever the process calls itself', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('R', 'S', 'Z', 'X'), fc.nat(), (name, state, startTime) => {
      const want = { state, startTime: String(startTime) }
      assert.deepEqual(parseProcessStat(line(name, state, startTime)), want)
    }),
  )
})

test('parseProcessStat() is not led astray by a name that ends like a line', () => {
  const name = 'x) Z 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 7 (y'
  assert.deepEqual(parseProcessStat(line(name, 'S', 9)), { state: 'S', startTime: '9' })
})

test('parseProcessStat() refuses what is no such line', () => {
  for (const text of [
    '',
    '42 (sleep',
    '42 (sleep) S',
    '42 sleep S 1 2 3',
    line('a', 'SS', 1),
    line('a', '1', 1),
  ])
    assert.equal(parseProcessStat(text), undefined, text)
  fc.assert(fc.property(fc.string(), (text) => void parseProcessStat(text)))
})

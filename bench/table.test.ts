/** Benchmark tables: ratios point the right way and goals are judged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BenchRow } from './benchmark.ts'
import { meetsGoal, ratioOf, renderBenchTable } from './table.ts'

const faster: BenchRow = { what: 'upload', unit: 'Gbit/s', better: 'more', figures: { warren: 3, rival: 2 } }
const lighter: BenchRow = {
  what: 'memory',
  unit: 'MB',
  better: 'less',
  figures: { warren: 70, rival: 35 },
  goal: 75,
}

test('ratioOf() is above one where we are better, whichever way better points', () => {
  assert.equal(ratioOf(faster, 'rival'), 1.5)
  assert.equal(ratioOf(lighter, 'rival'), 0.5)
  assert.equal(ratioOf(faster, 'nobody'), undefined)
})

test('meetsGoal() judges our figure only where there is a goal', () => {
  assert.equal(meetsGoal(lighter), true)
  assert.equal(meetsGoal({ ...lighter, goal: 60 }), false)
  assert.equal(meetsGoal(faster), undefined)
})

test('renderBenchTable() shows figures, ratios, goals and notes', () => {
  const table = renderBenchTable([faster, { ...lighter, note: 'resident set' }])
  assert.equal(
    table,
    [
      '|  | warren | rival | goal |',
      '| --- | ---: | ---: | ---: |',
      '| upload, Gbit/s | 3 | 2 (warren 1.5×) |  |',
      '| memory, MB | 70 | 35 (warren 0.50×) | ≤ 75 met |',
      '',
      '- memory: resident set',
    ].join('\n'),
  )
})

/**
 * The figures of docs/goodput.md that are quick to make still hold. Virtual time: nothing here depends on the machine.
 * A change of TCP moves them a little, by other draws; one that moves them much is a change for the page as well.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { goodput, mathisMbit, tableGoodput, type Line } from './tcpip-goodput.ts'
import { readCell } from './tcpip-goodput-page.ts'

const PAGE = readFileSync(new URL('../../docs/goodput.md', import.meta.url), 'utf8')
const QUICK: readonly Line[] = [
  { lossPercent: 3, roundTripMs: 150 },
  { lossPercent: 3, roundTripMs: 300 },
  { lossPercent: 10, roundTripMs: 40 },
  { lossPercent: 10, roundTripMs: 150 },
]
/** By which a figure may differ, as a factor. */
const LEEWAY = 1.3

for (const line of QUICK) {
  test(`goodput with ${line.lossPercent} % loss over ${line.roundTripMs} ms is as docs/goodput.md says`, () => {
    const cell = readCell(PAGE, line)
    assert.ok(cell, 'the page has such a cell')
    for (const control of ['cubic', 'newreno'] as const) {
      const now = tableGoodput(line, control)
      assert.ok(now < cell[control] * LEEWAY && now > cell[control] / LEEWAY, `${control}: ${now}`)
    }
  })
}

test('NewReno gets what the formula of Mathis says, within a factor of three, and CUBIC no less than half', () => {
  for (const line of [{ lossPercent: 1, roundTripMs: 150 }, ...QUICK]) {
    const [newreno, bound] = [tableGoodput(line, 'newreno'), mathisMbit(line)]
    assert.ok(newreno > bound * 0.6 && newreno < bound * 3, `${newreno} beside ${bound}`)
    assert.ok(tableGoodput(line, 'cubic') > newreno / 2, JSON.stringify(line))
  }
})

test('a line without loss is used to the full', () => {
  const line = { lossPercent: 0, roundTripMs: 20, megabitsPerSecond: 10 }
  const mbit = goodput({ ...line, congestionControl: 'cubic', seed: 1, durationMs: 5_000 })
  assert.ok(mbit > 9, `${mbit} of 10 Mbit/s`)
})

test('the same seed makes the same figure', () => {
  const run = (): number =>
    goodput({ lossPercent: 3, roundTripMs: 40, congestionControl: 'cubic', seed: 9, durationMs: 2_000 })
  assert.equal(run(), run())
})

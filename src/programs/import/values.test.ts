/** Words of systemd and netplan as values, and words that would like to be taken for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds } from './values.ts'

test('seconds() reads the times of systemd.time(7), and nothing else', () => {
  for (const [text, want] of [
    ['15', 15],
    ['1min 30s', 90],
    ['1min30s', 90],
    ['1.5 h', 5400],
    ['250ms', 0.25],
    ['2 days', 172_800],
    ['', undefined],
    ['s', undefined],
    ['1 fortnight', undefined],
    ['1.2.3', undefined],
    ['-1', undefined],
    ['1234567890', undefined],
  ] as const)
    assert.equal(seconds(text), want, text)
})

test('seconds() is done with a line of digits at once, however it ends', () => {
  for (const text of [`${'1'.repeat(59)}!`, `${'1'.repeat(100_000)}!`, `${'1 '.repeat(50_000)}!`])
    assert.equal(seconds(text), undefined)
})

/** mergeResults() and the texts made of results. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeResults, type Status, type TestResult, type Where } from './results.ts'
import { closingLine, renderFailures, renderSkips } from './summary.ts'

function result(status: Status, where: Where, o: { reason?: string; name?: string } = {}): TestResult {
  return { name: 'claim', file: 'a.test.ts', durationMs: 1, ...o, status, where }
}

const skippedHere = result('skipped', 'host', { reason: 'needs kernel dummy' })

const rows: { name: string; given: [TestResult, TestResult]; want: string }[] = [
  { name: 'skipped here, passed there', given: [skippedHere, result('passed', 'vm')], want: 'passed vm' },
  { name: 'skipped here, failed there', given: [skippedHere, result('failed', 'vm')], want: 'failed vm' },
  {
    name: 'passed here, failed there',
    given: [result('passed', 'host'), result('failed', 'vm')],
    want: 'failed vm',
  },
  {
    name: 'failed here, passed there',
    given: [result('failed', 'host'), result('passed', 'vm')],
    want: 'failed host',
  },
  {
    name: 'passed in both',
    given: [result('passed', 'host'), result('passed', 'vm')],
    want: 'passed host',
  },
  {
    name: 'skipped in both for different reasons',
    given: [skippedHere, result('skipped', 'vm', { reason: 'needs tool go' })],
    want: 'skipped host needs kernel dummy; in the machine: needs tool go',
  },
]

for (const { name, given, want } of rows) {
  test(`mergeResults() of a test ${name}`, () => {
    const { merged, onlyInVm } = mergeResults([given[0]], [given[1]])
    assert.deepEqual(onlyInVm, [])
    assert.deepEqual(
      merged.map(({ status, where, reason }) => [status, where, reason].filter(Boolean).join(' ')),
      [want],
    )
  })
}

test('mergeResults() keeps tests that exist in the machine alone', () => {
  const alone = result('passed', 'vm', { name: 'only there' })
  assert.deepEqual(mergeResults([skippedHere], [alone]), { merged: [skippedHere], onlyInVm: [alone] })
})

test('closingLine() names skips only where there are any', () => {
  assert.equal(closingLine([result('passed', 'host')]), '1 passed, 0 failed')
  assert.equal(closingLine([result('failed', 'host'), skippedHere]), '0 passed, 1 failed, 1 skipped')
})

test('renderFailures() prints the failure in full, with its file and name', () => {
  const text = renderFailures([result('failed', 'vm', { reason: 'Error: boom\n    at x' })])
  assert.equal(text, '\nFAILED a.test.ts: claim (in the VM)\n  Error: boom\n      at x\n')
})

test('renderSkips() groups tests by reason and names them while they are few', () => {
  const many = ['a', 'b', 'c', 'd'].map((name) => result('skipped', 'host', { reason: 'needs root', name }))
  assert.equal(
    renderSkips([skippedHere, ...many]),
    'skipped 4: needs root\nskipped 1: needs kernel dummy\n          a.test.ts: claim\n',
  )
})

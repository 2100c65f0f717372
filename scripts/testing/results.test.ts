/** mergeResults() and the texts made of results. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeResults, onKernel, type Status, type TestResult, type Where } from './results.ts'
import { closingLine, renderFailures, renderSkips, renderTable } from './summary.ts'

function result(status: Status, where: Where, o: { reason?: string; name?: string } = {}): TestResult {
  return { name: 'claim', file: 'a.test.ts', durationMs: 1, ...o, status, where }
}

const skippedHere = result('skipped', 'host', { reason: 'needs kernel dummy' })

const rows: { name: string; given: [TestResult, TestResult]; want: string }[] = [
  { name: 'skipped here, passed there', given: [skippedHere, result('passed', '6.1')], want: 'passed 6.1' },
  { name: 'skipped here, failed there', given: [skippedHere, result('failed', '6.1')], want: 'failed 6.1' },
  {
    name: 'passed here, failed there',
    given: [result('passed', 'host'), result('failed', '6.1')],
    want: 'failed 6.1',
  },
  {
    name: 'failed here, passed there',
    given: [result('failed', 'host'), result('passed', '6.1')],
    want: 'failed host',
  },
  {
    name: 'passed in both',
    given: [result('passed', 'host'), result('passed', '6.1')],
    want: 'passed host',
  },
  {
    name: 'skipped in both for different reasons',
    given: [skippedHere, result('skipped', '6.1', { reason: 'needs tool go' })],
    want: 'skipped host needs kernel dummy; on Linux 6.1: needs tool go',
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
  const alone = result('passed', '6.1', { name: 'only there' })
  assert.deepEqual(mergeResults([skippedHere], [alone]), { merged: [skippedHere], onlyInVm: [alone] })
})

test('mergeResults() of several machines keeps what became of the test on each kernel', () => {
  const machines = [onKernel(result('passed', '6.1')), onKernel(result('failed', '6.12'))]
  const merged = machines.reduce<readonly TestResult[]>(
    (done, one) => mergeResults(done, [one]).merged,
    [skippedHere],
  )
  assert.deepEqual(
    merged.map(({ status, where, kernels }) => ({ status, where, kernels })),
    [{ status: 'failed', where: '6.12', kernels: { '6.1': 'passed', '6.12': 'failed' } }],
  )
})

test('renderTable() counts what passed on each kernel, and says what failed there', () => {
  const results = [
    { ...result('passed', '6.1'), kernels: { '6.1': 'passed', '6.12': 'skipped' } as const },
    { ...result('failed', '6.12'), kernels: { '6.1': 'passed', '6.12': 'failed' } as const },
  ]
  const table = renderTable([{ layer: 'vm', runId: 'a', files: 1, durationMs: 1200, results }])
  assert.equal(
    table,
    `layer  files  passed  failed  skipped  on 6.1  on 6.12  seconds
vm         1       1       1        0       2   0 (1!)      1.2
`,
  )
})

test('closingLine() names skips only where there are any', () => {
  assert.equal(closingLine([result('passed', 'host')]), '1 passed, 0 failed')
  assert.equal(closingLine([result('failed', 'host'), skippedHere]), '0 passed, 1 failed, 1 skipped')
})

test('renderFailures() prints the failure in full, with its file and name', () => {
  const text = renderFailures([result('failed', '6.12', { reason: 'Error: boom\n    at x' })])
  assert.equal(text, '\nFAILED a.test.ts: claim (on Linux 6.12)\n  Error: boom\n      at x\n')
})

test('renderSkips() groups tests by reason and names them while they are few', () => {
  const many = ['a', 'b', 'c', 'd'].map((name) => result('skipped', 'host', { reason: 'needs root', name }))
  assert.equal(
    renderSkips([skippedHere, ...many]),
    'skipped 4: needs root\nskipped 1: needs kernel dummy\n          a.test.ts: claim\n',
  )
})

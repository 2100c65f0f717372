/** A short run of every fuzz target with a fixed seed; `npm run fuzz` runs them for as long as one likes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz, FuzzFailure, readCorpus } from './fuzz.ts'
import { FUZZ_TARGETS } from './targets.ts'

for (const target of FUZZ_TARGETS) {
  test(`${target.name} keeps its promises for 300 inputs`, () => {
    const { executions, outcomes } = fuzz(target, { seed: 1, executions: 300 })
    assert.equal(executions, 300)
    assert.ok(outcomes.size > 1, 'the inputs all came out the same: the seeds reach nothing')
  })
}

test('the same seed repeats a run exactly', () => {
  const [target] = FUZZ_TARGETS
  const run = (): readonly [string, number][] => [...fuzz(target!, { seed: 5, executions: 500 }).outcomes]
  assert.deepEqual(run(), run())
})

test('a target that breaks is reported with its input', () => {
  const fragile = {
    name: 'fragile',
    kind: 'bytes' as const,
    seeds: () => [Uint8Array.of(1, 2, 3, 4)],
    run: (input: Uint8Array) => {
      if (input.length > 2 && input[1] !== 2) throw new Error('the second byte was 2')
      return 'fine'
    },
  }
  assert.throws(
    () => fuzz(fragile, { seed: 1, executions: 1_000 }),
    (error) => error instanceof FuzzFailure && error.input.length > 2 && error.input[1] !== 2,
  )
  assert.deepEqual(readCorpus('fragile'), [])
})

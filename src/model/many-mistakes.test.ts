/** Texts that are small enough to be read and made to take long: each would take minutes if anything were quadratic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects } from './load.ts'

const numbered = (count: number, prefix: string): string =>
  Array.from({ length: count }, (_, index) => `${prefix}k${index}: 1\n`).join('')

const HEAD = 'apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: x }\nspec:\n'

test('tens of thousands of keys, known or not, are read and refused', () => {
  assert.equal(parseObjects(numbered(50_000, ''), { file: 'x' }).problems.length, 1)
  const { problems } = parseObjects(HEAD + numbered(20_000, '  '), { file: 'x' })
  assert.equal(problems[0]?.code, 'UnknownField')
  assert.equal(problems.at(-1)?.code, 'TooManyProblems')
})

test('a key that is there twice is told where the second is, also deep inside', () => {
  const { problems } = parseObjects('a:\n- b: { c: 1, d: 2, c: 3 }\n', { file: 'x' })
  assert.deepEqual(
    problems.map(({ code, message, at }) => [code, message, at?.line, at?.column]),
    [['InvalidYaml', 'Map keys must be unique', 2, 20]],
  )
})

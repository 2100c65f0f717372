/**
 * Every problem code has its entry in docs/reference/errors.md, no entry is of a code that is gone, and every code is
 * used somewhere: a promise to the user in three places, held together here.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PROBLEMS, PROBLEM_CODES } from '../src/model/problem-codes.ts'
import { sourceFiles } from './harness/source-files.ts'

test('docs/reference/errors.md has every problem code with its meaning and remedy, and no other', () => {
  const page = readFileSync('docs/reference/errors.md', 'utf8')
  const named = [...page.matchAll(/^(?:\|\s*|#+\s+)`?([A-Z][A-Za-z0-9]+)`?/gm)].map(([, code = '']) => code)
  const documented = named.filter((code) => !['Code', 'Problem', 'Problems', 'Errors'].includes(code))
  assert.deepEqual([...new Set(documented)].sort(), [...PROBLEM_CODES].sort())
  const plain = flatten(page)
  for (const { means, remedy } of Object.values(PROBLEMS)) {
    assert.ok(plain.includes(flatten(means)), `the page lacks: ${means}`)
    assert.ok(plain.includes(flatten(remedy)), `the page lacks: ${remedy}`)
  }
})

test('every problem code is reported by some code', () => {
  const sources = sourceFiles(['src'])
    .filter((file) => !file.endsWith('.test.ts') && !file.startsWith('src/model/problem-codes'))
    .map((file) => readFileSync(file, 'utf8'))
  const unused = PROBLEM_CODES.filter(
    (code) => !sources.some((text) => new RegExp(`\\b${code}\\b`).test(text)),
  )
  assert.deepEqual(unused, [])
})

function flatten(text: string): string {
  return text.replaceAll('\\|', '|').replace(/\s+/g, ' ')
}

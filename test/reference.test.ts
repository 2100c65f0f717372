/** The reference pages are what the schemas and the table of problem codes say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { referencePages } from '../scripts/reference.ts'

for (const [path, text] of referencePages()) {
  test(`${path} is as scripts/reference.ts writes it`, () => {
    assert.equal(readFileSync(path, 'utf8'), text)
  })
}

test('docs/reference/kinds.md says of every field what it means', () => {
  const rows = (referencePages().get('docs/reference/kinds.md') ?? '')
    .split('\n')
    .filter((row) => row.startsWith('| `'))
  assert.ok(rows.length > 100)
  assert.deepEqual(
    rows.filter((row) => /\|\s*\|$/.test(row)),
    [],
  )
})

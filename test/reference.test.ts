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

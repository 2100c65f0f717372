/** parseAcceptanceRows(): the page is read as written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAcceptanceRows } from './acceptance-rows.ts'

test('parseAcceptanceRows() finds rows by heading and evidence by list item', () => {
  const page = [
    '# Page',
    '- `not/a/row.ts`: `nothing`',
    '## Group',
    '### GC-02 Mistakes are refused',
    'Why it matters, with `code`.',
    '',
    '- `a.test.ts`: `refuses a port beyond its range`',
    '- `b.test.ts`: `suite > test`',
    '### GL-01 Read',
  ].join('\n')
  assert.deepEqual(parseAcceptanceRows(page), [
    {
      id: 'GC-02',
      evidence: [
        { file: 'a.test.ts', name: 'refuses a port beyond its range' },
        { file: 'b.test.ts', name: 'suite > test' },
      ],
    },
    { id: 'GL-01', evidence: [] },
  ])
})

/** Tables, problems and colour. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { paintFor, widthOf } from './paint.ts'
import { formatProblems } from './problems.ts'
import { formatTable } from './table.ts'

test('columns line up with and without colour', () => {
  for (const colour of [false, true]) {
    const paint = paintFor({ colour })
    const lines = formatTable(
      ['A', 'LONG'],
      [
        [paint.green('value'), 'x'],
        ['', paint.red('ÿ')],
      ],
      paint,
    ).split('\n')
    assert.deepEqual(lines.map(widthOf), [11, 8, 8, 0])
    assert.equal(lines.join('').includes('\u001B'), colour)
  }
})

test('problems are listed with place, path, message, code and hint, and counted', () => {
  assert.equal(
    formatProblems(
      [
        { code: 'InvalidKey', path: 'P', message: 'bad', hint: 'Do.', at: { file: 'f', line: 2, column: 3 } },
        { code: 'InvalidYaml', path: '', message: 'odd', severity: 'warning' },
      ],
      { colour: false },
    ),
    'f:2:3: error: P: bad [InvalidKey]\n  Do.\nwarning: odd [InvalidYaml]\n1 error, 1 warning\n',
  )
})

/** systemd.syntax(7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUnitFile, valuesOf } from './unit-file.ts'

test('sections repeat, lines continue, comments stand between, and everything has its line', () => {
  const { sections, problems } = parseUnitFile(
    '\uFEFF# head\r\n[Match]\nName = a \\\n; between\n  b\n\n[Route]\nGateway=10.0.0.1\n[Route]\n Destination = x=y \n',
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(sections, [
    { name: 'Match', line: 2, entries: [{ key: 'Name', value: 'a    b', line: 3 }] },
    { name: 'Route', line: 7, entries: [{ key: 'Gateway', value: '10.0.0.1', line: 8 }] },
    { name: 'Route', line: 9, entries: [{ key: 'Destination', value: 'x=y', line: 10 }] },
  ])
})

test('what is no line of such a file is said with its line, and not repeated', () => {
  const { sections, problems } = parseUnitFile('Key=1\n[Section\n[A]\nsecret\n=x\nend=\\')
  assert.deepEqual(
    problems.map(({ line, message }) => `${line} ${message}`),
    [
      '1 this stands before the first section',
      '2 the name of a section does not end in ]',
      '4 this is neither a section nor Key=value',
      '5 this is neither a section nor Key=value',
    ],
  )
  assert.deepEqual(sections[0]?.entries, [{ key: 'end', value: '', line: 6 }])
})

test('an empty value takes back what was said before', () => {
  const { sections } = parseUnitFile('[A]\nx=1\ny=2\nx=\nx=3\nx=4\n')
  assert.deepEqual(
    valuesOf(sections[0]?.entries ?? [], 'x').map(({ value }) => value),
    ['3', '4'],
  )
})

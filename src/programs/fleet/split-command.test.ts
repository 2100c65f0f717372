/** The splitting of a shell, and none of its expansions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { splitCommand } from './split-command.ts'

test('splitCommand() splits as a shell does and expands nothing', () => {
  const rows: readonly [string, readonly string[]][] = [
    ['ssh root@{node}', ['ssh', 'root@{node}']],
    ['  a\t b\nc ', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a'b'"c"d`, ['abcd']],
    [`''`, ['']],
    [`a "" b`, ['a', '', 'b']],
    ['a\\ b', ['a b']],
    [`'a\\b'`, ['a\\b']],
    [`"a\\"b\\n"`, ['a"b\\n']],
    ['$(id) `id` $HOME *', ['$(id)', '`id`', '$HOME', '*']],
    ['a; b && c | d > e', ['a;', 'b', '&&', 'c', '|', 'd', '>', 'e']],
    [
      "ssh -o 'ProxyCommand=ssh -W %h:%p jump' {node}",
      ['ssh', '-o', 'ProxyCommand=ssh -W %h:%p jump', '{node}'],
    ],
  ]
  for (const [given, words] of rows) assert.deepEqual(splitCommand(given), { words }, given)
})

test('splitCommand() says what is not closed', () => {
  assert.deepEqual(splitCommand(`a 'b`), { message: "a ' that is not closed" })
  assert.deepEqual(splitCommand(`a "b`), { message: 'a " that is not closed' })
  assert.deepEqual(splitCommand('a \\'), { message: 'a backslash at the end' })
  assert.deepEqual(splitCommand('  '), { message: 'an empty command' })
})

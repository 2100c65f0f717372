/** Completion as bash does it: what the Tab key offers after some words. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { needs } from '../harness/needs.ts'
import { runWarren, temporaryDirectory } from './run-warren.ts'

test('bash completes commands, options and their values', needs({ tools: ['bash'] }), async (t) => {
  const file = join(temporaryDirectory(t), 'completion')
  writeFileSync(file, (await runWarren(['completion', 'bash'])).stdout)
  const offered = (...words: readonly string[]): string[] => {
    const script =
      'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _warren; printf "%s\\n" "${COMPREPLY[@]}"'
    const output = execFileSync('bash', ['-c', script, file, 'warren', ...words], { encoding: 'utf8' })
    return output.split('\n').filter((word) => word !== '')
  }
  assert.deepEqual(offered('pl'), ['plan'])
  assert.deepEqual(offered('node', ''), ['key', 'put', 'confirm', 'status', 'facts', '--help'])
  assert.deepEqual(offered('node', 'put', 'home', '--pl'), ['--plans-dir'])
  assert.deepEqual(offered('plan', 'home.yaml', '--output', ''), ['table', 'json', 'yaml'])
  assert.deepEqual(offered('plan', 'home.yaml', '-o', 'j'), ['json'])
  assert.deepEqual(offered('completion', ''), ['bash', 'zsh', 'fish', '--help'])
  // The value of --lock is a file: bash's own completion takes over.
  assert.deepEqual(offered('plan', '--lock', 'h'), [])
})

/**
 * Commands about files load no native code: they start fast and run where there is none. Seen from outside, in the
 * list of files that the process has mapped when it ends.
 */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { EXAMPLES, runWarren, temporaryDirectory } from './run-warren.ts'

/** Written by the process itself just before it ends. */
const WITNESS = `
import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => {
  const mapped = readFileSync('/proc/self/maps', 'utf8').split('\\n').map((line) => line.split(' ').at(-1))
  const native = new Set(mapped.filter((path) => /\\.node$|koffi/.test(path)))
  writeFileSync(process.env.WITNESS_FILE, [...native].join('\\n') + '\\nended\\n')
})
`

async function nativeCodeOf(t: TestContext, args: readonly string[]): Promise<string[]> {
  const directory = temporaryDirectory(t)
  const hook = join(directory, 'witness.mjs')
  const seen = join(directory, 'seen')
  writeFileSync(hook, WITNESS)
  copyFileSync(join(EXAMPLES, 'homelab.yaml'), join(directory, 'home.yaml'))
  const env = { NODE_OPTIONS: `--import=${hook}`, WITNESS_FILE: seen }
  await runWarren(args, { cwd: directory, env })
  const lines = readFileSync(seen, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  assert.equal(lines.pop(), 'ended')
  return lines
}

for (const args of [
  ['plan', 'home.yaml', '--write'],
  ['validate', 'home.yaml'],
  ['generate', 'home.yaml', '--out', 'wg'],
  ['diff', 'home.yaml'],
  ['graph', 'home.yaml'],
  ['eject', 'home.yaml', '--out', 'wg'],
  ['push', 'home.yaml', '--via', 'false {node}'],
  ['completion', 'bash'],
  ['--help'],
]) {
  test(`warren ${args[0]} loads no native code`, async (t) => {
    assert.deepEqual(await nativeCodeOf(t, args), [])
  })
}

test('warren show does, so the test would see it', async (t) => {
  assert.ok((await nativeCodeOf(t, ['show'])).some((path) => path.includes('koffi')))
})

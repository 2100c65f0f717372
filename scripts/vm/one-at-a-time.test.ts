/** Several processes that prepare the same thing. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { oneAtATime } from './one-at-a-time.ts'

const run = promisify(execFile)

test('processes that prepare at once do it one after the other', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-lock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const log = join(folder, 'log')
  writeFileSync(log, '')
  const script = `
    import { appendFileSync } from 'node:fs'
    import { oneAtATime } from ${JSON.stringify(new URL('one-at-a-time.ts', import.meta.url).href)}
    oneAtATime(${JSON.stringify(folder)}, () => {
      appendFileSync(${JSON.stringify(log)}, 'in ')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      appendFileSync(${JSON.stringify(log)}, 'out ')
    })`
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
  assert.equal(readFileSync(log, 'utf8'), 'in out '.repeat(3))
})

test('a lock of a process that is gone is nobody’s', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-lock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'being-prepared'))
  writeFileSync(join(folder, 'being-prepared/process'), '99999999')
  assert.equal(
    oneAtATime(folder, () => 'done'),
    'done',
  )
})

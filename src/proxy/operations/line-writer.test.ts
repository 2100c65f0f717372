/** Lines reach a reader in order, and one that does not read holds up nobody. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { LineWriter } from './line-writer.ts'

test('lines arrive in order, those that wait at the end too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-lines-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'log')
  const writer = new LineWriter({ fd: openSync(path, 'w'), gatherMs: 1 })
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} ${'x'.repeat(40)}\n`)
  for (const line of lines.slice(0, 4000)) writer.write(line)
  await eventually(() => readFileSync(path).length === lines.slice(0, 4000).join('').length)
  for (const line of lines.slice(4000, 4100)) writer.write(line)
  writer.close()
  assert.equal(readFileSync(path, 'utf8'), lines.slice(0, 4100).join(''))
  assert.equal(writer.dropped, 0)
})

test('lines for a reader that does not read are given up and counted, and writing never waits', async (t) => {
  const sleeper = spawn('sleep', ['60'], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => sleeper.kill())
  const { fd } = (sleeper.stdin as unknown as { _handle: { fd: number } })._handle
  const writer = new LineWriter({ fd, gatherMs: 1, maxWaitingBytes: 100_000 })
  const line = `${'y'.repeat(999)}\n`
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 20; count++) writer.write(line)
    await new Promise(setImmediate)
  }
  assert.ok(writer.dropped > 0)
})

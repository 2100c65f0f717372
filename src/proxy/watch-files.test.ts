/** Files that are replaced, as editors and Kubernetes do it, are noticed. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../test/harness/eventually.ts'
import { FileWatch } from './watch-files.ts'

test('a file that is written, replaced, or reached over a link that moves, is noticed once per burst', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-watch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'proxy.yaml')
  writeFileSync(file, 'a')
  let noticed = 0
  const watch = new FileWatch(() => noticed++)
  t.after(() => watch.close())
  assert.deepEqual(watch.watch([file]), [])
  writeFileSync(file, 'b')
  writeFileSync(file, 'c')
  await eventually(() => noticed === 1)
  writeFileSync(join(folder, 'new'), 'd')
  renameSync(join(folder, 'new'), file)
  await eventually(() => noticed === 2)
  writeFileSync(join(folder, 'log'), 'of no interest')
  mkdirSync(join(folder, 'v2'))
  symlinkSync('v2', join(folder, '..data'))
  await eventually(() => noticed === 3)
})

test('a folder that is not there is told of', () => {
  const watch = new FileWatch(() => {})
  assert.deepEqual(watch.watch(['/nowhere/at/all/file']), ['/nowhere/at/all'])
  watch.close()
})

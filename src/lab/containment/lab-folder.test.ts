/** The folder of labs: never one that somebody else could have filled. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { refuseForeign } from './lab-folder.ts'

test('a folder of labs that somebody else made or may write to, or that is a link, is refused', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-lab-folder-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const folder = join(directory, 'labs')
  refuseForeign(folder)
  mkdirSync(folder, { mode: 0o700 })
  refuseForeign(folder)
  chmodSync(folder, 0o777)
  assert.throws(() => refuseForeign(folder), /somebody else/)
  chmodSync(folder, 0o700)
  symlinkSync(folder, join(directory, 'link'))
  writeFileSync(join(directory, 'file'), '')
  for (const other of ['link', 'file'])
    assert.throws(() => refuseForeign(join(directory, other)), /somebody else/)
  if (process.getuid?.() !== 0) return
  chownSync(folder, 65534, 65534)
  assert.throws(() => refuseForeign(folder), /somebody else/)
})

/** Files that a configuration names: bounded, and with who else may read them. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MAX_FILE_BYTES, readFile } from './read-file.ts'

test('readFile() tells who else may read, and takes a group that is our way to it for us', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-read-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'fly0.conf')
  writeFileSync(path, 'text')
  const open = async () => {
    const read = await readFile(path)
    return read.kind === 'text' && read.othersMayRead
  }
  for (const [mode, want] of [
    [0o600, false],
    [0o640, true],
    [0o644, true],
    [0o604, true],
  ] as const) {
    chmodSync(path, mode)
    assert.equal(await open(), want, mode.toString(8))
  }
  if (process.geteuid?.() !== 0) return
  chownSync(path, 65534, process.getegid?.() ?? 0)
  chmodSync(path, 0o440)
  assert.equal(await open(), false)
})

test('readFile() reads what fits, devices that never end included in what does not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-read-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'large')
  writeFileSync(path, 'x'.repeat(MAX_FILE_BYTES))
  assert.equal((await readFile(path)).kind, 'text')
  writeFileSync(path, 'x'.repeat(MAX_FILE_BYTES + 1))
  assert.equal((await readFile(path)).kind, 'too-large')
  assert.equal((await readFile('/dev/zero')).kind, 'too-large')
  assert.deepEqual(await readFile(folder), { kind: 'unreadable', why: 'it is a directory' })
  assert.deepEqual(await readFile(join(path, 'x')), {
    kind: 'unreadable',
    why: 'a part of its path is a file, not a folder',
  })
  assert.deepEqual(await readFile('/nowhere/x'), { kind: 'absent' })
  assert.equal((await readFile('a\0b')).kind, 'unreadable')
})

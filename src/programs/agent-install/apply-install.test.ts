/** What an installation leaves on the disk: whoever could write where it came from cannot write what root then runs. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyInstall } from './apply-install.ts'

test('applyInstall() places files that only their owner may write, however they lay before', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-install-'))
  const umask = process.umask(0)
  t.after(() => {
    process.umask(umask)
    rmSync(folder, { recursive: true })
  })
  const from = join(folder, 'from')
  mkdirSync(join(from, 'src/deep'), { recursive: true })
  for (const [name, mode] of [
    ['bin', 0o4777],
    ['package.json', 0o666],
    ['src/main.ts', 0o600],
    ['src/deep/more.ts', 0o666],
  ] as const) {
    writeFileSync(join(from, name), name)
    chmodSync(join(from, name), mode)
  }
  const path = join(folder, 'lib/versions/1')
  const files = ['bin', 'package.json', 'src'].map((to) => ({ from: join(from, to), to }))
  applyInstall([{ kind: 'place', path, files }])
  const modes = ['.', ...readdirSync(join(folder, 'lib'), { recursive: true, encoding: 'utf8' })].map(
    (name) => [name, (statSync(join(folder, 'lib', name)).mode & 0o7777).toString(8)],
  )
  assert.deepEqual(Object.fromEntries(modes), {
    '.': '755',
    versions: '755',
    'versions/1': '755',
    'versions/1/bin': '755',
    'versions/1/package.json': '644',
    'versions/1/src': '755',
    'versions/1/src/main.ts': '644',
    'versions/1/src/deep': '755',
    'versions/1/src/deep/more.ts': '644',
  })
})

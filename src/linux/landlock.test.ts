/** Landlock on the running kernel, in a process that is confined and then tries. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const index = new URL('index.ts', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'warren-landlock-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

const SCRIPT = `
  import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
  import { confineWrites, loadSyscalls } from ${JSON.stringify(index)}
  const [folder] = process.argv.slice(-1)
  mkdirSync(folder + '/ours')
  const attempt = (work) => { try { work(); return 'done' } catch (error) { return error.code } }
  const confined = confineWrites(loadSyscalls(), [folder + '/ours'])
  const inside = attempt(() => {
    writeFileSync(folder + '/ours/a.new', 'x')
    renameSync(folder + '/ours/a.new', folder + '/ours/a')
  })
  const outside = attempt(() => writeFileSync(folder + '/b', 'x'))
  console.log(JSON.stringify({ confined, inside, outside }))
`

test('confineWrites() leaves a process the folders it is given, and no other', (t) => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', SCRIPT, folder]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(stderr, '')
  const { confined, inside, outside } = JSON.parse(stdout) as Record<string, unknown>
  if (confined !== true) {
    t.skip('this kernel has no Landlock')
    return
  }
  assert.equal(inside, 'done')
  assert.equal(outside, 'EACCES')
  assert.equal(readFileSync(join(folder, 'ours/a'), 'utf8'), 'x')
})

/**
 * What `npm publish` would ship works without its sources: the launcher finds compiled JavaScript and every command
 * loads.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stagePackage } from '../harness/published-package.ts'

const folder = mkdtempSync(join(tmpdir(), 'warren-package-'))
after(() => rmSync(folder, { recursive: true }))
const warren = stagePackage(folder)

test('a published package has compiled JavaScript and no sources', () => {
  assert.equal(existsSync(join(folder, 'dist/programs/main.js')), true)
  assert.deepEqual(globSync(join(folder, '{bin,dist}/**/*.ts')), [])
  assert.equal(existsSync(join(folder, 'src')), false)
})

test('a published package has the same commands as the sources', () => {
  const help = (program: string) => execFileSync(program, ['--help'], { encoding: 'utf8' })
  assert.equal(help(warren), help('bin/warren'))
})

test('a published package validates every example', () => {
  for (const example of globSync('examples/*.yaml').filter((file) => !file.endsWith('.lock.yaml'))) {
    const { status, stderr } = spawnSync(warren, ['validate', example], { encoding: 'utf8' })
    assert.equal(status, 0, `${example}: ${stderr}`)
  }
})

test('no compiled file imports a TypeScript file', () => {
  const wrong = globSync(join(folder, 'dist/**/*.js')).filter((file) =>
    /(?:from|import\()\s*['"][^'"]+\.ts['"]/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(wrong, [])
})

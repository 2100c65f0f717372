/** importsOf() and areaOf(): the eyes of the architecture test. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { areaOf, importsOf, isEntry, withoutComments } from './source-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'warren-imports-'))
after(() => rmSync(folder, { recursive: true }))

test('importsOf() sees static, type, side-effect, re-exporting and dynamic imports, and not those in comments', () => {
  const file = join(folder, 'x.ts')
  writeFileSync(
    file,
    `import a from 'node:fs'
    import type { B } from "../plan/index.ts"
    import './c.ts'
    export {
      d,
    } from '@noble/hashes/blake2.js'
    // import e from './comment.ts'
    /* import f from './comment.ts' */
    const g = await import('koffi') // from 'here'
    `,
  )
  const specifiers = importsOf(file).map(({ specifier }) => specifier)
  const want = ['node:fs', '../plan/index.ts', './c.ts', '@noble/hashes/blake2.js', 'koffi']
  assert.deepEqual(specifiers, want)
})

test('importsOf() takes a package by its name and a neighbour by its path', () => {
  const file = join(folder, 'y.ts')
  writeFileSync(file, `import '@noble/hashes/blake2.js'\nimport './z/index.ts'\n`)
  const [npm, neighbour] = importsOf(file)
  assert.equal(npm?.npm, '@noble/hashes')
  assert.equal(neighbour?.path, join(folder, 'z/index.ts'))
})

test('areaOf() counts each protocol as an area of its own', () => {
  assert.equal(areaOf('src/protocols/wireguard/formats/index.ts'), 'protocols/wireguard')
  assert.equal(areaOf('src/linux/rtnl/links.ts'), 'linux')
})

test('isEntry() accepts doors and nothing behind them', () => {
  assert.equal(isEntry('src/linux/index.ts'), true)
  assert.equal(isEntry('src/linux/nftables/index.ts'), true)
  assert.equal(isEntry('src/linux/rtnl/links.ts'), false)
  assert.equal(isEntry('src/agent/apply/index.ts'), false)
})

test('withoutComments() keeps the // of an address in a string', () => {
  assert.equal(withoutComments(`const a = 'http://x' // gone`), `const a = 'http://x' `)
})

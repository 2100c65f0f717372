/** Files are read whole and written whole. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { BadInput } from '../exit.ts'
import { lockFileOf, readInputs } from './inputs.ts'
import { readText } from './read-text.ts'
import { checkDirectory, makePrivateDirectory } from './make-directory.ts'
import { writeTextAtomically } from './write-text.ts'

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-files-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

test('a file is written with its mode whatever the umask, and an existing one keeps its own', (t) => {
  const directory = folder(t)
  const [secret, plain] = [join(directory, 'secret'), join(directory, 'plain')]
  const before = process.umask(0o077)
  try {
    writeTextAtomically(secret, 'a', { mode: 0o600 })
    writeTextAtomically(plain, 'a')
    assert.deepEqual([modeOf(secret), modeOf(plain)], [0o600, 0o644])
    chmodSync(plain, 0o640)
    writeTextAtomically(plain, 'b')
    assert.deepEqual([modeOf(plain), readFileSync(plain, 'utf8')], [0o640, 'b'])
  } finally {
    process.umask(before)
  }
})

test('a write that fails leaves the old file and nothing else', (t) => {
  const directory = folder(t)
  mkdirSync(join(directory, 'taken'))
  assert.throws(() => writeTextAtomically(join(directory, 'taken'), 'text'))
  assert.deepEqual(readdirSync(directory), ['taken'])
})

test('a folder for keys is for its owner only', (t) => {
  const directory = join(folder(t), 'a/b')
  makePrivateDirectory(directory)
  assert.equal(modeOf(directory), 0o700)
  assert.equal(modeOf(join(directory, '..')), 0o700)
})

test('a folder that cannot be made is refused, and where the kernel has no such place it ends too', (t) => {
  const file = join(folder(t), 'file')
  writeFileSync(file, '')
  const refused = (path: string, message: RegExp): void => {
    assert.throws(() => makePrivateDirectory(path), { name: 'BadInput', message })
  }
  refused('/proc/warren/x', /cannot write it: nothing can be made there/)
  refused(file, /it is a file, not a folder/)
  refused(join(file, 'a/b'), /it is a file, not a folder/)
  assert.throws(() => checkDirectory(file), /it is a file, not a folder/)
  checkDirectory(join(folder(t), 'not/there/yet'))
  assert.throws(() => writeTextAtomically(join(file, 'x'), ''), { name: 'BadInput' })
})

test('readText() says why not, and tells a file that is not there from one that cannot be read', async (t) => {
  const directory = folder(t)
  writeFileSync(join(directory, 'file'), 'text')
  assert.deepEqual(await readText(join(directory, 'file')), { text: 'text' })
  const absent = await readText(join(directory, 'nowhere'))
  assert.ok('problem' in absent && absent.absent)
  const isFolder = await readText(directory)
  assert.ok('problem' in isFolder && !isFolder.absent)
  assert.deepEqual(await readText('/proc/sys/kernel/ostype'), { text: 'Linux\n' })
})

test('the lock is beside the first file, under the same name', () => {
  assert.equal(lockFileOf('plans/home.yaml'), 'plans/home.lock.yaml')
  assert.equal(lockFileOf('home.yml'), 'home.lock.yaml')
  assert.equal(lockFileOf('home'), 'home.lock.yaml')
  assert.equal(lockFileOf('-'), 'plan.lock.yaml')
})

test('readInputs() tells the problems of all files and of the lock together', async (t) => {
  const directory = folder(t)
  writeFileSync(join(directory, 'a.yaml'), 'kind: Nope\n')
  writeFileSync(join(directory, 'a.lock.yaml'), 'kind: Nope\n')
  const error = await readInputs([join(directory, 'a.yaml'), join(directory, 'b.yaml')]).catch(
    (error: unknown) => error,
  )
  assert.ok(error instanceof BadInput)
  const codes = error.problems.map((problem) => problem.code)
  assert.ok(
    codes.includes('UnknownKind') && codes.includes('UnreadableFile') && codes.length > 2,
    codes.join(),
  )
})

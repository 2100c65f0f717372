/** runFile(): every way a test file can end gives results that say so. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runFile } from './run-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'warren-run-file-'))
after(() => rmSync(folder, { recursive: true }))

const rows = [
  {
    name: 'passes, skips and nested names',
    given: `suite('outer', () => { test('inner', () => {}); test('later', { skip: 'needs kernel x' }, () => {}) })`,
    want: ['outer > inner: passed', 'outer > later: skipped needs kernel x'],
  },
  {
    name: 'a failing subtest counts once, with its message',
    given: `test('parent', async (t) => { await t.test('child', () => { throw new Error('boom') }) })`,
    want: ['parent > child: failed Error: boom'],
  },
  {
    name: 'a file that throws while it loads',
    given: `throw new Error('no such luck')`,
    want: ['(the file): failed ended with 1'],
  },
  {
    name: 'a file without tests',
    given: ``,
    want: ['(the file): failed declares no test'],
  },
  {
    name: 'a test that never ends is named',
    given: `test('quick', () => {}); test('stuck', async () => { setInterval(() => {}, 1000); await new Promise(() => {}) })`,
    want: ['quick: passed', '(the file): failed killed after 4.5 s (unfinished: stuck)'],
  },
  {
    name: 'a process that goes on after its tests',
    given: `test('quick', () => {}); setInterval(() => {}, 1000)`,
    want: ['quick: passed', '(the file): failed killed after 4.5 s (every test ended, but not the process)'],
  },
]

for (const { name, given, want } of rows) {
  test(`runFile() reports ${name}`, async () => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.ts`)
    writeFileSync(file, `import { suite, test } from 'node:test'\nvoid [suite, test]\n${given}\n`)
    const results = await runFile(file, { timeoutMs: 4500, where: 'host' })
    const firstLine = (text = '') => text.split('\n')[0]
    const got = results.map((r) => `${r.name}: ${r.status} ${firstLine(r.reason)}`.trim())
    assert.deepEqual(got, want)
  })
}

test('runFile() runs only the tests that it is asked for, with their subtests', async () => {
  const file = join(folder, 'only.ts')
  writeFileSync(
    file,
    `import { suite, test } from 'node:test'
    suite('s', () => { test('a (b) [c] / $d', () => {}); test('z', () => {}) })
    test('a', async (t) => { await t.test('inside', () => {}) })
    test('a b', () => { throw new Error('not asked for') })`,
  )
  const only = ['s > a (b) [c] / $d', 'a']
  const results = await runFile(file, { timeoutMs: 10_000, where: 'host', only })
  assert.deepEqual(
    results.map(({ name, status }) => `${name}: ${status}`),
    ['s > a (b) [c] / $d: passed', 'a > inside: passed', 'a: passed'],
  )
})

test('runFile() kills what a test file leaves running', async () => {
  const file = join(folder, 'leaves-a-child.ts')
  const pidFile = join(folder, 'pid')
  writeFileSync(
    file,
    `import { test } from 'node:test'
    import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    test('leaves a child', () => {
      const child = spawn('sleep', ['60'], { stdio: 'inherit' })
      child.unref()
      writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))
    })`,
  )
  await runFile(file, { timeoutMs: 10_000, where: 'host' })
  const { readFileSync } = await import('node:fs')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  assert.equal(stateOf(pid, readFileSync), 'gone')
})

function stateOf(pid: number, read: (path: string, encoding: 'utf8') => string): string {
  try {
    const state = read(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
    return state === 'Z' ? 'gone' : (state ?? 'gone') // a zombie runs nothing; its reaper is not our concern
  } catch {
    return 'gone' // no such process any more
  }
}

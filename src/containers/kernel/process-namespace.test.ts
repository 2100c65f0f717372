/**
 * Which processes are believed to be a container's: folders that look like /proc as the host sees it, as another pid
 * namespace sees it, and as one sees it who may not look.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { resolvePinned } from './pinned-namespace.ts'
import { resolveProcess } from './process-namespace.ts'

const HOST = 'pid:[4026531836]'
const OTHER = 'pid:[4026532999]'
const containerId = '629aa6c999ca'

interface FakeProc {
  /** Its pid namespace, as process 1 of it and as we ourselves see it. Undefined: not ours to look at. */
  readonly first?: string
  readonly own?: string
  readonly stat?: string
  readonly cgroup?: string
}

test('in the host’s pid namespace the runtime’s pid is believed', (t) => {
  const procDir = fakeProc(t, { first: HOST, own: HOST })
  const want = { kind: 'found', path: `${procDir}/42/ns/net`, id: `${containerId}/42@777` }
  assert.deepEqual(resolveProcess({ procDir, pid: 42, whose: 'web', containerId }), want)
})

test('the host’s /proc in a container is the host’s, wherever we are ourselves', (t) => {
  const procDir = fakeProc(t, { first: HOST, own: OTHER })
  assert.equal(resolveProcess({ procDir, pid: 42, whose: 'web', containerId }).kind, 'found')
})

test('in another pid namespace only a control group of that container is believed', (t) => {
  const stranger = fakeProc(t, { first: OTHER, own: OTHER, cgroup: '0::/user.slice\n' })
  const answer = resolveProcess({ procDir: stranger, pid: 42, whose: 'web', containerId })
  assert.equal(answer.kind, 'unknown')
  assert.match(answer.kind === 'unknown' ? (answer.hint ?? '') : '', /--pid=host/)
  const its = fakeProc(t, { first: OTHER, own: OTHER, cgroup: `0::/docker/${containerId}0011\n` })
  assert.equal(resolveProcess({ procDir: its, pid: 42, whose: 'web', containerId }).kind, 'found')
  assert.equal(resolveProcess({ procDir: its, pid: 43, whose: 'web', containerId }).kind, 'unknown')
})

test('who may not look at process 1 goes by its own pid namespace', (t) => {
  const procDir = fakeProc(t, { own: HOST })
  assert.equal(resolveProcess({ procDir, pid: 42, whose: 'web', containerId }).kind, 'found')
})

test('a pid that the user gave is believed in any pid namespace', (t) => {
  const procDir = fakeProc(t, { first: OTHER, own: OTHER })
  const want = { kind: 'found', path: `${procDir}/42/ns/net`, id: '42@777' }
  assert.deepEqual(resolveProcess({ procDir, pid: 42, whose: 'process 42' }), want)
})

test('a process that is gone, a zombie or used again is not the one that was found', (t) => {
  const gone = fakeProc(t, { first: HOST, own: HOST })
  assert.equal(resolveProcess({ procDir: gone, pid: 43, whose: 'web', containerId }).kind, 'absent')
  const again = fakeProc(t, { first: HOST, own: HOST, stat: statLine('S', 999) })
  const answer = resolveProcess({ procDir: again, pid: 42, whose: 'web', containerId })
  assert.equal(answer.kind === 'found' && answer.id, `${containerId}/42@999`)
  for (const state of ['Z', 'X']) {
    const procDir = fakeProc(t, { first: HOST, own: HOST, stat: statLine(state, 777) })
    assert.equal(resolveProcess({ procDir, pid: 42, whose: 'web', containerId }).kind, 'absent')
  }
})

test('a real zombie is absent: it has no network any more', async (t) => {
  // The child reads to its end, and its parent has become a program by then that does not ask how it ended.
  const script = 'cat <&3 >/dev/null & echo $!; exec sleep 3600'
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
  t.after(() => parent.kill('SIGKILL'))
  const [pid] = (await once(parent.stdio[1] as Readable, 'data')) as [Buffer]
  const zombie = Number(pid.toString())
  await eventually(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n')
  parent.stdio[3]?.destroy()
  await eventually(() => readFileSync(`/proc/${zombie}/stat`, 'utf8').includes(') Z '))
  const answer = resolveProcess({ procDir: '/proc', pid: zombie, whose: `process ${zombie}` })
  assert.equal(answer.kind, 'absent', JSON.stringify(answer))
})

test('a link to the namespace of a process is that process', (t) => {
  const link = join(mkdtempSync(join(tmpdir(), 'warren-netns-')), 'web')
  t.after(() => rmSync(join(link, '..'), { recursive: true }))
  symlinkSync(`/proc/${process.pid}/ns/net`, link)
  const direct = resolveProcess({ procDir: '/proc', pid: process.pid, whose: 'we' })
  assert.deepEqual(resolvePinned({ path: link, procDir: '/proc' }), direct)
  assert.deepEqual(resolvePinned({ path: `/proc/${process.pid}/ns/net`, procDir: '/proc' }), direct)
})

test('a path without a namespace is absent, and says what is there instead', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-netns-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), '')
  for (const [path, message] of [
    [join(folder, 'none'), /There is no network namespace at/],
    [join(folder, 'file'), /another kind of file/],
    [folder, /another kind of file/],
    [join(folder, 'file/below'), /There is no network namespace at/],
  ] as const) {
    const answer = resolvePinned({ path, procDir: '/proc' })
    assert.equal(answer.kind, 'absent')
    assert.match(answer.kind === 'absent' ? answer.message : '', message)
  }
})

const statLine = (state: string, startTime: number): string =>
  `42 (busybox) ${state} ${'0 '.repeat(18)}${startTime} 0 0\n`

function fakeProc(t: TestContext, { first, own, stat = statLine('S', 777), cgroup = '' }: FakeProc): string {
  const procDir = mkdtempSync(join(tmpdir(), 'warren-proc-'))
  t.after(() => rmSync(procDir, { recursive: true }))
  for (const [pid, link] of [
    ['1', first],
    ['self', own],
  ] as const) {
    mkdirSync(join(procDir, pid, 'ns'), { recursive: true })
    if (link !== undefined) symlinkSync(link, join(procDir, pid, 'ns/pid'))
  }
  mkdirSync(join(procDir, '42/ns'), { recursive: true })
  symlinkSync('net:[4026532251]', join(procDir, '42/ns/net'))
  writeFileSync(join(procDir, '42/stat'), stat)
  writeFileSync(join(procDir, '42/cgroup'), cgroup)
  return procDir
}

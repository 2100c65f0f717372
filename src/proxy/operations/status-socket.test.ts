/** The status socket: for its user alone, bounded, and left behind by nobody. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { askStatus, statusPaths } from './ask-status.ts'
import { defaultStatusPath, serveStatus } from './status-socket.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'warren-status-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** As a process that was killed does. */
async function leaveSocket(path: string): Promise<void> {
  const program =
    'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))'
  const child = spawn(process.execPath, ['-e', program, path])
  await once(child, 'exit')
  assert.ok(existsSync(path))
}

const pathIn = (runtimeFolder: string, pid = process.pid): string =>
  defaultStatusPath('fly', { runtimeFolder, pid }) ?? ''

test('whoever may connect gets the whole answer, and the socket is for its owner only', async (t) => {
  const runtime = folder(t)
  const answer = JSON.stringify({ text: 'x'.repeat(500_000) })
  const socket = await serveStatus({ path: pathIn(runtime), answer: () => answer })
  assert.deepEqual(statusPaths(runtime), [socket.path])
  assert.equal(await askStatus(socket.path), answer)
  assert.equal(statSync(socket.path).mode & 0o777, 0o600)
  assert.equal(statSync(join(runtime, 'warren-proxy')).mode & 0o777, 0o700)
  socket.close()
  await eventually(() => !existsSync(socket.path))
  assert.equal(await askStatus(socket.path), undefined)
})

test('what a killed process left is taken away; a living one is not disturbed', async (t) => {
  const runtime = folder(t)
  const living = await serveStatus({ path: pathIn(runtime), answer: () => '{}' })
  t.after(() => living.close())
  const orphan = pathIn(runtime, 999_999_999)
  await leaveSocket(orphan)
  const other = await serveStatus({
    path: join(runtime, 'warren-proxy', `other.${process.pid}.sock`),
    answer: () => '1',
  })
  t.after(() => other.close())
  assert.deepEqual(statusPaths(runtime).includes(orphan), false)
  await assert.rejects(serveStatus({ path: living.path, answer: () => '' }), { code: 'EADDRINUSE' })
  assert.equal(await askStatus(living.path), '{}')
})

test('a file that is no socket is never removed, and in a folder that somebody chose no socket of others is', async (t) => {
  const chosen = folder(t)
  const precious = join(chosen, 'notes.txt')
  writeFileSync(precious, 'mine')
  await assert.rejects(serveStatus({ path: precious, answer: () => '' }), { code: 'EADDRINUSE' })
  assert.equal(readFileSync(precious, 'utf8'), 'mine')
  const theirs = join(chosen, 'other-program.999999999.sock')
  await leaveSocket(theirs)
  const socket = await serveStatus({ path: join(chosen, 'status.sock'), answer: () => '{}' })
  t.after(() => socket.close())
  assert.ok(existsSync(theirs))
})

test('without a runtime folder there is no socket, and a path that no socket can have is refused', async () => {
  assert.equal(defaultStatusPath('fly', { runtimeFolder: undefined, pid: 1 }), undefined)
  assert.equal(defaultStatusPath('fly', { runtimeFolder: '', pid: 1 }), undefined)
  await assert.rejects(
    serveStatus({ path: `/tmp/${'x'.repeat(200)}`, answer: () => '' }),
    /longer than 107 bytes/,
  )
  assert.deepEqual(statusPaths('/nowhere'), [])
})

/** Who is at the other end of the SSH session, as sshd says it, and through sudo. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOrigin, rememberOrigin, sshSession } from './origin.ts'

const processes = (variables: Record<number, string>) => (pid: number) => ({
  variables: [variables[pid] ?? 'HOME=/root'],
  parent: pid - 1,
})

test('the session of a process is that of the nearest one above that has any', () => {
  const said = {
    5: 'SSH_CONNECTION=192.0.2.7 50222 192.0.2.2 22',
    3: 'SSH_CONNECTION=198.51.100.1 1 198.51.100.2 22',
  }
  assert.deepEqual(sshSession(8, processes(said)), { address: '192.0.2.7', from: '192.0.2.2' })
  assert.equal(sshSession(2, processes(said)), undefined)
})

test('an IPv4 address in IPv6 is the one that routes know; with a zone there is nothing to protect', () => {
  const mapped = { 1: '', 2: 'SSH_CONNECTION=::ffff:192.0.2.7 1 ::ffff:192.0.2.2 22' }
  assert.deepEqual(sshSession(2, processes(mapped)), { address: '192.0.2.7', from: '192.0.2.2' })
  assert.equal(sshSession(2, processes({ 2: 'SSH_CONNECTION=fe80::1%eth0 1 fe80::2%eth0 22' })), undefined)
  assert.equal(sshSession(2, processes({ 2: 'SSH_CONNECTION=nonsense' })), undefined)
})

test('this very process can be asked', () => {
  assert.doesNotThrow(() => sshSession())
})

test('what is remembered is read again, and what is damaged is nobody', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-origin-'))
  t.after(() => rmSync(dir, { recursive: true }))
  assert.equal(await readOrigin(dir), undefined)
  await rememberOrigin(dir, { address: '2001:db8::7', from: '2001:db8::2' })
  assert.deepEqual(await readOrigin(dir), { address: '2001:db8::7', from: '2001:db8::2' })
  await rememberOrigin(dir, { address: 'x' })
  assert.equal(await readOrigin(dir), undefined)
})

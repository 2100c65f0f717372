/** examples/proxy/try.sh, which the guide begins with, as a plain user: nothing but loopback, no privilege, no WireGuard. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chownSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { temporaryDirectory } from './run-warren.ts'

const SCRIPT = fileURLToPath(new URL('../../examples/proxy/try.sh', import.meta.url))
const NOBODY = 65534

test('GL-04 a newcomer’s page comes through a tunnel on one machine, as nobody and without any privilege', {
  ...needs({ root: true, tools: ['unshare', 'nsenter', 'setpriv', 'curl', 'python3'] }),
  timeout: patiently(90_000),
}, async (t) => {
  const host = await Namespace.create('alone')
  t.after(() => host.close())
  const home = temporaryDirectory(t)
  chownSync(home, NOBODY, NOBODY)
  const drop = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
  ]
  const enter = [
    `--target=${host.pid}`,
    '--net',
    '--mount',
    '--',
    'setpriv',
    ...drop,
    '--inh-caps=-all',
    '--',
  ]
  const child = spawn('nsenter', [...enter, SCRIPT, '--once'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  const status = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(stdout, '<h1>A page behind the tunnel</h1>\n', stderr)
  assert.equal(status, 0, stderr)
})

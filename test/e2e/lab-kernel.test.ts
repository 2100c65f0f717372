/**
 * A lab on a kernel that has WireGuard: interfaces are the kernel's, the promise the same. `lab up` ends well only
 * when every agent has converged and the peers have shaken hands.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { EXAMPLES, runWarren } from './run-warren.ts'

const options = {
  ...needs({ root: true, kernel: ['wireguard', 'tun', 'veth', 'bridge', 'nftables'], tools: ['unshare'] }),
  timeout: patiently(120_000),
}

test('where the kernel has WireGuard a lab comes up on it', options, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-labs-'))
  const env = { WARREN_LAB_RUN: folder }
  t.after(async () => {
    await runWarren(['lab', 'down', '--all'], { env })
    rmSync(folder, { recursive: true, force: true })
  })
  const up = await runWarren(['lab', 'up', join(EXAMPLES, 'two-nodes.yaml'), '--name', 'kernel'], { env })
  assert.equal(up.status, 0, up.stderr)
  const command = ['lab', 'exec', 'kernel', 'lax1', '--', 'cat', '/run/warren/agent.json']
  const status = JSON.parse((await runWarren(command, { env })).stdout) as {
    interfaces: { backend: string }[]
  }
  assert.deepEqual(
    status.interfaces.map((one) => one.backend),
    ['kernel'],
  )
})

/** A program that uses a tunnel as a library, as test/harness/tunnel-example.ts shows it; drawn in tunnel-gateway.ts. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { buildGateway, INSIDE } from '../harness/tunnel-gateway.ts'
import { tunnelNeeds } from '../harness/tunnel-suite.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

const EXAMPLE = fileURLToPath(new URL('../harness/tunnel-example.ts', import.meta.url))
const options = { ...needs(tunnelNeeds(wireguardGo)), timeout: patiently(60_000) }

test('a program of ours fetches a page from behind the tunnel and ends by itself', options, async (t) => {
  const lab = await buildGateway(t, wireguardGo)
  const folder = mkdtempSync(join(tmpdir(), 'warren-tunnel-'))
  t.after(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  const file = join(folder, 'fly0.conf')
  writeFileSync(file, lab.config(), { mode: 0o644 })
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all', '--']
  const child = lab.client.spawn('setpriv', [...nobody, process.execPath, EXAMPLE, file, INSIDE.gateway])
  let [output, trouble] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (trouble += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number]
  assert.deepEqual([code, trouble], [0, ''])
  assert.match(output, /^HTTP\/1\.1 200 OK\r\n[\s\S]*hello from behind the tunnel\n$/m)
})

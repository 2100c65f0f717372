/**
 * `warren proxy` against the WireGuard of the kernel (acceptance GL-05), as nobody: a page by its name, bytes both ways,
 * a published port. Topology in test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOfPattern } from '../harness/byte-pattern.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { INSIDE } from '../harness/tunnel-gateway.ts'
import { kernelWireGuard } from '../harness/wireguard-ends.ts'
import { buildProxyLab } from '../e2e/proxy-lab.ts'

const BYTES = 1_000_000

test('GL-05 GL-06 GL-07 a proxy of nobody’s and the kernel’s WireGuard: names, bytes both ways, a published port', {
  ...needs({ ...kernelWireGuard.needs, tools: [...(kernelWireGuard.needs.tools ?? []), 'setpriv', 'curl'] }),
  timeout: patiently(120_000),
}, async (t) => {
  const lab = await buildProxyLab(t, kernelWireGuard)
  lab.tunnel()
  const proxy = lab.start([
    ...['--config', 'fly0.conf', '--to', 'http://web.internal:8000', '--listen', '127.0.0.1:8080'],
    ...['--publish', '80=127.0.0.1:8080'],
  ])
  await proxy.started()
  const url = 'http://127.0.0.1:8080'
  const file = join(lab.folder, 'got')
  assert.match(await lab.curl(`${url}/`), /^hello from behind the tunnel/)
  await lab.curl(`-o ${file} ${url}/bytes/${BYTES}`)
  assert.equal((await lab.client.exec(`sha256sum ${file}`)).split(' ')[0], digestOfPattern(BYTES))
  const put = JSON.parse(await lab.curl(`-T ${file} ${url}/`)) as unknown
  assert.deepEqual(put, { received: BYTES, digest: digestOfPattern(BYTES) })
  // Out of the tunnel, through the proxy, and into the tunnel again.
  assert.match(
    await lab.gateway.exec(`curl -sS -m 60 http://${INSIDE.client}/`),
    /^hello from behind the tunnel/,
  )
})

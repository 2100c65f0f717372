/**
 * `warren proxy` against the WireGuard of the kernel (acceptance GL-05), as nobody: a page by its name, bytes both ways,
 * a published port. Topology in test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOfPattern } from '../harness/byte-pattern.ts'
import { patiently } from '../harness/eventually.ts'
import type { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { INSIDE } from '../harness/tunnel-gateway.ts'
import { tunnelNeeds } from '../harness/tunnel-suite.ts'
import { kernelWireGuard } from '../harness/wireguard-ends.ts'
import { buildProxyLab } from '../e2e/proxy-lab.ts'

const BYTES = 4_000_000

test('GL-05 GL-06 GL-07 a proxy of nobody’s and the kernel’s WireGuard: names, bytes both ways, a published port', {
  ...needs(tunnelNeeds(kernelWireGuard)),
  timeout: patiently(60_000),
}, async (t) => {
  const lab = await buildProxyLab(t, kernelWireGuard)
  lab.tunnel()
  const proxy = lab.start([
    ...['--config', 'fly0.conf', '--to', 'http://web.internal:8000', '--listen', '127.0.0.1:8080'],
    ...['--publish', '80=127.0.0.1:8080'],
  ])
  await proxy.started()
  const url = 'http://127.0.0.1:8080'
  assert.match(await run(lab.client, `fetch('${url}/').then((a)=>a.text())`), /^hello from behind the tunnel/)
  const got = `fetch('${url}/bytes/${BYTES}').then((a)=>a.bytes()).then((b)=>require('crypto').hash('sha256',b))`
  assert.equal((await run(lab.client, got)).trim(), digestOfPattern(BYTES))
  const put = `fetch('${url}/',{method:'PUT',body:'x'.repeat(${BYTES})}).then((a)=>a.json()).then((a)=>a.received)`
  assert.equal((await run(lab.client, put)).trim(), String(BYTES))
  // Out of the tunnel, through the proxy, and into the tunnel again.
  const inside = `fetch('http://${INSIDE.client}/').then((a)=>a.text())`
  assert.match(await run(lab.gateway, inside), /^hello from behind the tunnel/)
})

/** What an expression without blanks comes to. */
async function run(host: Namespace, expression: string): Promise<string> {
  return host.exec(`${process.execPath} -e ${expression}.then(console.log)`)
}

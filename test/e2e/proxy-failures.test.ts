/**
 * What clients are told when something behind the proxy is down, slow or not there, and that the others do not notice.
 * Topology in test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { buildProxyLab, PROXY_NEEDS } from './proxy-lab.ts'

const FILE = `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata: { name: fly }
spec:
  tunnels: [{ name: fly, config: fly0.conf }]
  operations: { listen: 127.0.0.1:9090 }
  http:
    - { listen: 127.0.0.1:8001, to: http://web.internal:8000, timeouts: { responseHeadSeconds: 1 }, limits: { bodyBytes: 1000 } }
    - { listen: 127.0.0.1:8002, to: http://nobody.internal:9 }
    - { listen: 127.0.0.1:8003, to: http://unknown.internal }
    - { listen: 127.0.0.1:8004, to: http://10.9.0.77, timeouts: { connectSeconds: 1 } }
    - { listen: 127.0.0.1:8005, to: https://web.internal:8000 }
`

const rows = [
  { name: 'a target that refuses connections', at: '8002/', want: 502, says: /refuses connections/ },
  { name: 'a name without an address', at: '8003/', want: 502, says: /name of the target has no address/ },
  { name: 'an address that no peer has', at: '8004/', want: 502, says: /cannot be reached/ },
  { name: 'a target that does not speak TLS', at: '8005/', want: 502, says: /target/ },
  { name: 'a target that breaks the connection', at: '8001/reset', want: 502, says: /broke the connection/ },
  { name: 'a target that does not answer', at: '8001/stall', want: 504, says: /did not answer in time/ },
] as const

test(
  'GL-07 GL-09 a failure behind the proxy is 502 or 504 and says why, in words without names or addresses',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    lab.write('proxy.yaml', FILE)
    const proxy = lab.start(['--file', 'proxy.yaml'])
    await proxy.started()
    for (const { name, at, want, says } of rows)
      await t.test(name, async () => {
        const answer = await lab.curl(`-w \\n%{http_code} http://127.0.0.1:${at}`)
        assert.match(answer, new RegExp(`\n${want}$`))
        assert.match(answer, says)
        assert.doesNotMatch(answer, /internal|10\.9\.|fly/)
        assert.match(await lab.curl('http://127.0.0.1:8001/'), /^hello/)
      })
    await t.test('a body beyond its limit is 413', async () => {
      const big = lab.write('big', 'x'.repeat(5000))
      assert.equal(
        await lab.curl(`-o /dev/null -w %{http_code} --data-binary @${big} http://127.0.0.1:8001/`),
        '413',
      )
    })
  },
)

test(
  'a kept connection whose target has vanished fails in half a minute, not when TCP gives up',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const route = '{ listen: 127.0.0.1:8080, to: http://web.internal:8000, timeouts: { connectSeconds: 3 } }'
    lab.write('proxy.yaml', `${FILE.slice(0, FILE.indexOf('    - {'))}    - ${route}\n`)
    const proxy = lab.start(['--file', 'proxy.yaml'])
    await proxy.started()
    assert.match(await lab.curl('http://127.0.0.1:8080/'), /^hello/)
    await lab.gateway.exec('ip link set eth0 down')
    // Well under the 120 s of TCP and the 300 s that an answer may take.
    const code = await lab.curl('--max-time 60 -o /dev/null -w %{http_code} http://127.0.0.1:8080/')
    assert.match(code, /^50[24]$/)
  },
)

test(
  'GL-03 GL-09 a peer that is gone is 504, not ready and said; it comes back by itself',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    // No connection is kept, so that each request has to reach the target anew.
    const route =
      '{ listen: 127.0.0.1:8080, to: http://web.internal:8000, timeouts: { connectSeconds: 2 }, limits: { idleUpstreamConnections: 0 } }'
    lab.write('proxy.yaml', `${FILE.slice(0, FILE.indexOf('    - {'))}    - ${route}\n`)
    const proxy = lab.start(['--file', 'proxy.yaml', '--probe', '--access-log', 'text'])
    await proxy.started()
    assert.match(await lab.curl('http://127.0.0.1:8080/'), /^hello/)
    const code = (url: string) => lab.curl(`-o /dev/null -w %{http_code} ${url}`)
    await eventually(async () => (await code('http://127.0.0.1:9090/readyz')) === '200', {
      timeoutMs: 20_000,
    })
    await lab.gateway.exec('ip link set eth0 down')
    assert.equal(await code('http://127.0.0.1:8080/stall'), '504')
    await eventually(async () => (await code('http://127.0.0.1:9090/readyz')) === '503', {
      timeoutMs: 40_000,
    })
    await lab.gateway.exec('ip link set eth0 up')
    await eventually(async () => (await code('http://127.0.0.1:9090/readyz')) === '200', {
      timeoutMs: 60_000,
    })
    assert.match(await lab.curl('http://127.0.0.1:8080/'), /^hello/)
    assert.match(proxy.output, / 127\.0\.0\.1:8080 504 GET \/stall /)
  },
)

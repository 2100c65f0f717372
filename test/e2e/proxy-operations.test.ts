/**
 * GL-09 from outside: drain, reload, status, metrics, access log; as a plain user without a capability. Topology in
 * test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOfPattern } from '../harness/byte-pattern.ts'
import { eventually } from '../harness/eventually.ts'
import { buildProxyLab, type ProxyLab, PROXY_NEEDS } from './proxy-lab.ts'

const TARGET = 'http://web.internal:8000'
const LISTEN = '127.0.0.1:8080'
const FLAGS = ['--config', 'fly0.conf', '--to', TARGET, '--listen', LISTEN]

/** curl in the client host, whose output is read while it runs. */
class Download {
  readonly #child: ChildProcess
  text = ''
  status: number | null | undefined

  constructor(lab: ProxyLab, path: string) {
    this.#child = lab.client.spawn('curl', ['-sSN', '--max-time', '60', `http://${LISTEN}${path}`])
    this.#child.stdout?.on('data', (part: Buffer) => (this.text += part.toString('latin1')))
    this.#child.on('close', (status) => (this.status = status))
  }

  async begins(): Promise<this> {
    await eventually(() => this.text.includes('drop 1\n'), { what: 'the download begins' })
    return this
  }

  async ends(): Promise<string> {
    await eventually(() => this.status !== undefined, { timeoutMs: 60_000, what: 'the download ends' })
    return this.text
  }
}

test(
  'GL-09 SIGTERM: not ready, nothing new, and what runs is finished before it ends with 0',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const proxy = lab.start([...FLAGS, '--operations', '--drain', '20s'])
    await proxy.started()
    const download = await new Download(lab, '/drip/40').begins()
    proxy.signal('SIGTERM')
    await proxy.says(/"message":"draining"/)
    assert.equal(await lab.curl('-o /dev/null -w %{http_code} http://127.0.0.1:9090/readyz'), '503')
    assert.match(await lab.curl('http://127.0.0.1:9090/readyz'), /"draining"/)
    assert.equal(await lab.client.succeeds(`curl -sS -m 5 http://${LISTEN}/`), false)
    assert.match(await download.ends(), /drop 39\nend\n$/)
    assert.equal(download.status, 0)
    assert.equal(await proxy.ends(), 0)
    assert.doesNotMatch(proxy.log, /connections were cut/)
  },
)

test('GL-09 a drain has an end, and a second signal does not wait for it', PROXY_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  const short = lab.start([...FLAGS, '--drain', '1s'])
  await short.started()
  const cut = await new Download(lab, '/drip/1000').begins()
  short.signal('SIGTERM')
  assert.equal(await short.ends(), 0)
  assert.match(short.log, /"message":"connections were cut because time was up","connections":1/)
  await cut.ends()
  assert.notEqual(cut.status, 0)

  const long = lab.start([...FLAGS, '--drain', '600s'])
  await long.started()
  await new Download(lab, '/drip/1000').begins()
  long.signal('SIGINT')
  await long.says(/"message":"draining"/)
  long.signal('SIGTERM')
  assert.equal(await long.ends(), 1)
})

const FILE = (routes: string) => `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata: { name: fly }
spec:
  tunnels: [{ name: fly, config: fly0.conf }]
  operations: { listen: 127.0.0.1:9090 }
  http:
${routes}`

const ROUTE = `    - { listen: ${LISTEN}, to: ${TARGET} }\n`
const SECOND = '    - { listen: 127.0.0.1:8081, to: http://web.internal:8001 }\n'

test(
  'GL-09 SIGHUP while a download runs: routes come and go, and the download arrives byte for byte',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    lab.write('proxy.yaml', FILE(ROUTE))
    const proxy = lab.start(['--file', 'proxy.yaml'])
    await proxy.started()
    const download = await new Download(lab, '/drip/60').begins()
    // Other MTU and DNS: the tunnel is told, and stays.
    lab.tunnel('fly0.conf', { interfaceLines: ['MTU = 1380'] })
    lab.write('proxy.yaml', FILE(ROUTE + SECOND))
    proxy.signal('SIGHUP')
    await proxy.says(/"message":"configuration applied","change":"~tunnel fly, \+http 127\.0\.0\.1:8081"/)
    assert.equal(await lab.curl('http://127.0.0.1:8081/'), 'the second page\n')

    // The same place, another target: the download goes on at the old one.
    lab.write('proxy.yaml', FILE(ROUTE.replace(':8000', ':8001')))
    const before = proxy.log.length
    proxy.signal('SIGHUP')
    await proxy.says(/"change":"~http 127\.0\.0\.1:8080, -127\.0\.0\.1:8081"/, before)
    assert.equal(await lab.curl(`http://${LISTEN}/`), 'the second page\n')
    assert.equal(await lab.client.succeeds('curl -sS -m 5 http://127.0.0.1:8081/'), false)
    assert.match(await download.ends(), /drop 59\nend\n$/)
    assert.equal(download.status, 0)
  },
)

test(
  'GL-09 a broken configuration is refused, said, and the one before it stays in force',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    lab.write('proxy.yaml', FILE(ROUTE))
    const proxy = lab.start(['--file', 'proxy.yaml', '--watch'])
    await proxy.started()
    for (const [text, why] of [
      [FILE(ROUTE.replace('http://', 'ftp://')), /proxy\.yaml:8: .*unsupported scheme: ftp/],
      ['{', /configuration refused/],
      [
        FILE(`${ROUTE}    - { listen: '192.0.2.77:80', to: ${TARGET} }\n`),
        /cannot listen on tcp 192\.0\.2\.77:80/,
      ],
    ] as const) {
      const before = proxy.log.length
      lab.write('proxy.yaml', text)
      await proxy.says(why, before)
      await proxy.says(/"message":"the configuration before it stays in force","generation":1/, before)
      assert.match(await lab.curl(`http://${LISTEN}/`), /^hello/)
    }
    assert.match(
      await lab.curl('http://127.0.0.1:9090/metrics'),
      /^warren_proxy_reloads_total\{result="refused"\} 3$/m,
    )
    const { status, stdout } = await lab.run(['proxy', 'status'])
    assert.equal(status, 0)
    assert.match(
      stdout,
      /the last configuration was refused; the one before it is in force:\n {2}cannot listen on/,
    )
    const before = proxy.log.length
    lab.write('proxy.yaml', FILE(ROUTE))
    await proxy.says(/"message":"configuration unchanged"/, before)
    rmSync(join(lab.folder, 'fly0.conf'))
    await proxy.says(/there is no file fly0\.conf/, before)
    assert.match(await lab.curl(`http://${LISTEN}/`), /^hello/)
  },
)

test(
  'GL-09 status, metrics and access log tell of requests and errors, and no secret',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    const key = /PrivateKey = (\S+)/.exec(readFileSync(lab.tunnel(), 'utf8'))?.[1] ?? '?'
    const proxy = lab.start([
      ...FLAGS,
      '--operations',
      '--access-log',
      'json',
      '--tcp',
      '127.0.0.1:7007=web.internal:7',
    ])
    await proxy.started()
    await lab.curl(`http://${LISTEN}/?token=SECRET -H Authorization:SECRET`)
    await lab.curl(`-o /dev/null http://${LISTEN}/status/404`)
    assert.equal(await lab.curl(`-o /dev/null -w %{http_code} http://${LISTEN}/reset`), '502')
    const table = await lab.run(['proxy', 'status'])
    assert.equal(table.status, 0, table.stderr)
    assert.match(table.stdout, /^proxy: ready$/m)
    assert.match(
      table.stdout,
      /^default +\S+… +up +192\.0\.2\.2:51820 +\d+s ago +[\d.]+ \w+ +[\d.]+ \w+ +\d+$/m,
    )
    assert.match(
      table.stdout,
      /^http +127\.0\.0\.1:8080 +http:\/\/web\.internal:8000 +default +\d\/3 +3 +1 upstream-reset /m,
    )
    const json = JSON.parse(
      (await lab.run(['proxy', 'status', '--from', '127.0.0.1:9090', '-o', 'json'])).stdout,
    ) as {
      ready: boolean
      routes: { kind: string; http?: { answers: Record<string, number> } }[]
    }
    assert.equal(json.ready, true)
    assert.deepEqual(json.routes[0]?.http?.answers, { '200': 1, '404': 1, '502': 1 })
    const metrics = await lab.curl('http://127.0.0.1:9090/metrics')
    assert.match(metrics, /^warren_proxy_http_requests_total\{route="127\.0\.0\.1:8080",code="404"\} 1$/m)
    assert.match(
      metrics,
      /^warren_proxy_errors_total\{kind="http",route="127\.0\.0\.1:8080",reason="upstream-reset"\} 1$/m,
    )
    assert.match(metrics, /^warren_proxy_http_request_seconds_count\{route="127\.0\.0\.1:8080"\} 3$/m)
    await eventually(() => proxy.output.split('\n').length === 4, { what: 'three lines of access log' })
    const lines = proxy.output.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { status: number }).status),
      [200, 404, 502],
    )
    const everything = [proxy.log, proxy.output, table.stdout, JSON.stringify(json), metrics].join('\n')
    for (const secret of [key, 'SECRET']) assert.ok(!everything.includes(secret))
    assert.equal((await lab.run(['proxy', 'status', 'other'])).status, 69)
    assert.equal((await lab.run(['proxy', 'status', '--from', '127.0.0.1:1'])).status, 69)
  },
)

test(
  'a large download through the proxy arrives byte for byte, and an upload too',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const proxy = lab.start(FLAGS)
    await proxy.started()
    const bytes = 20_000_000
    const file = join(lab.folder, 'got')
    await lab.curl(`-o ${file} http://${LISTEN}/bytes/${bytes}`)
    const sum = await lab.client.exec(`sha256sum ${file}`)
    assert.equal(sum.split(' ')[0], digestOfPattern(bytes))
    const put = JSON.parse(await lab.curl(`-T ${file} http://${LISTEN}/`)) as {
      received: number
      digest: string
    }
    assert.deepEqual(put, { received: bytes, digest: digestOfPattern(bytes) })
  },
)

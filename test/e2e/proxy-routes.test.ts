/**
 * What a proxy carries beside plain HTTP: upgrades, TLS on either side, TCP, UDP, published ports, SOCKS5, several
 * tunnels. Topology in test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { INSIDE } from '../harness/tunnel-gateway.ts'
import { buildProxyLab, type ProxyLab, PROXY_NEEDS } from './proxy-lab.ts'

const CLIENT = fileURLToPath(new URL('proxy-client.ts', import.meta.url))
const TARGET = 'http://web.internal:8000'
const CONFIG = ['--config', 'fly0.conf']
const TLS_NEEDS = { ...PROXY_NEEDS, ...needs({ tools: ['openssl'] }) }

const client = (lab: ProxyLab, words: string, where: 'client' | 'gateway' = 'client'): Promise<string> =>
  lab[where].exec(`${process.execPath} ${CLIENT} ${words}`)

for (const engine of ['native', 'plain'] as const)
  test(
    `GL-07 an upgraded connection, TCP and UDP go through both ways, half close included; plain loads no native code (${engine})`,
    PROXY_NEEDS,
    async (t) => {
      const lab = await buildProxyLab(t)
      lab.tunnel()
      const proxy = lab.start(
        [
          ...[...CONFIG, '--to', TARGET, '--listen', '127.0.0.1:8080'],
          ...['--tcp', '127.0.0.1:7007=web.internal:7', '--udp', '127.0.0.1:7007=six.internal:7'],
        ],
        { env: { WARREN_PROXY_ENGINE: engine } },
      )
      await proxy.started()
      assert.equal(await client(lab, 'upgrade 127.0.0.1 8080 frames'), '101\nframes\n')
      assert.equal(await client(lab, 'tcp 127.0.0.1 7007 bytes'), 'bytes\n')
      assert.equal(await client(lab, 'udp 127.0.0.1 7007 datagram'), 'datagram\n')
      assert.match(proxy.log, new RegExp(`"message":"started","engine":"${engine}"`))
      const mapped = readFileSync(`/proc/${proxy.pid}/maps`, 'utf8')
      assert.match(mapped, /\/bin\/node$/m)
      assert.equal(/koffi|\.node$/m.test(mapped), engine === 'native', 'native code')
    },
  )

test('a published port inside the tunnel leads to a program on this machine', PROXY_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  const page =
    'require("http").createServer((q,s)=>s.end("published")).listen(3000,"127.0.0.1",()=>console.log("up"))'
  const server = lab.client.spawn(process.execPath, ['-e', page])
  await new Promise((resolve) => server.stdout?.once('data', resolve))
  const proxy = lab.start([...CONFIG, '--publish', '8080=127.0.0.1:3000', '--publish', '8081=127.0.0.1:1'])
  await proxy.started()
  for (const address of [INSIDE.client, `[${INSIDE.client6}]`])
    assert.equal(await lab.gateway.exec(`curl -sS -g -m 10 http://${address}:8080/`), 'published')
  assert.equal(await lab.gateway.succeeds(`curl -sS -m 10 http://${INSIDE.client}:8081/`), false)
  assert.equal(await lab.gateway.succeeds(`curl -sS -m 10 http://${INSIDE.client}:9/`), false)
})

test('TLS to clients and to the target; a certificate of the wrong name is 502', TLS_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  certificate(lab, 'web', 'web.internal')
  const code =
    'const f=require("fs");require("https").createServer({cert:f.readFileSync("web.crt"),key:f.readFileSync("web.key")},(q,s)=>s.end("secret page for "+q.headers["x-forwarded-proto"])).listen(443,"::",()=>console.log("up"))'
  const server = lab.gateway.spawn('sh', ['-c', `cd ${lab.folder} && exec ${process.execPath} -e '${code}'`])
  await new Promise((resolve) => server.stdout?.once('data', resolve))
  const proxy = lab.start([
    ...[...CONFIG, '--to', 'https://web.internal', '--listen', '127.0.0.1:8443'],
    ...['--route', `127.0.0.1:8444=https://six.internal`, '--target-ca', 'web.crt'],
    ...['--tls-cert', 'web.crt', '--tls-key', 'web.key'],
  ])
  await proxy.started()
  const curl = `--cacert ${join(lab.folder, 'web.crt')} --connect-to ::127.0.0.1:`
  assert.equal(await lab.curl(`${curl}8443 https://web.internal/`), 'secret page for https')
  assert.equal(await lab.curl(`${curl}8444 -o /dev/null -w %{http_code} https://web.internal/`), '502')
  assert.equal(await lab.client.succeeds('curl -sS -m 10 https://127.0.0.1:8443/'), false)
})

test('a certificate that is renewed is used after SIGHUP', TLS_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  certificate(lab, 'web', 'web.internal')
  const proxy = lab.start([
    ...[...CONFIG, '--to', TARGET, '--listen', '127.0.0.1:8443'],
    ...['--tls-cert', 'web.crt', '--tls-key', 'web.key'],
  ])
  await proxy.started()
  certificate(lab, 'web', 'web.internal')
  const curl = `--cacert ${join(lab.folder, 'web.crt')} --connect-to ::127.0.0.1:8443 https://web.internal/`
  assert.equal(await lab.client.succeeds(`curl -sS -m 10 ${curl}`), false)
  proxy.signal('SIGHUP')
  await proxy.says(/"change":"~http 127\.0\.0\.1:8443"/)
  assert.match(await lab.curl(curl), /^hello/)
})

test('two tunnels in one process, each with its own routes', PROXY_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  lab.tunnel('dark.conf', { endpoint: '192.0.2.99:51820' })
  lab.write(
    'proxy.yaml',
    `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata: { name: two }
spec:
  tunnels:
    - { name: fly, config: fly0.conf }
    - { name: dark, config: dark.conf }
  http:
    - { listen: 127.0.0.1:8080, to: ${TARGET}, tunnel: fly }
    - { listen: 127.0.0.1:8081, to: ${TARGET}, tunnel: dark, timeouts: { connectSeconds: 1 } }
`,
  )
  const proxy = lab.start(['--file', 'proxy.yaml'])
  await proxy.started()
  assert.match(await lab.curl('http://127.0.0.1:8080/'), /^hello/)
  assert.equal(await lab.curl('-o /dev/null -w %{http_code} http://127.0.0.1:8081/'), '504')
  await eventually(async () => {
    const { status, stdout } = await lab.run(['proxy', 'status', 'two'])
    return status === 1 && /tunnel dark: no handshake yet/.test(stdout) && /^fly +\S+ +up /m.test(stdout)
  })
})

/** Self-signed, for one name, so that it is its own authority. */
function certificate(lab: ProxyLab, file: string, name: string): void {
  const [key, crt] = [join(lab.folder, `${file}.key`), join(lab.folder, `${file}.crt`)]
  const extensions = ['-addext', `subjectAltName=DNS:${name}`]
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ]
  execFileSync('openssl', [...args, '-subj', `/CN=${name}`, ...extensions, '-keyout', key, '-out', crt], {
    stdio: 'ignore',
  })
  execFileSync('chown', ['65534:65534', key, crt])
}

test(
  'SOCKS5 by curl: names are asked inside, and whoever has no password gets nowhere',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    lab.write('ada.password', 'longword\n')
    lab.write(
      'proxy.yaml',
      `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata: { name: socks }
spec:
  tunnels: [{ name: fly, config: fly0.conf }]
  socks:
    - { listen: 127.0.0.1:1080 }
    - { listen: 127.0.0.1:1081, users: [{ name: ada, passwordFile: ada.password }] }
`,
    )
    const proxy = lab.start(['--file', 'proxy.yaml'])
    await proxy.started()
    assert.match(await lab.curl('--socks5-hostname 127.0.0.1:1080 http://six.internal:8000/'), /^hello/)
    assert.match(await lab.curl(`--socks5 127.0.0.1:1080 http://${INSIDE.gateway}:8001/`), /^the second page/)
    assert.equal(
      await lab.client.succeeds('curl -sS -m 10 --socks5-hostname 127.0.0.1:1080 http://unknown.internal/'),
      false,
    )
    const withWord = (word: string) =>
      `-m 10 --socks5-hostname 127.0.0.1:1081 --proxy-user ada:${word} ${TARGET}/`
    assert.match(await lab.curl(withWord('longword')), /^hello/)
    assert.equal(await lab.client.succeeds(`curl -sS ${withWord('wrong')}`), false)
    assert.equal(
      await lab.client.succeeds(`curl -sS -m 10 --socks5-hostname 127.0.0.1:1081 ${TARGET}/`),
      false,
    )
    const { stdout } = await lab.run(['proxy', 'status', '-o', 'json'])
    assert.ok(!stdout.includes('longword') && !proxy.log.includes('longword'))
  },
)

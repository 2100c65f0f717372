/**
 * GL-08, GL-06, GL-07, GL-09 from outside: the program that three variables configure, as a plain user without a
 * capability, and curl as its client. Topology in test/harness/tunnel-gateway.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { INSIDE } from '../harness/tunnel-gateway.ts'
import { buildProxyLab, PROXY_NEEDS } from './proxy-lab.ts'

const TARGET = 'http://web.internal:8000'

test(
  'GL-08 GL-06 three variables are all it takes: a page by a name that only the tunnel knows',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const proxy = lab.start([], {
      env: { PROXY_TO: `${TARGET}/base/`, WIREGUARD_CONFIG_FNAME: 'fly0.conf', LISTEN: '127.0.0.1:8088' },
    })
    await proxy.started()
    assert.equal(
      await lab.curl('http://127.0.0.1:8088/a?b=c'),
      'hello from behind the tunnel, 127.0.0.1:8088/base/a?b=c\n',
    )
    proxy.signal('SIGTERM')
    assert.equal(await proxy.ends(), 0)
  },
)

test(
  'GL-08 .env does as well, the environment wins over it, and the port is 8080 when nobody says',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    lab.write('.env', `PROXY_TO="${TARGET}"\nWIREGUARD_CONFIG_FNAME=nowhere.conf # not this one\n`)
    const proxy = lab.start([], { env: { WIREGUARD_CONFIG_FNAME: 'fly0.conf' } })
    await proxy.started()
    assert.match(
      await lab.curl('http://127.0.0.1:8080/'),
      /^hello from behind the tunnel, 127\.0\.0\.1:8080\/\n$/,
    )
    assert.match(await lab.curl('http://[::1]:8080/'), /^hello from behind the tunnel, \[::1\]:8080\/\n$/)
  },
)

test(
  'GL-07 what the target sees: base path and query joined, Host passed, X-Forwarded-For, no hop-by-hop field',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const args = ['--config', 'fly0.conf', '--to', `${TARGET}/headers?k=v`, '--listen', '127.0.0.1:1080']
    const proxy = lab.start([...args, '--route', `127.0.0.1:1081=${TARGET}/headers`, '--host', 'pass'])
    await proxy.started()
    const ask = async (options: string) =>
      JSON.parse(
        await lab.curl(`${options} -H Keep-Alive:timeout=5 -H Proxy-Connection:x -H TE:trailers`),
      ) as Record<string, string>
    const seen = await ask('http://127.0.0.1:1080/x?y=z -H Host:app.example -H X-Forwarded-For:203.0.113.9')
    assert.equal(seen['url'], '/headers/x?k=v&y=z')
    assert.equal(seen['host'], 'app.example')
    assert.equal(seen['x-forwarded-for'], '203.0.113.9, 127.0.0.1')
    for (const gone of ['keep-alive', 'proxy-connection', 'upgrade'])
      assert.equal(seen[gone], undefined, gone)
  },
)

test('GL-07 with --host rewrite, or a name, the target gets that Host', PROXY_NEEDS, async (t) => {
  const lab = await buildProxyLab(t)
  lab.tunnel()
  for (const [host, want] of [
    ['rewrite', 'web.internal:8000'],
    ['other.example', 'other.example'],
  ] as const) {
    const proxy = lab.start([
      '--config',
      'fly0.conf',
      '--to',
      TARGET,
      '--listen',
      '127.0.0.1:8080',
      '--host',
      host,
    ])
    await proxy.started()
    const seen = JSON.parse(await lab.curl('http://127.0.0.1:8080/headers')) as Record<string, string>
    assert.equal(seen['host'], want)
    proxy.signal('SIGINT')
    assert.equal(await proxy.ends(), 0)
  }
})

test(
  'GL-09 /readyz says 503 and why before the handshake and 200 after it; /healthz says 200 all along',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    await lab.client.exec('ip link set eth0 down')
    const proxy = lab.start([
      ...[
        '--config',
        'fly0.conf',
        '--to',
        TARGET,
        '--operations',
        '127.0.0.1:9090',
        '--probe',
        '/status/404',
      ],
    ])
    await proxy.started()
    const status = (path: string) => lab.curl(`-o /dev/null -w %{http_code} http://127.0.0.1:9090${path}`)
    assert.equal(await status('/healthz'), '200')
    assert.equal(await status('/readyz'), '503')
    const why = JSON.parse(await lab.curl('http://127.0.0.1:9090/readyz')) as { reasons: string[] }
    assert.match(why.reasons.join(), /tunnel default: no handshake yet/)
    await lab.client.exec('ip link set eth0 up')
    await eventually(async () => (await status('/readyz')) === '200', {
      timeoutMs: 40_000,
      what: 'it is ready',
    })
    assert.equal(await status('/healthz'), '200')
    const metrics = await lab.curl('http://127.0.0.1:9090/metrics')
    assert.match(metrics, /^warren_proxy_ready 1$/m)
    assert.match(metrics, /^warren_proxy_tunnel_peer_up\{tunnel="default",peer="[^"]+"\} 1$/m)
  },
)

test(
  'names are the tunnel’s affair: what it does not know is no host, and IPv6 alone will do',
  PROXY_NEEDS,
  async (t) => {
    const lab = await buildProxyLab(t)
    lab.tunnel()
    const proxy = lab.start([
      ...['--config', 'fly0.conf', '--route', '127.0.0.1:1=http://six.internal:8000'],
      ...[
        '--route',
        '127.0.0.1:2=http://localhost:8000',
        '--route',
        `127.0.0.1:3=http://${INSIDE.gateway}:8001`,
      ],
    ])
    await proxy.says(/"message":"stopped"|EACCES/).catch(() => {})
    assert.equal(await proxy.ends(), 69)
    assert.match(proxy.log, /cannot listen on tcp 127\.0\.0\.1:1: .*\(EACCES\)/)
    const high = lab.start([
      ...['--config', 'fly0.conf', '--route', '127.0.0.1:2001=http://six.internal:8000'],
      ...[
        '--route',
        '127.0.0.1:2002=http://unknown.internal',
        '--route',
        `127.0.0.1:2003=http://${INSIDE.gateway}:8001`,
      ],
    ])
    await high.started()
    assert.match(await lab.curl('http://127.0.0.1:2001/'), /^hello from behind/)
    assert.equal(await lab.curl('-o /dev/null -w %{http_code} http://127.0.0.1:2002/'), '502')
    assert.equal(await lab.curl('http://127.0.0.1:2003/'), 'the second page\n')
  },
)

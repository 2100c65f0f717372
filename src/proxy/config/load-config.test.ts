/** What a proxy is told, by every way one can tell it, and that everything that is wrong comes at once. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Problem } from '../../model/index.ts'
import type { ConfigSources } from './given.ts'
import { loadProxyConfig } from './load-config.ts'
import type { ProxyConfig } from './proxy-config.ts'
import type { FileRead } from './read-file.ts'
import { formatTargetUrl } from './target-url.ts'

const key = (): string =>
  Buffer.from(
    generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' }).d ?? '',
    'base64url',
  ).toString('base64')

const PRIVATE_KEY = key()
const FLY = `[Interface]
PrivateKey = ${PRIVATE_KEY}
Address = fdaa:0:1::2/120
DNS = fdaa::3

[Peer]
PublicKey = ${key()}
AllowedIPs = fdaa:0:1::/48, fdaa::/64
Endpoint = gw.example.org:51820
`

type Given = Partial<Omit<ConfigSources, 'read'>> & {
  readonly files?: Readonly<Record<string, string | FileRead>>
}

const load = ({ files = {}, ...rest }: Given) =>
  loadProxyConfig({
    options: {},
    operations: {},
    file: undefined,
    environment: {},
    folder: '/w',
    read: async (path) => {
      const given: string | FileRead = { '/w/fly0.conf': FLY, ...files }[path] ?? { kind: 'absent' }
      return typeof given === 'string' ? { kind: 'text', text: given, othersMayRead: false } : given
    },
    ...rest,
  })

const right = async (given: Given): Promise<ProxyConfig> => {
  const { config, problems } = await load(given)
  assert.deepEqual(problems, [])
  assert.ok(config)
  return config
}

const wrong = async (given: Given): Promise<readonly Problem[]> => {
  const { config, problems } = await load(given)
  assert.equal(config, undefined)
  return problems
}

const brief = (problems: readonly Problem[]): string[] => problems.map(({ code, path }) => `${code} ${path}`)

const routes = ({ http }: ProxyConfig): string[] =>
  http.map(({ listen, target }) => `${listen.host}:${listen.port} ${formatTargetUrl(target)}`)

test('GL-08 PROXY_TO, WIREGUARD_CONFIG_FNAME and LISTEN are all it takes, and LISTEN is :8080 by default', async () => {
  const environment = { PROXY_TO: 'http://ollama.internal', WIREGUARD_CONFIG_FNAME: 'fly0.conf' }
  assert.deepEqual(routes(await right({ environment })), [':8080 http://ollama.internal'])
  assert.deepEqual(routes(await right({ environment: { ...environment, LISTEN: '127.0.0.1:9' } })), [
    '127.0.0.1:9 http://ollama.internal',
  ])
})

test('GL-08 .env in the working directory stands in for what the environment does not set', async () => {
  const files = {
    '/w/.env':
      '# ours\nPROXY_TO="http://a.internal/base"\nexport LISTEN=:1\nWIREGUARD_CONFIG_FNAME=fly0.conf\n',
  }
  assert.deepEqual(routes(await right({ files })), [':1 http://a.internal/base'])
  assert.deepEqual(routes(await right({ files, environment: { LISTEN: ':2' } })), [
    ':2 http://a.internal/base',
  ])
  const options = { to: 'http://b.internal', listen: ':3' }
  assert.deepEqual(routes(await right({ files, environment: { LISTEN: ':2' }, options })), [
    ':3 http://b.internal',
  ])
})

test('what is set but empty is as good as not set', async () => {
  const environment = { PROXY_TO: 'http://a', WIREGUARD_CONFIG_FNAME: 'fly0.conf', LISTEN: '' }
  assert.deepEqual(routes(await right({ environment, files: { '/w/.env': 'LISTEN=:7' } })), [
    ':8080 http://a',
  ])
})

test('GL-08 an unsupported scheme is refused by its name, whoever gave it', async () => {
  const base = { WIREGUARD_CONFIG_FNAME: 'fly0.conf' }
  const [problem] = await wrong({ environment: { ...base, PROXY_TO: 'ftp://files.internal' } })
  assert.equal(problem?.message, 'unsupported scheme: ftp')
  assert.deepEqual(brief(await wrong({ environment: { ...base, PROXY_TO: 'gopher:x' } })), [
    'UnsupportedScheme PROXY_TO',
  ])
  assert.deepEqual(
    brief(await wrong({ environment: base, files: { '/w/.env': 'PROXY_TO=unix:///run/x.sock' } })),
    ['UnsupportedScheme PROXY_TO in .env'],
  )
  assert.deepEqual(brief(await wrong({ environment: base, options: { to: 'h2c://x' } })), [
    'UnsupportedScheme --to',
  ])
})

test('everything that is wrong comes at once, each by the name that the user gave it', async () => {
  const options = {
    config: 'nowhere.conf',
    to: 'ollama.internal:80',
    listen: '8080',
    route: [':8080', ':x=http://a', ':8082=smtp://a'],
    tcp: ['127.0.0.1:1=db'],
    udp: [':53=ns:99999'],
    publish: ['http=127.0.0.1:80', '70000=127.0.0.1:80', '80=local host:80'],
    socks: ['nothing'],
    host: 'a b',
    tlsCert: 'c.pem',
  }
  assert.deepEqual(brief(await wrong({ options })), [
    'MissingField --tls-cert',
    'InvalidValue --route (number 1)',
    'InvalidValue --publish (number 1)',
    'InvalidValue --publish (number 2)',
    'UnreadableFile --config',
    'InvalidTarget --to',
    'InvalidListen --listen',
    'InvalidValue --host',
    'InvalidListen --route (number 2)',
    'UnsupportedScheme --route (number 3)',
    'InvalidTarget --tcp',
    'InvalidTarget --udp',
    'InvalidTarget --publish (number 3)',
    'InvalidListen --socks',
  ])
})

test('nothing at all is told what is missing', async () => {
  assert.deepEqual(brief(await wrong({})), ['NoTunnel --config', 'NoRoutes --to'])
  assert.deepEqual(brief(await wrong({ options: { listen: ':1', config: 'fly0.conf' } })), [
    'MissingField --listen',
    'NoRoutes --to',
  ])
})

test('a route may be of any kind, repeated, and needs no --to', async () => {
  const options = {
    config: 'fly0.conf',
    route: [':1=http://a.internal/x?k=v=w', 'localhost:2=https://b:8443'],
    tcp: ['127.0.0.1:5432=db.internal:5432', '[::1]:3=[fdaa::7]:3'],
    udp: [':53=[fdaa::3]:53'],
    publish: ['8080=127.0.0.1:3000'],
    socks: ['127.0.0.1:1080'],
    host: 'rewrite',
  }
  const { http, tcp, udp, publish, socks } = await right({ options })
  assert.deepEqual(
    http.map(({ listen, target, route }) => [listen, formatTargetUrl(target), route.hostHeader]),
    [
      [{ host: '', port: 1 }, 'http://a.internal/x?k=v=w', 'rewrite'],
      [{ host: 'localhost', port: 2 }, 'https://b:8443', 'rewrite'],
    ],
  )
  assert.deepEqual(
    [...tcp, ...udp].map(({ listen, to }) => [listen.host, listen.port, to.host, to.port]),
    [
      ['127.0.0.1', 5432, 'db.internal', 5432],
      ['::1', 3, 'fdaa::7', 3],
      ['', 53, 'fdaa::3', 53],
    ],
  )
  assert.deepEqual(publish, [{ port: 8080, to: { host: '127.0.0.1', port: 3000 }, tunnel: 'default' }])
  assert.equal(socks[0]?.users, undefined)
})

test('two listeners in one place are refused, and UDP is another place than TCP', async () => {
  const options = {
    config: 'fly0.conf',
    to: 'http://a',
    route: ['127.0.0.1:8080=http://b', '127.0.0.1:0=http://c', '127.0.0.1:0=http://d'],
    udp: [':8080=ns.internal:53'],
    publish: ['80=127.0.0.1:1', '80=127.0.0.1:2'],
  }
  const problems = await wrong({ options, operations: { operations: '[::1]:8080' } })
  assert.deepEqual(brief(problems), [
    'DuplicateListen --route (number 1)',
    'DuplicateListen --operations',
    'DuplicateListen --publish (number 2)',
  ])
  assert.match(problems[0]?.message ?? '', /taken by --listen/)
})

test('two tunnels cannot have one ListenPort; that neither names one is usual', async () => {
  const two = FILE.replace('  http:', '    - { name: second, config: second.conf }\n  http:')
  const text = two.replace('ollama.internal', '$&\n      tunnel: fly')
  const fixed = FLY.replace('DNS', 'ListenPort = 51820\nDNS')
  const files = { '/w/p.yaml': text, '/w/fly0.conf': fixed, '/w/second.conf': fixed }
  const problems = await wrong({ files, file: 'p.yaml' })
  assert.deepEqual(brief(problems), ['DuplicateListen TunnelProxy/fly spec.tunnels[1].config'])
  await right({ files: { '/w/p.yaml': text, '/w/second.conf': FLY }, file: 'p.yaml' })
})

test('a WireGuard file that others may read is warned of, and used', async () => {
  const files = { '/w/fly0.conf': { kind: 'text', text: FLY, othersMayRead: true } } as const
  const { config, problems } = await load({ files, options: { config: 'fly0.conf', to: 'http://a' } })
  assert.ok(config)
  assert.deepEqual(brief(problems), ['ReadableByOthers --config'])
})

test('a broken WireGuard file tells every mistake with its line, and no key', async () => {
  const text = FLY.replace('Address', 'Adress').replace('AllowedIPs = fdaa', 'AllowedIPs = zz')
  const problems = await wrong({
    files: { '/w/fly0.conf': text },
    options: { config: 'fly0.conf', to: 'nntp://a' },
  })
  assert.deepEqual(
    problems.filter(({ severity }) => severity !== 'warning').map(({ code, at }) => [code, at?.line]),
    [
      ['InvalidWireGuardConfig', 3],
      ['InvalidWireGuardConfig', 8],
      ['UnsupportedScheme', undefined],
    ],
  )
  assert.ok(!JSON.stringify(problems).includes(PRIVATE_KEY))
})

test('files are bounded, and what cannot be read is said', async () => {
  const options = { config: 'fly0.conf', to: 'http://a' }
  for (const [read, want] of [
    [{ kind: 'too-large' }, 'FileTooLarge --config'],
    [{ kind: 'unreadable', why: 'permission denied' }, 'UnreadableFile --config'],
  ] as const)
    assert.deepEqual(brief(await wrong({ options, files: { '/w/fly0.conf': read } })), [want])
})

const FILE = `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata:
  name: fly
spec:
  tunnels:
    - name: fly
      config: ../w/fly0.conf
  http:
    - listen: :8080
      to: http://ollama.internal
      limits:
        bodyBytes: 1000
      timeouts:
        connectSeconds: 2.5
  operations:
    listen: 127.0.0.1:9090
`

test('a TunnelProxy file says everything; names of files in it are relative to it; flags about operations win', async () => {
  const files = { '/etc/proxy.yaml': FILE }
  const config = await right({
    files,
    file: '/etc/proxy.yaml',
    operations: { operations: ':1', drainSeconds: 5 },
  })
  assert.equal(config.name, 'fly')
  assert.deepEqual(config.operations.listen, { host: '', port: 1 })
  assert.equal(config.drainMs, 5000)
  assert.deepEqual(config.files, ['/etc/proxy.yaml', '/w/fly0.conf'])
  const [entry] = config.http
  assert.equal(entry?.tunnel, 'fly')
  assert.equal(entry?.route.limits.bodyBytes, 1000)
  assert.equal(entry?.route.timeouts.dialMs, 2500)
  assert.equal(entry?.route.timeouts.clientIdleMs, 120_000)
})

test('mistakes in a file have its lines, of its shape and of its words together', async () => {
  const text = FILE.replace('bodyBytes', 'bodyByte')
    .replace(':8080', 'eight')
    .replace('http://ollama', 'htp://ollama')
  const problems = await wrong({ files: { '/w/p.yaml': text }, file: 'p.yaml' })
  assert.deepEqual(
    problems.map(({ code, path, at }) => [code, path, at?.line]),
    [
      ['UnknownField', 'TunnelProxy/fly spec.http[0].limits.bodyByte', 13],
      ['UnsupportedScheme', 'TunnelProxy/fly spec.http[0].to', 11],
      ['InvalidListen', 'TunnelProxy/fly spec.http[0].listen', 10],
    ],
  )
  assert.match(problems[0]?.hint ?? '', /Did you mean bodyBytes/)
})

test('several tunnels have to be told apart', async () => {
  const two = FILE.replace('      config', '      config: /w/fly0.conf\n    - name: other\n      config')
  const problems = await wrong({ files: { '/w/p.yaml': two }, file: 'p.yaml' })
  assert.deepEqual(brief(problems), ['UnknownTunnel TunnelProxy/fly spec.http[0].tunnel'])
  const named = two.replace('      limits', '      tunnel: others\n      limits')
  const [problem] = await wrong({ files: { '/w/p.yaml': named }, file: 'p.yaml' })
  assert.equal(problem?.hint, 'Write one of fly, other.')
})

test('flags that say what the file says are refused beside it', async () => {
  const problems = await wrong({
    files: { '/w/p.yaml': FILE },
    file: 'p.yaml',
    options: { to: 'http://a', tlsCert: 'x', route: [] },
  })
  assert.deepEqual(brief(problems), ['FieldConflict --to', 'FieldConflict --tls-cert'])
})

test('other texts are not TunnelProxies, and nothing throws', async () => {
  for (const [text, code] of [
    ['', 'NoObjects'],
    ['[]', 'UnknownKind'],
    ['kind: TunelProxy', 'UnknownKind'],
    [`${FILE}---\n${FILE}`, 'InvalidValue'],
    ['a: [', 'InvalidYaml'],
    ['kind: TunnelProxy', 'MissingField'],
    [`${FILE.slice(0, FILE.indexOf('  tunnels'))}  tunnels: []`, 'NoTunnel'],
  ] as const) {
    const [problem] = await wrong({ files: { '/w/p.yaml': text }, file: 'p.yaml' })
    assert.equal(problem?.code, code, text)
  }
})

test('SOCKS for everybody is warned of, and none is without a password', async () => {
  const options = { config: 'fly0.conf', socks: [':1080'] }
  const { problems } = await load({ options })
  assert.deepEqual(brief(problems), ['OpenToAll --socks'])
  const name = await load({ options: { config: 'fly0.conf', socks: ['127.example.org:1080'] } })
  assert.deepEqual(brief(name.problems), ['OpenToAll --socks'], 'a name that only looks like loopback')
  const users = `${FILE}  socks:\n    - listen: :1080\n      users:\n        - { name: ada, passwordFile: pw }\n`
  const { config, problems: none } = await load({
    files: { '/w/p.yaml': users, '/w/pw': 'secret word\nrest' },
    file: 'p.yaml',
  })
  assert.deepEqual(none, [])
  assert.equal(config?.socks[0]?.users?.[0]?.password.reveal(), 'secret word')
  assert.ok(!JSON.stringify(config).includes('secret word'))
  assert.deepEqual(brief(await wrong({ files: { '/w/p.yaml': users, '/w/pw': '\n' }, file: 'p.yaml' })), [
    'InvalidValue TunnelProxy/fly spec.socks[0].users[0].passwordFile',
  ])
})

test('what is written into every head cannot be more than a name', async () => {
  const via = (name: string) => FILE.replace('      limits', `      via: ${name}\n      limits`)
  for (const name of ['"x\\r\\nSet-Cookie: a=b"', '"x y"', '"x\\u010a"', '"(x)"'])
    assert.deepEqual(brief(await wrong({ files: { '/w/p.yaml': via(name) }, file: 'p.yaml' })), [
      'InvalidValue TunnelProxy/fly spec.http[0].via',
    ])
  const { config } = await load({ files: { '/w/p.yaml': via('edge-1.example:8080') }, file: 'p.yaml' })
  assert.equal(config?.http[0]?.route.via, 'edge-1.example:8080')
})

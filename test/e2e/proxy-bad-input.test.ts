/** `warren proxy` told wrong things: everything that is wrong at once, nothing opened, exit code 2; and what --check shows. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeKeyPair } from '../harness/wireguard-ends.ts'
import { type Ended, runWarren, temporaryDirectory } from './run-warren.ts'

const KEYS = makeKeyPair()
const FLY = `[Interface]
PrivateKey = ${KEYS.privateKey}
Address = fdaa:0:1::2/120
DNS = fdaa::3
PostUp = iptables -A FORWARD

[Peer]
PublicKey = ${makeKeyPair().publicKey}
AllowedIPs = fdaa:0:1::/48, fdaa::/64
Endpoint = gw.example.org:51820
`

function workplace(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const cwd = temporaryDirectory(t)
  for (const [name, text] of Object.entries({ 'fly0.conf': FLY, ...files })) {
    writeFileSync(join(cwd, name), text)
    chmodSync(join(cwd, name), 0o600)
  }
  return cwd
}

const NO_ENVIRONMENT = { PROXY_TO: '', WIREGUARD_CONFIG_FNAME: '', LISTEN: '' }

const proxy = (
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> => runWarren(['proxy', ...args], { cwd, env: { ...NO_ENVIRONMENT, ...env } })

test('GL-08 an unsupported scheme is refused before the tunnel opens', async (t) => {
  const cwd = workplace(t)
  const env = { PROXY_TO: 'ftp://files.internal', WIREGUARD_CONFIG_FNAME: 'fly0.conf' }
  const { status, stdout, stderr } = await proxy(cwd, [], env)
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^error: PROXY_TO: unsupported scheme: ftp \[UnsupportedScheme\]\n/m)
  assert.doesNotMatch(stderr, /tunnel open|listening/)
})

test('all mistakes come at once, with hints, and no key is among the words', async (t) => {
  const cwd = workplace(t, { 'fly0.conf': FLY.replace('Endpoint = gw', 'Endpoint gw') })
  const { status, stderr } = await proxy(cwd, [
    ...['--config', 'fly0.conf', '--to', 'ollama.internal', '--listen', '8080'],
    ...['--tcp', 'db:5432', '--socks', '0.0.0.0:99999', '--tls-key', 'key.pem'],
  ])
  assert.equal(status, 2)
  for (const want of [
    /^fly0\.conf:10:1: error: .*expected "Key = value"/m,
    /^error: --to: a URL begins with http:\/\/ or https:\/\/ \[InvalidTarget\]\n {2}Write http:\/\/ollama\.internal\.$/m,
    /^error: --listen: .*\n {2}Write :8080 for every address of this machine, or 127\.0\.0\.1:8080\.$/m,
    /^error: --tcp: expected LISTEN=HOST:PORT/m,
    /^error: --socks: not an address to listen on/m,
    /^error: --tls-cert: a certificate and its key go together/m,
    /^\d errors?, \d warnings?$/m,
  ])
    assert.match(stderr, want)
  assert.ok(!stderr.includes(KEYS.privateKey))
})

test('a secret that others can read, and lines that a tunnel without a link ignores, are warned of', async (t) => {
  const cwd = workplace(t)
  chmodSync(join(cwd, 'fly0.conf'), 0o644)
  const { status, stderr } = await proxy(cwd, ['--config', 'fly0.conf', '--to', 'http://a', '--check'])
  assert.equal(status, 0)
  assert.match(stderr, /^warning: --config: others on this machine can read fly0\.conf/m)
  assert.match(stderr, /^fly0\.conf:5:1: warning: .*PostUp/m)
})

test('what is no configuration at all is said in a line: a folder, a flood, noise, nothing', async (t) => {
  const cwd = workplace(t, { noise: '\0\u0001\u0002'.repeat(999), flood: 'x'.repeat(2_000_000), empty: '' })
  mkdirSync(join(cwd, 'folder'))
  for (const [file, want] of [
    ['folder', /cannot read folder: it is a directory/],
    ['flood', /flood is larger than 1048576 bytes/],
    ['noise', /\[InvalidWireGuardConfig\]/],
    ['empty', /there is no \[Interface\] section/],
    ['absent', /there is no file absent/],
  ] as const) {
    const { status, stderr } = await proxy(cwd, ['--config', file, '--to', 'http://a'])
    assert.equal(status, 2, file)
    assert.match(stderr, want)
    assert.ok(stderr.length < 20_000)
  }
})

test('--check says what would listen, as text, JSON and YAML, and opens nothing', async (t) => {
  const cwd = workplace(t)
  const args = [
    '--config',
    'fly0.conf',
    '--to',
    'http://ollama.internal',
    '--tcp',
    ':5432=db.internal:5432',
    '--check',
  ]
  const text = await proxy(cwd, args)
  assert.equal(text.status, 0)
  assert.match(text.stdout, /^http +:8080 +http:\/\/ollama\.internal +default$/m)
  assert.match(text.stdout, /^tcp +:5432 +db\.internal:5432 +default$/m)
  const json = JSON.parse((await proxy(cwd, [...args, '-o', 'json'])).stdout) as {
    routes: unknown[]
    tunnels: { dns: string[] }[]
  }
  assert.deepEqual(json.routes[0], {
    ...{ kind: 'http', listen: ':8080', to: 'http://ollama.internal', tunnel: 'default', notes: [] },
  })
  assert.deepEqual(json.tunnels[0]?.dns, ['fdaa::3'])
  const yaml = await proxy(cwd, [...args, '-o', 'yaml'])
  assert.match(yaml.stdout, /^ {2}- kind: http$/m)
  for (const { stdout } of [text, yaml]) assert.ok(!stdout.includes(KEYS.privateKey))
})

test('a file with a mistake names its place; flags that say the same are refused beside it', async (t) => {
  const cwd = workplace(t, {
    'proxy.yaml': `apiVersion: warren.dev/v1alpha1
kind: TunnelProxy
metadata: { name: fly }
spec:
  tunnels: [{ name: fly, config: fly0.conf }]
  http:
    - listen: :8080
      to: gopher://a
      timeout: 3
`,
  })
  const { status, stderr } = await proxy(cwd, ['--file', 'proxy.yaml', '--listen', ':1'])
  assert.equal(status, 2)
  assert.match(
    stderr,
    /^proxy\.yaml:8:7: error: TunnelProxy\/fly spec\.http\[0\]\.to: unsupported scheme: gopher/m,
  )
  assert.match(stderr, /^proxy\.yaml:9:7: error: .*unknown field "timeout".*\n {2}Did you mean timeouts\?$/m)
  assert.match(stderr, /^error: --listen: goes without --file/m)
})

/** GC-16: a node makes its key once, for itself alone; keys of users come inline or from a Secret. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { parseObjects, secretText } from '../model/index.ts'
import type { KeySource, NodeIntent } from '../model/index.ts'
import { generatePrivateKey, keyDigest, publicKeyOf } from './key-pair.ts'
import { keyFileName, KeyStore, nodeKey } from './key-store.ts'
import { resolveKeys } from './keys.ts'

const owner = { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' }

const folder = (t: { after(f: () => void): void }): string => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

test('GC-16: the key is made once, 0600 in a 0700 folder, and only its public half is told', async (t) => {
  const dir = folder(t)
  const first = await nodeKey(dir, 'default/home')
  assert.equal(await nodeKey(dir, 'default/home'), first)
  assert.notEqual(await nodeKey(dir, 'default/other'), first)
  const path = join(dir, 'keys', 'default_home.key')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(join(dir, 'keys')).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(join(dir, 'keys')), ['default_home.key', 'default_other.key'])
  assert.equal(publicKeyOf(readFileSync(path, 'utf8').trim()), first)
})

test('two that make a key at once end up with the same one', async (t) => {
  const dir = folder(t)
  const stores = Array.from({ length: 5 }, () => new KeyStore(dir))
  const keys = await Promise.all(stores.map((store) => store.readOrMake(owner)))
  assert.equal(new Set(keys.map((k) => k.reveal())).size, 1)
})

test('a damaged key file is refused and never overwritten', async (t) => {
  const dir = folder(t)
  await nodeKey(dir, 'default/home')
  const path = join(dir, 'keys', 'default_home.key')
  chmodSync(path, 0o600)
  writeFileSync(path, 'half a k')
  await assert.rejects(nodeKey(dir, 'default/home'), /does not hold a key/)
  assert.equal(readFileSync(path, 'utf8'), 'half a k')
})

test('a key of an interface and one of a plan of the same name are different keys', () => {
  assert.notEqual(keyFileName({ ...owner, kind: 'WireGuardInterface' }), keyFileName(owner))
})

test('publicKeyOf() agrees with RFC 7748 §6.1', () => {
  const alice = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex')
  assert.equal(
    Buffer.from(publicKeyOf(alice.toString('base64')), 'base64').toString('hex'),
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  )
})

test('a made key is clamped as wg(8) makes them', () => {
  const bytes = Buffer.from(generatePrivateKey(), 'base64')
  assert.equal(bytes.readUInt8(0) & 7, 0)
  assert.equal(bytes.readUInt8(31) & 0xc0, 0x40)
})

const intentWith = (privateKey: KeySource, publicKey?: string): NodeIntent => ({
  node: 'a',
  links: [],
  interfaces: [
    {
      name: 'wg0',
      owner,
      privateKey,
      publicKey,
      listenPort: undefined,
      fwmark: undefined,
      mtuBytes: 1420,
      addresses: [],
      peers: [],
      routes: [],
      rules: [],
      forwards: { inet: false, inet6: false },
      container: undefined,
    },
  ],
})

test('GC-16: raw bytes and base64 text in a Secret are the same key; the namespace counts', async (t) => {
  const store = new KeyStore(folder(t))
  const key = generatePrivateKey()
  const text = (namespace: string, line: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: ${namespace} }\n${line}\n`
  const rows = [
    { name: 'raw bytes', yaml: text('default', `data: { k: "${key}" }`), ok: true },
    {
      name: 'base64 text, encoded again',
      yaml: text('default', `data: { k: "${Buffer.from(`${key}\n`).toString('base64')}" }`),
      ok: true,
    },
    { name: 'stringData', yaml: text('default', `stringData: { k: "${key}" }`), ok: true },
    { name: 'another namespace', yaml: text('other', `stringData: { k: "${key}" }`), ok: false },
    { name: 'another entry', yaml: text('default', `stringData: { z: "${key}" }`), ok: false },
    { name: 'not a key', yaml: text('default', 'stringData: { k: "short" }'), ok: false },
  ]
  for (const { name, yaml, ok } of rows) {
    const { objects, problems } = parseObjects(yaml, { file: 's.yaml' })
    assert.deepEqual(problems, [], name)
    const source: KeySource = { kind: 'secret', namespace: 'default', name: 's', key: 'k' }
    const keys = await resolveKeys(intentWith(source), { objects, store, make: true })
    assert.equal(keys.publicKeys.get('wg0'), ok ? publicKeyOf(key) : undefined, name)
    assert.equal(keys.problems.get('wg0')?.code, ok ? undefined : 'KeyUnresolved', name)
  }
})

test('a key that is not the one in the lock is a problem, and a dry run makes none', async (t) => {
  const store = new KeyStore(folder(t))
  const key = generatePrivateKey()
  const inline = { kind: 'inline', value: secretText(key) } as const
  const wrong = await resolveKeys(intentWith(inline, publicKeyOf(generatePrivateKey())), {
    objects: [],
    store,
    make: true,
  })
  assert.equal(wrong.problems.get('wg0')?.code, 'KeyMismatch')
  const dry = await resolveKeys(intentWith({ kind: 'node' }), { objects: [], store, make: false })
  assert.equal(dry.privateKeys.size, 0)
  assert.equal(await store.read(owner), undefined)
})

test('keys do not print', async (t) => {
  const store = new KeyStore(folder(t))
  const key = (await store.readOrMake(owner)).reveal()
  const keys = await resolveKeys(intentWith({ kind: 'node' }), { objects: [], store, make: true })
  assert.ok(!inspect(keys, { depth: 9 }).includes(key))
  assert.ok(!JSON.stringify([...keys.privateKeys]).includes(key))
  assert.equal(keyDigest(key).length, 64)
})

test('a process that is killed while it makes a key leaves a whole key or none', async (t) => {
  const dir = folder(t)
  const program = `import { KeyStore } from ${JSON.stringify(new URL('key-store.ts', import.meta.url).href)}
    const store = new KeyStore(${JSON.stringify(dir)})
    for (let i = 0; ; i++) {
      await store.readOrMake({ kind: 'WireGuardNetworkPlan', namespace: 'n', name: 'x' + i })
      if (i === 20) process.kill(process.pid, 'SIGKILL')
    }`
  assert.throws(() =>
    execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'ignore' }),
  )
  const store = new KeyStore(dir)
  for (let i = 0; i < 21; i++)
    assert.notEqual(
      await store.read({ kind: 'WireGuardNetworkPlan', namespace: 'n', name: `x${i}` }),
      undefined,
    )
})

/** The examples of TunnelProxies are right: their words, and all the fields that they name. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { test } from 'node:test'
import { loadProxyConfig } from '../src/proxy/index.ts'
import { makeKeyPair } from './harness/wireguard-ends.ts'

const TUNNEL = `[Interface]
PrivateKey = ${makeKeyPair().privateKey}
Address = 10.9.0.1/24
DNS = 10.9.0.53
[Peer]
PublicKey = ${makeKeyPair().publicKey}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = gw.example.org:51820
`

const examples = globSync('examples/proxy/*.yaml').filter((file) => basename(file) !== 'try.yaml')

test('there are examples of TunnelProxies, and the guide shows each of them', () => {
  assert.ok(examples.length >= 3)
  const guide = readFileSync('docs/guides/userspace-proxy.md', 'utf8')
  for (const example of examples) assert.ok(guide.includes(basename(example)), example)
})

for (const example of examples)
  test(`${example} is without a problem, as far as its files are there`, async () => {
    const { problems } = await loadProxyConfig({
      ...{ options: {}, operations: {}, environment: {}, file: example, folder: resolve('.') },
      read: async (path) => {
        if (path.endsWith('.yaml'))
          return { kind: 'text', text: readFileSync(path, 'utf8'), othersMayRead: true }
        const text = path.endsWith('.conf') ? TUNNEL : path.endsWith('.password') ? 'word' : KEY
        return { kind: 'text', text, othersMayRead: false }
      },
    })
    // There is no certificate to be had without a tool; all else is looked at.
    assert.deepEqual(
      problems.filter(({ code }) => code !== 'InvalidCertificate'),
      [],
    )
  })

const KEY = String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))

/** X25519 against RFC 7748 §5.2 and §6.1 and against Wycheproof. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPairOf } from '../../src/protocols/wireguard/crypto.ts'
import { fromHex, readVectors, toHex } from './read-vectors.ts'

const shared = (scalar: string, point: string): string =>
  toHex(keyPairOf(fromHex(scalar)).dh(fromHex(point)) ?? new Uint8Array(32))

test('X25519 gives the two products of RFC 7748 §5.2', () => {
  const rows = [
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ] as const
  for (const [scalar, point, want] of rows) assert.equal(shared(scalar, point), want)
})

test('X25519 iterated gives the values of RFC 7748 §5.2 after 1 and after 1,000 rounds', () => {
  let k = `09${'00'.repeat(31)}`
  let u = k
  for (let round = 1; round <= 1000; round += 1) {
    ;[k, u] = [shared(k, u), k]
    if (round === 1) assert.equal(k, '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079')
  }
  assert.equal(k, '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
})

test('X25519 agrees on the secret of RFC 7748 §6.1 from both sides', () => {
  const alice = keyPairOf(fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bob = keyPairOf(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
  assert.equal(toHex(alice.publicKey), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
  assert.equal(toHex(bob.publicKey), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  const want = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
  assert.equal(toHex(alice.dh(bob.publicKey)!), want)
  assert.equal(toHex(bob.dh(alice.publicKey)!), want)
})

interface XdhTest {
  readonly tcId: number
  readonly flags: readonly string[]
  readonly public: string
  readonly private: string
  readonly shared: string
}

test('X25519 agrees with Wycheproof, and refuses every all-zero secret', () => {
  const { tests } = readVectors<XdhTest>('wycheproof-x25519.json')
  for (const row of tests) {
    const got = keyPairOf(fromHex(row.private)).dh(fromHex(row.public))
    const zero = row.flags.includes('ZeroSharedSecret')
    assert.equal(got && toHex(got), zero ? undefined : row.shared, `tcId ${row.tcId}`)
  }
  assert.ok(tests.some((row) => row.flags.includes('ZeroSharedSecret')))
})

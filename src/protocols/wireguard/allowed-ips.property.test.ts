/** The trie against a list, through random claims, removals and lookups in both families. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowAllowedIps } from '../../../test/models/slow-allowed-ips.ts'
import { AllowedIps } from './allowed-ips.ts'
import { canonicalPrefix, formatAddress, parseAddress } from './formats/index.ts'

interface Owner {
  readonly name: string
}
const owners: readonly Owner[] = ['a', 'b', 'c', 'd'].map((name) => ({ name }))

/** Addresses that share long prefixes, so that nodes split and nest. */
const bytesOf = (family: 4 | 6) =>
  fc
    .array(fc.constantFrom(0, 1, 10, 128, 192, 255), {
      minLength: family === 4 ? 4 : 16,
      maxLength: family === 4 ? 4 : 16,
    })
    .map((bytes) => Uint8Array.from(bytes))

const claim = (family: 4 | 6) =>
  fc.record({
    kind: fc.constantFrom('insert', 'insert', 'insert', 'remove', 'removeAll'),
    bytes: bytesOf(family),
    length: fc.integer({ min: 0, max: family === 4 ? 32 : 128 }),
    owner: fc.constantFrom(...owners),
  })

const bitsOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')

for (const family of [4, 6] as const) {
  test(`AllowedIps finds for IPv${family} what the slow twin finds`, () => {
    fc.assert(
      fc.property(
        fc.array(claim(family), { maxLength: 60 }),
        fc.array(bytesOf(family), { minLength: 1, maxLength: 20 }),
        (claims, probes) => {
          const trie = new AllowedIps<Owner>()
          const twin = new SlowAllowedIps<Owner>()
          for (const { kind, bytes, length, owner } of claims) {
            const text = `${formatAddress(bytes)}/${length}`
            const bits = bitsOf(bytes).slice(0, length)
            if (kind === 'insert') {
              assert.equal(trie.insert(text, owner), true)
              twin.insert(bits, owner)
            } else if (kind === 'remove') {
              trie.remove(text, owner)
              twin.remove(bits, owner)
            } else {
              trie.removeAll(owner)
              twin.removeAll(owner)
            }
          }
          for (const bytes of [...probes, ...claims.map((entry) => entry.bytes)]) {
            const found = family === 4 ? trie.lookup4(bytes, 0) : trie.lookup6(bytes, 0)
            assert.equal(found?.name, twin.lookup(bitsOf(bytes))?.name, formatAddress(bytes))
          }
          for (const owner of owners) {
            const prefixes = trie.prefixesOf(owner)
            assert.deepEqual(prefixes, prefixes.map(canonicalPrefix))
            assert.deepEqual(prefixes.map(prefixBits).toSorted(), twin.prefixesOf(owner).toSorted())
          }
        },
      ),
    )
  })
}

function prefixBits(prefix: string): string {
  const [address = '', length] = prefix.split('/')
  return bitsOf(parseAddress(address)!).slice(0, Number(length))
}

test('AllowedIps gives a prefix to the peer that claims it last', () => {
  const [a, b] = owners as [Owner, Owner]
  const trie = new AllowedIps<Owner>()
  trie.insert('10.0.0.0/24', a)
  trie.insert('10.0.0.7/24', b)
  assert.deepEqual(trie.prefixesOf(a), [])
  assert.deepEqual(trie.prefixesOf(b), ['10.0.0.0/24'])
  trie.remove('10.0.0.0/24', a)
  assert.equal(trie.lookup4(Uint8Array.of(10, 0, 0, 9), 0), b)
})

test('AllowedIps refuses what is no prefix', () => {
  const trie = new AllowedIps<Owner>()
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0/24',
    '::/129',
    '::/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'a/1',
  ]) {
    assert.equal(trie.insert(text, owners[0]!), false, text)
  }
})

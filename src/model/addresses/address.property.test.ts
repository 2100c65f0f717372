/** Text and number are the same thing, and prefixes are sets of addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { type Address, formatAddress, parseAddress } from './address.ts'
import { comparePrefixes, contains, containsAddress, formatPrefix, parsePrefix, prefixOf } from './prefix.ts'

/** Long runs of zeros are the interesting part of IPv6. */
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.nat(0xffffffff).map((n): Address => ({ family: 4, value: BigInt(n) })),
  fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }).map(
    (groups): Address => ({
      family: 6,
      value: groups.reduce((sum, one) => (sum << 16n) | BigInt(one), 0n),
    }),
  ),
)

const prefix = fc
  .tuple(address, fc.nat(128))
  .map(([of, length]) => prefixOf(of, of.family === 4 ? length % 33 : length))

test('an address that is written and read again is the same', () => {
  fc.assert(
    fc.property(address, (given) => {
      const text = formatAddress(given)
      assert.equal(isIP(text), given.family)
      assert.deepEqual(parseAddress(text), given)
    }),
  )
})

test('what is read is what the platform takes for an address', () => {
  const text = fc.oneof(
    fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
    fc.ipV6(),
    fc.ipV4(),
    fc.tuple(fc.ipV6(), fc.nat(38)).map(([given, at]) => given.slice(0, at) + given.slice(at + 1)),
  )
  fc.assert(
    fc.property(text, (given) => assert.equal(parseAddress(given)?.family ?? 0, isIP(given))),
    { numRuns: 500 },
  )
})

test('a prefix that is written and read again is the same, and contains itself and its addresses', () => {
  fc.assert(
    fc.property(prefix, address, (given, other) => {
      assert.deepEqual(parsePrefix(formatPrefix(given)), given)
      assert.ok(contains(given, given))
      const inside = prefixOf(other, given.length)
      const want =
        inside.address.family === given.address.family && inside.address.value === given.address.value
      assert.equal(other.family === given.address.family && containsAddress(given, other), want)
    }),
  )
})

test('comparePrefixes() is an order', () => {
  fc.assert(
    fc.property(prefix, prefix, (a, b) => {
      assert.equal(Math.sign(comparePrefixes(a, b)), -Math.sign(comparePrefixes(b, a)) + 0)
      assert.equal(comparePrefixes(a, b) === 0, formatPrefix(a) === formatPrefix(b))
    }),
  )
})

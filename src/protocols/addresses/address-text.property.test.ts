/** Against node:net, and against itself. */
import assert from 'node:assert/strict'
import { isIP, SocketAddress } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressesEqual, formatAddress, parseAddress } from './index.ts'

const inet = fc.uint8Array({ minLength: 4, maxLength: 4 })
/** Bytes with many zeros, so that runs of them meet. */
const inet6 = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])))
const pieces = fc.constantFrom(
  '::',
  ':',
  '.',
  '0',
  '1',
  'ffff',
  '12345',
  '255',
  '256',
  '01',
  'g',
  '1.2.3.4',
  '',
)
const nearly = fc.array(pieces, { maxLength: 16 }).map((all) => all.join(''))

test('formatAddress() and parseAddress() are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.oneof(inet, inet6), (bytes) => {
      const text = formatAddress(bytes)
      assert.deepEqual(parseAddress(text), bytes)
      assert.ok(addressesEqual(bytes, parseAddress(text) ?? new Uint8Array(0)))
    }),
  )
})

test('formatAddress() writes what node:net writes', () => {
  fc.assert(
    fc.property(inet6, (bytes) => {
      // inet_ntop still writes ::/96 with decimals; RFC 5952 §5 leaves that to known prefixes.
      fc.pre(bytes.subarray(0, 12).some((byte) => byte !== 0))
      const text = formatAddress(bytes)
      assert.equal(new SocketAddress({ address: text, family: 'ipv6' }).address, text)
    }),
  )
})

test('parseAddress() takes what node:net takes', () => {
  const text = fc.oneof(nearly, inet6.map(formatAddress), fc.string({ maxLength: 20 }))
  fc.assert(
    fc.property(text, (given) => {
      fc.pre(!given.includes('%'))
      assert.equal(parseAddress(given)?.length ?? 0, { 0: 0, 4: 4, 6: 16 }[isIP(given)], given)
    }),
    { numRuns: 2000 },
  )
})

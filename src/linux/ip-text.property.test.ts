/** Any address survives the way to text and back, and its text is the only one with that meaning. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatAddress, formatPrefix, maskAddress, parseAddress, parsePrefix } from './ip-text.ts'

const sparse = fc.constantFrom(0, 0, 0, 1, 0xff)
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.array(sparse, { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes)),
)

test('parseAddress() undoes formatAddress()', () => {
  fc.assert(
    fc.property(address, (bytes) => {
      const text = formatAddress(bytes)
      assert.ok(text)
      assert.deepEqual(parseAddress(text), bytes)
      assert.equal(text.includes(':::'), false)
    }),
  )
})

test('parsePrefix() undoes formatPrefix(), which clears exactly the host bits', () => {
  fc.assert(
    fc.property(address, fc.nat(128), (bytes, bits) => {
      const length = Math.min(bits, bytes.length * 8)
      const text = formatPrefix(bytes, length)
      assert.deepEqual(text && parsePrefix(text), { address: maskAddress(bytes, length), length })
      const binary = (value: Uint8Array): string =>
        Array.from(value, (byte) => byte.toString(2).padStart(8, '0')).join('')
      assert.equal(
        binary(maskAddress(bytes, length)),
        binary(bytes)
          .slice(0, length)
          .padEnd(bytes.length * 8, '0'),
      )
    }),
  )
})

test('parseAddress() and parsePrefix() never throw', () => {
  const almost = fc.string({ unit: fc.constantFrom(...'0123456789abcdf:./%'.split('')) })
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (text) => {
      const bytes = parseAddress(text)
      if (bytes) assert.ok(bytes.length === 4 || bytes.length === 16)
      parsePrefix(text)
    }),
    { numRuns: 1000 },
  )
})

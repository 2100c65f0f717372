/** The key pairs of RFC 7748 §6.1, and the clamping of §5. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makePrivateKey, publicKeyOf } from './key-pair.ts'

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

test('publicKeyOf() gives the public halves of RFC 7748 §6.1', () => {
  const rows = [
    [
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    ],
    [
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
  ] as const
  for (const [privateHex, publicHex] of rows) assert.equal(publicKeyOf(base64(privateHex)), base64(publicHex))
})

test('makePrivateKey() gives clamped keys, each another one', () => {
  const keys = Array.from({ length: 50 }, makePrivateKey)
  assert.equal(new Set(keys).size, 50)
  for (const key of keys) {
    const bytes = Buffer.from(key, 'base64')
    assert.equal(bytes.length, 32)
    assert.equal(bytes.readUInt8(0) & 7, 0)
    assert.equal(bytes.readUInt8(31) & 192, 64)
  }
})

/** BLAKE2s against RFC 7693: the example of appendix B and the self-test of appendix E. */
import { blake2s } from '@noble/hashes/blake2.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash, mac } from '../../src/protocols/wireguard/crypto.ts'
import { toHex } from './read-vectors.ts'

test('HASH gives the digest of "abc" of RFC 7693 appendix B', () => {
  const want = '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'
  assert.equal(toHex(hash(Buffer.from('abc'))), want)
  assert.equal(toHex(hash(Buffer.from('a'), Buffer.from('bc'))), want)
})

/** Appendix E, selftest_seq: a Fibonacci generator. */
function sequence(length: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed)
  let b = 1
  return Uint8Array.from({ length }, () => {
    const next = (a + b) | 0
    a = b
    b = next
    return next >>> 24
  })
}

test('HASH and MAC pass the self-test of RFC 7693 appendix E', () => {
  const digests: Uint8Array[] = []
  for (const length of [16, 20, 28, 32]) {
    for (const size of [0, 3, 64, 65, 255, 1024]) {
      const input = sequence(size, size)
      const key = sequence(length, length)
      digests.push(length === 32 ? hash(input) : blake2s(input, { dkLen: length }))
      digests.push(length === 16 ? mac(key, input) : blake2s(input, { dkLen: length, key }))
    }
  }
  const want = '6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe'
  assert.equal(toHex(hash(...digests)), want)
})

/**
 * One suite for every implementation of the Aead port: node:crypto, WebAssembly, OpenSSL's EVP, and OpenSSL's routines put
 * together by us. Vectors: RFC 8439 §2.8.2's construction by way of node:crypto as the oracle, because WireGuard has
 * no additional data and its nonce is a counter; appendix A.5's tag lengths do not apply.
 */
import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { loadChachaAead, loadEvpAead } from '../../src/linux/index.ts'
import { type Aead, loadWasmAead, nodeAead } from '../../src/protocols/wireguard/index.ts'

const implementations: readonly { name: string; load: () => Aead | undefined; native: boolean }[] = [
  { name: 'node:crypto', load: () => nodeAead, native: false },
  { name: 'WebAssembly', load: loadWasmAead, native: false },
  { name: 'EVP', load: loadEvpAead, native: true },
  { name: 'ChaCha20 and Poly1305', load: loadChachaAead, native: true },
]

const oracle = (keyBytes: Uint8Array, counter: number, text: Uint8Array): Buffer => {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64LE(BigInt(counter), 4)
  const cipher = createCipheriv('chacha20-poly1305', keyBytes, nonce, { authTagLength: 16 })
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

for (const { name, load, native } of implementations) {
  test(`${name}: is there on this runtime`, () => {
    assert.ok(load())
  })

  test(`${name}: seals in place as the oracle does and touches nothing around it`, () => {
    const aead = load()
    assert.ok(aead)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.maxSafeNat(),
        fc.uint8Array({ maxLength: 1600 }),
        fc.record({ before: fc.nat(150), after: fc.nat(70) }),
        (keyBytes, counter, text, room) => {
          const buffer = new Uint8Array(randomBytes(room.before + text.length + 16 + room.after))
          buffer.set(text, room.before)
          const want = buffer.slice()
          want.set(oracle(keyBytes, counter, text), room.before)
          const key = aead.key(keyBytes)
          key.seal(buffer, room.before, text.length, counter)
          assert.deepEqual(buffer, want)
          key.dispose()
        },
      ),
    )
  })

  test(`${name}: opens what the oracle sealed, leaving what surrounds it`, () => {
    const aead = load()
    assert.ok(aead)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.maxSafeNat(),
        fc.uint8Array({ maxLength: 1600 }),
        fc.record({ before: fc.nat(150), after: fc.nat(70) }),
        (keyBytes, counter, text, room) => {
          const sealed = oracle(keyBytes, counter, text)
          const buffer = new Uint8Array(randomBytes(room.before + sealed.length + room.after))
          buffer.set(sealed, room.before)
          const around = buffer.slice()
          const key = aead.key(keyBytes)
          assert.equal(key.open(buffer, room.before, sealed.length, counter), true)
          const end = room.before + text.length
          assert.deepEqual(buffer.subarray(room.before, end), text)
          assert.deepEqual(buffer.subarray(0, room.before), around.subarray(0, room.before))
          assert.deepEqual(buffer.subarray(end + 16), around.subarray(end + 16))
          key.dispose()
        },
      ),
    )
  })

  test(`${name}: refuses one changed bit, another counter, another key and what is shorter than a tag`, () => {
    const aead = load()
    assert.ok(aead)
    const keyBytes = randomBytes(32)
    const key = aead.key(keyBytes)
    const sealed = oracle(keyBytes, 7, randomBytes(100))
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const copy = new Uint8Array(sealed)
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assert.equal(key.open(copy, 0, copy.length, 7), false)
      }),
    )
    assert.equal(key.open(new Uint8Array(sealed), 0, sealed.length, 8), false)
    assert.equal(aead.key(randomBytes(32)).open(new Uint8Array(sealed), 0, sealed.length, 7), false)
    assert.equal(key.open(new Uint8Array(15), 0, 15, 7), false)
    key.dispose()
  })

  if (native) {
    test(`${name}: throws rather than touch memory outside the buffer`, () => {
      const aead = load()
      assert.ok(aead)
      const key = aead.key(randomBytes(32))
      const buffer = new Uint8Array(64)
      assert.throws(() => key.seal(buffer, 40, 20, 0), RangeError)
      assert.throws(() => key.seal(buffer, -1, 20, 0), RangeError)
      assert.throws(() => key.open(buffer, 40, 40, 0), RangeError)
      assert.throws(() => aead.key(new Uint8Array(31)))
      key.dispose()
    })
  }

  test(`${name}: two keys used in turn do not disturb each other`, () => {
    const aead = load()
    assert.ok(aead)
    const [one, two] = [randomBytes(32), randomBytes(32)]
    const [keyOne, keyTwo] = [aead.key(one), aead.key(two)]
    for (let counter = 0; counter < 20; counter++) {
      for (const [bytes, key] of [[one, keyOne] as const, [two, keyTwo] as const]) {
        const text = randomBytes(counter * 9)
        const buffer = new Uint8Array(text.length + 16)
        buffer.set(text)
        key.seal(buffer, 0, text.length, counter)
        assert.ok(oracle(bytes, counter, text).equals(buffer))
        assert.equal(key.open(buffer, 0, buffer.length, counter), true)
      }
    }
  })
}

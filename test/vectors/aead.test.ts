/** ChaCha20-Poly1305 against RFC 8439 and Wycheproof; XChaCha20-Poly1305 against the draft and Wycheproof. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aeadOpen,
  aeadSeal,
  concat,
  hchacha20,
  xaeadOpen,
  xaeadSeal,
} from '../../src/protocols/wireguard/crypto.ts'
import { nodeAead } from '../../src/protocols/wireguard/index.ts'
import { fromHex, readVectors, toHex } from './read-vectors.ts'

interface AeadTest {
  readonly tcId: number
  readonly comment: string
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: 'valid' | 'invalid'
}

const SUNSCREEN =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."

test('AEAD seals and opens the message of RFC 8439 §2.8.2', () => {
  const input = {
    key: Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index),
    nonce: fromHex('070000004041424344454647'),
    additionalData: fromHex('50515253c0c1c2c3c4c5c6c7'),
  }
  const sealed = aeadSeal(input, Buffer.from(SUNSCREEN))
  assert.equal(toHex(sealed.subarray(0, 16)), 'd31a8d34648e60db7b86afbc53ef7ec2')
  assert.equal(toHex(sealed.subarray(-16)), '1ae10b594f09e26a7e902ecbd0600691')
  assert.equal(Buffer.from(aeadOpen(input, sealed)!).toString(), SUNSCREEN)
})

test('AEAD opens the message of RFC 8439 appendix A.5', () => {
  const input = {
    key: fromHex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0'),
    nonce: fromHex('000000000102030405060708'),
    additionalData: fromHex('f33388860000000000004e91'),
  }
  const text =
    'Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or ' +
    'obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference ' +
    'material or to cite them other than as /“work in progress./”'
  const sealed = aeadSeal(input, Buffer.from(text))
  assert.equal(toHex(sealed.subarray(0, 16)), '64a0861575861af460f062c79be643bd')
  assert.equal(toHex(sealed.subarray(-16)), 'eead9d67890cbb22392336fea1851f38')
  assert.equal(Buffer.from(aeadOpen(input, sealed)!).toString(), text)
})

test('HChaCha20 gives the subkey of draft-irtf-cfrg-xchacha-03 §2.2.1', () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index)
  const subkey = hchacha20(key, fromHex('000000090000004a0000000031415927'))
  assert.equal(toHex(subkey), '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc')
})

test('XAEAD seals the message of draft-irtf-cfrg-xchacha-03 appendix A.3.1', () => {
  const input = {
    key: Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index),
    nonce: Uint8Array.from({ length: 24 }, (_, index) => 0x40 + index),
    additionalData: fromHex('50515253c0c1c2c3c4c5c6c7'),
  }
  const sealed = xaeadSeal(input, Buffer.from(SUNSCREEN))
  assert.equal(toHex(sealed.subarray(0, 16)), 'bd6d179d3e83d43b9576579493c0e939')
  assert.equal(toHex(sealed.subarray(-16)), 'c0875924c1c7987947deafd8780acf49')
})

for (const { file, seal, open } of [
  { file: 'wycheproof-chacha20-poly1305.json', seal: aeadSeal, open: aeadOpen },
  { file: 'wycheproof-xchacha20-poly1305.json', seal: xaeadSeal, open: xaeadOpen },
]) {
  test(`AEAD agrees with ${file}`, () => {
    const { tests } = readVectors<AeadTest>(file)
    for (const row of tests) {
      const input = { key: fromHex(row.key), nonce: fromHex(row.iv), additionalData: fromHex(row.aad) }
      const sealed = fromHex(row.ct + row.tag)
      const about = `tcId ${row.tcId} ${row.comment}`
      const opened = open(input, sealed)
      assert.equal(opened && toHex(opened), row.result === 'valid' ? row.msg : undefined, about)
      if (row.result === 'valid') assert.deepEqual(seal(input, fromHex(row.msg)), sealed, about)
    }
    assert.ok(tests.some((row) => row.result === 'invalid'))
  })
}

test('nodeAead seals in place what AEAD seals, with the counter as WireGuard’s nonce', () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index)
  for (const [counter, nonceHex] of [
    [0, '000000000000000000000000'],
    [1, '000000000100000000000000'],
    [2 ** 32 + 5, '000000000500000001000000'],
    [2 ** 53 - 1, '00000000ffffffffffff1f00'],
  ] as const) {
    const plaintext = Uint8Array.from({ length: 37 }, (_, index) => index * 7)
    const buffer = concat(Uint8Array.of(1, 2), plaintext, new Uint8Array(16), Uint8Array.of(3))
    const subject = nodeAead.key(key)
    subject.seal(buffer, 2, plaintext.length, counter)
    const want = aeadSeal({ key, nonce: fromHex(nonceHex), additionalData: new Uint8Array(0) }, plaintext)
    assert.equal(toHex(buffer), `0102${toHex(want)}03`)
    assert.equal(subject.open(buffer, 2, want.length, counter), true)
    assert.deepEqual(buffer.subarray(2, 2 + plaintext.length), plaintext)
  }
})

/** Which cipher a tunnel takes, and that one which is wrong is not taken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Aead, nodeAead } from '../protocols/wireguard/index.ts'
import { chooseAead, provesItself } from './choose-aead.ts'

test('each engine has a fast cipher that proves itself', () => {
  assert.equal(chooseAead('native').name, 'chacha20-poly1305')
  assert.equal(chooseAead('plain').name, 'wasm')
  for (const kind of ['native', 'plain'] as const) assert.ok(provesItself(chooseAead(kind).aead))
})

/** node:crypto, spoilt in one way. */
const spoilt = (change: Partial<ReturnType<Aead['key']>>): Aead => ({
  key: (bytes) => {
    const key = nodeAead.key(bytes)
    return {
      seal: (buffer, offset, length, counter) => key.seal(buffer, offset, length, counter),
      open: (buffer, offset, length, counter) => key.open(buffer, offset, length, counter),
      dispose: () => key.dispose(),
      ...change,
    }
  },
})

test('a cipher that takes a changed tag, opens nothing, or seals in its own way is not taken', () => {
  assert.ok(provesItself(spoilt({})))
  assert.equal(provesItself(spoilt({ open: () => true })), false)
  assert.equal(provesItself(spoilt({ open: () => false })), false)
  assert.equal(provesItself(spoilt({ seal: () => {} })), false)
})

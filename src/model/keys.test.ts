/** Keys as text and as bytes, their public halves, and how they do not print. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { decodeBase64, encodeBase64, isKeyText, keyFromBytes } from './key-text.ts'
import type { Secret } from './kinds/index.ts'
import { validateObject } from './load.ts'
import { keyInSecret, resolveKey, WITHHELD } from './resolve-key.ts'
import { secretText } from './secret-text.ts'
import { publicKeyOf } from './x25519.ts'

const hex = (text: string): string => Buffer.from(text, 'hex').toString('base64')

test('publicKeyOf() gives the public keys of RFC 7748 §6.1', () => {
  const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'
  assert.equal(
    publicKeyOf(hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')),
    hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
  )
  assert.equal(publicKeyOf(hex(bob)), hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'))
})

test('publicKeyOf() agrees with the platform', () => {
  for (let run = 0; run < 20; run++) {
    const bytes = randomBytes(32)
    const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes])
    const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    const want = key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')
    assert.equal(publicKeyOf(bytes.toString('base64')), want)
  }
})

test('base64 agrees with the platform both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      assert.equal(encodeBase64(bytes), text)
      assert.deepEqual(decodeBase64(text), bytes)
      assert.equal(isKeyText(text), bytes.length === 32)
    }),
  )
})

test('isKeyText() refuses what wg refuses', () => {
  const key = Buffer.alloc(32, 7).toString('base64')
  assert.ok(isKeyText(key))
  // The last character carries bits that 32 bytes do not have.
  for (const text of [
    '',
    key.slice(1),
    `${key}=`,
    key.replace('c=', 'd='),
    key.replace('=', 'A'),
    `${key}\n`,
  ]) {
    assert.ok(!isKeyText(text), text)
  }
})

const secretOf = (value: object): Secret => {
  const given = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...value }
  const { objects, problems } = validateObject(given, { file: 'test' })
  assert.deepEqual(problems, [])
  return objects[0] as Secret
}

const KEY = Buffer.alloc(32, 9).toString('base64')

const rows: readonly { name: string; given: object; want: string }[] = [
  { name: 'base64 of the raw bytes', given: { data: { k: KEY } }, want: KEY },
  { name: 'base64 of the base64 text', given: { data: { k: btoa(KEY) } }, want: KEY },
  { name: 'base64 of the text and a line feed', given: { data: { k: btoa(`${KEY}\n`) } }, want: KEY },
  { name: 'the base64 text in stringData', given: { stringData: { k: `${KEY}\n` } }, want: KEY },
  { name: 'stringData before data', given: { data: { k: 'AAAA' }, stringData: { k: KEY } }, want: KEY },
  { name: '31 bytes', given: { data: { k: btoa('a'.repeat(31)) } }, want: 'not-a-key' },
  { name: 'no base64', given: { data: { k: '***' } }, want: 'not-a-key' },
  { name: 'an empty text', given: { stringData: { k: '' } }, want: 'not-a-key' },
  { name: 'another entry', given: { stringData: { other: KEY } }, want: 'no-entry' },
  { name: 'nothing', given: {}, want: 'no-entry' },
  {
    name: 'a withheld Secret',
    given: { metadata: { name: 's', annotations: { [WITHHELD]: 'true' } }, data: { k: KEY } },
    want: 'withheld',
  },
]

for (const { name, given, want } of rows) {
  test(`GC-16 a key from a Secret: ${name}`, () => {
    const resolved = keyInSecret(secretOf(given), 'k')
    assert.equal(resolved.kind === 'key' ? resolved.key.reveal() : resolved.reason, want)
  })
}

test('resolveKey() finds the Secret by namespace and name', () => {
  const objects = [secretOf({ stringData: { k: KEY } })]
  const source = { kind: 'secret', namespace: 'default', name: 's', key: 'k' } as const
  assert.equal(resolveKey(objects, source)?.reveal(), KEY)
  assert.equal(resolveKey(objects, { ...source, namespace: 'other' }), undefined)
  assert.equal(resolveKey(objects, { kind: 'node' }), undefined)
  assert.equal(resolveKey(objects, { kind: 'inline', value: secretText(KEY) })?.reveal(), KEY)
})

test('keyFromBytes() takes 32 bytes or their text and nothing else', () => {
  assert.equal(keyFromBytes(new Uint8Array(33)), undefined)
  assert.equal(keyFromBytes(new Uint8Array(4096)), undefined)
  assert.equal(keyFromBytes(new Uint8Array(32)), Buffer.alloc(32).toString('base64'))
})

test('a secret does not print', () => {
  const secret = secretText('hunter2')
  const shown = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect({ a: [secret] }),
    inspect(secret, { showHidden: true, depth: 9 }),
  ]
  for (const text of shown) assert.ok(!text.includes('hunter2'), text)
  assert.deepEqual(Object.values(secret), [])
})

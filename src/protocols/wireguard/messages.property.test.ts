/** The codec of the four messages: round trips, and bytes from strangers. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeMessage,
  encodeCookieReply,
  encodeInitiation,
  encodeResponse,
  readCounter,
  writeTransportHeader,
} from './messages.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const index = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const zeros = new Uint8Array(16)

test('decodeMessage() reads back every initiation, response and cookie reply', () => {
  fc.assert(
    fc.property(index, index, bytes(108), bytes(48), bytes(24), bytes(32), (sender, receiver, ...parts) => {
      const [first, second, nonce, sealed] = parts
      const macs = { mac1: zeros, mac2: zeros }
      assert.deepEqual(decodeMessage(encodeInitiation(sender, first)), {
        ...{ kind: 'initiation', sender, noise: first },
        ...macs,
      })
      assert.deepEqual(decodeMessage(encodeResponse({ sender, receiver, noise: second })), {
        ...{ kind: 'response', sender, receiver, noise: second },
        ...macs,
      })
      assert.deepEqual(decodeMessage(encodeCookieReply({ receiver, nonce, sealed })), {
        ...{ kind: 'cookie-reply', receiver, nonce, sealed },
      })
    }),
  )
})

test('decodeMessage() reads back transport headers with counters up to 2^53 - 1', () => {
  fc.assert(
    fc.property(index, fc.maxSafeNat(), bytes(32), (receiver, counter, sealed) => {
      const datagram = new Uint8Array(16 + sealed.length)
      datagram.set(sealed, 16)
      writeTransportHeader(datagram, 0, receiver, counter)
      assert.deepEqual(decodeMessage(datagram), { kind: 'transport', receiver, counter, sealed })
    }),
  )
})

test('readCounter() says -1 from 2^53 on', () => {
  const buffer = new Uint8Array(8)
  for (const [value, want] of [
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n, -1],
    [2n ** 64n - 1n, -1],
  ] as const) {
    new DataView(buffer.buffer).setBigUint64(0, value, true)
    assert.equal(readCounter(buffer, 0), want)
  }
})

test('decodeMessage() refuses every wrong length and type, and never throws', () => {
  const lengths = { 1: 148, 2: 92, 3: 64 } as const
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 6 }), (datagram, type) => {
      if (datagram.length > 0) datagram[0] = type
      datagram.fill(0, 1, 4)
      const message = decodeMessage(datagram)
      const fits = type === 4 ? datagram.length >= 32 : datagram.length === lengths[type as 1 | 2 | 3]
      assert.equal(message !== undefined, fits)
    }),
  )
})

test('decodeMessage() refuses reserved bytes that are not zero', () => {
  const datagram = new Uint8Array(148)
  datagram.set([1, 0, 1, 0])
  assert.equal(decodeMessage(datagram), undefined)
})

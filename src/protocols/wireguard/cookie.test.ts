/** MAC1, MAC2 and cookie replies between one initiator and one responder. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CookieChecker, CookieJar } from './cookie.ts'
import { decodeMessage, encodeInitiation } from './messages.ts'
import type { CookieReply } from './messages.ts'

const responder = Uint8Array.from({ length: 32 }, (_, index) => index)
const from = { address: '192.0.2.1', port: 4711 }
let drawn = 0
const random = (length: number): Uint8Array => new Uint8Array(length).fill((drawn += 1))

function exchange(): { checker: CookieChecker; jar: CookieJar; reply: CookieReply; datagram: Uint8Array } {
  const checker = new CookieChecker(responder, random)
  const jar = new CookieJar(responder)
  const datagram = encodeInitiation(7, new Uint8Array(108))
  jar.sign(datagram, 0)
  const reply = decodeMessage(checker.reply(datagram, 7, from, 0))
  assert.ok(reply?.kind === 'cookie-reply' && reply.receiver === 7)
  return { checker, jar, reply, datagram }
}

test('a signed message has MAC1, and any changed byte before it takes it away', () => {
  const { checker, datagram } = exchange()
  assert.equal(checker.hasMac1(datagram), true)
  datagram[50]! ^= 1
  assert.equal(checker.hasMac1(datagram), false)
})

test('a message signed for another responder has no MAC1', () => {
  const datagram = encodeInitiation(7, new Uint8Array(108))
  new CookieJar(new Uint8Array(32)).sign(datagram, 0)
  assert.equal(new CookieChecker(responder, random).hasMac1(datagram), false)
})

test('a cookie gives MAC2 from its own source and from no other', () => {
  const { checker, jar, reply, datagram } = exchange()
  assert.equal(checker.hasMac2(datagram, from, 0), false)
  assert.equal(jar.accept(reply, 10), true)
  jar.sign(datagram, 20)
  assert.equal(checker.hasMac2(datagram, from, 30), true)
  assert.equal(checker.hasMac2(datagram, { ...from, port: 4712 }, 30), false)
  assert.equal(checker.hasMac2(datagram, { ...from, address: '192.0.2.2' }, 30), false)
})

test('a cookie is used for 115 seconds, and its secret lives for 120', () => {
  const { checker, jar, reply, datagram } = exchange()
  jar.accept(reply, 0)
  jar.sign(datagram, 114_999)
  assert.equal(checker.hasMac2(datagram, from, 119_999), true)
  assert.equal(checker.hasMac2(datagram, from, 120_000), false)
  const late = encodeInitiation(8, new Uint8Array(108))
  jar.sign(late, 115_000)
  assert.deepEqual(late.subarray(-16), new Uint8Array(16))
})

test('a cookie reply is taken once, and only for the message it answers', () => {
  const { jar, reply } = exchange()
  assert.equal(jar.accept(reply, 0), true)
  assert.equal(jar.accept(reply, 0), false)
  const other = exchange()
  assert.equal(other.jar.accept({ ...reply, nonce: new Uint8Array(24) }, 0), false)
})

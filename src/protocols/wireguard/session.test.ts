/** One keypair: its limits in time, padding, and the three slots of a peer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Keypairs } from './keypairs.ts'
import { nodeAead } from './node-aead.ts'
import { paddedLength, Session } from './session.ts'

const key = new Uint8Array(32).fill(1)
const session = (localIndex: number, isInitiator = true): Session =>
  new Session({
    aead: nodeAead,
    send: key,
    receive: key,
    localIndex,
    remoteIndex: 9,
    isInitiator,
    createdAt: 0,
  })

test('a session opens each datagram once, and only whole', () => {
  const subject = session(1)
  const datagram = new Uint8Array(16 + 32 + 16).fill(5)
  subject.seal(datagram, 0, 32)
  const copy = datagram.slice()
  const broken = datagram.slice()
  broken[20]! ^= 1
  assert.equal(subject.open(broken, 0, broken.length, 0), 'wrong-tag')
  assert.equal(subject.open(datagram, 0, datagram.length, 0), 'ok')
  assert.deepEqual(datagram.subarray(16, 48), new Uint8Array(32).fill(5))
  assert.equal(subject.open(copy, 0, copy.length, 0), 'replayed-counter')
})

test('a session sends and receives for 180 seconds, and its initiator renews it after 120', () => {
  const subject = session(1)
  const datagram = new Uint8Array(32)
  subject.seal(datagram, 0, 0)
  assert.equal(subject.maySend(179_999), true)
  assert.equal(subject.maySend(180_000), false)
  assert.equal(subject.open(datagram, 0, 32, 180_000), 'expired-key')
  assert.equal(subject.wantsRekey(119_999), false)
  assert.equal(subject.wantsRekey(120_000), true)
  assert.equal(session(1, false).wantsRekey(170_000), false)
})

test('a session refuses counters beyond 2^53', () => {
  const datagram = new Uint8Array(32).fill(0xff)
  assert.equal(session(1).open(datagram, 0, 32, 0), 'expired-key')
})

test('paddedLength() goes to the next 16 bytes but not beyond the MTU', () => {
  const rows = [
    [0, 0],
    [1, 16],
    [16, 16],
    [1409, 1420],
    [1420, 1420],
    [1408, 1408],
    [1500, 1500],
  ] as const
  for (const [length, want] of rows) assert.equal(paddedLength(length, 1420), want, `${length}`)
})

function slots(): { keypairs: Keypairs; retired: number[] } {
  const retired: number[] = []
  return { keypairs: new Keypairs(({ localIndex }) => retired.push(localIndex)), retired }
}

test('an initiator uses a new session at once and keeps the last one for receiving', () => {
  const { keypairs, retired } = slots()
  for (const index of [1, 2, 3]) keypairs.addAsInitiator(session(index))
  assert.equal(keypairs.current?.localIndex, 3)
  assert.ok(keypairs.find(2))
  assert.deepEqual(retired, [1])
})

test('a responder keeps sending on the old session until the new one is proven', () => {
  const { keypairs, retired } = slots()
  keypairs.addAsInitiator(session(1))
  const next = session(2, false)
  keypairs.addAsResponder(next)
  assert.equal(keypairs.current?.localIndex, 1)
  assert.equal(keypairs.confirm(keypairs.current), false)
  assert.equal(keypairs.confirm(next), true)
  assert.equal(keypairs.current?.localIndex, 2)
  assert.ok(keypairs.find(1))
  assert.deepEqual(retired, [])
})

test('an unproven session is replaced by a newer one, and kept when our own initiation wins', () => {
  const { keypairs, retired } = slots()
  keypairs.addAsInitiator(session(1))
  keypairs.addAsResponder(session(2, false))
  keypairs.addAsResponder(session(3, false))
  assert.deepEqual(retired, [2])
  keypairs.addAsInitiator(session(4))
  assert.ok(keypairs.find(3) && keypairs.find(4))
  assert.deepEqual(retired, [2, 1])
})

test('cleared slots hold nothing', () => {
  const { keypairs, retired } = slots()
  keypairs.addAsInitiator(session(1))
  keypairs.addAsResponder(session(2, false))
  keypairs.clear()
  assert.equal(keypairs.current, undefined)
  assert.deepEqual(retired, [1, 2])
})

/** The timers of paper §6, one row of events at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerTimers } from './timers.ts'

function newTimers(): { timers: PeerTimers; wake: { at: number } } {
  const wake = { at: Number.POSITIVE_INFINITY }
  return { timers: new PeerTimers(wake), wake }
}

test('an initiation is repeated after REKEY_TIMEOUT and jitter, and given up after 90 seconds', () => {
  const { timers, wake } = newTimers()
  const events: string[] = []
  let now = 0
  timers.handshakeStarted()
  timers.initiationSent(now, 100)
  assert.equal(wake.at, 5_100)
  while (events.at(-1) !== 'give-up-handshake' && events.length < 50) {
    assert.equal(timers.due(timers.nextDeadline - 1), undefined)
    now = timers.nextDeadline
    events.push(timers.due(now) ?? 'nothing')
    timers.initiationSent(now, 100)
  }
  assert.equal(events.length, 19)
  assert.equal(now, 19 * 5_100)
})

test('a completed handshake ends the repetition', () => {
  const { timers } = newTimers()
  timers.initiationSent(0, 0)
  timers.handshakeComplete()
  assert.equal(timers.nextDeadline, Number.POSITIVE_INFINITY)
})

test('received data is answered by a keepalive after 10 seconds, unless something is sent', () => {
  const { timers } = newTimers()
  timers.dataReceived(0)
  timers.dataReceived(4_000)
  assert.equal(timers.due(9_999), undefined)
  assert.equal(timers.due(10_000), 'send-keepalive')
  timers.dataReceived(20_000)
  timers.dataSent(25_000)
  assert.equal(timers.due(30_000), undefined)
})

test('sent data without any answer for 15 seconds starts a handshake', () => {
  const { timers } = newTimers()
  timers.dataSent(0)
  timers.dataSent(9_000)
  assert.equal(timers.due(14_999), undefined)
  assert.equal(timers.due(15_000), 'new-handshake')
  timers.dataSent(20_000)
  timers.received(21_000)
  assert.equal(timers.due(60_000), undefined)
})

test('keys are zeroed 540 seconds after the last new session', () => {
  const { timers } = newTimers()
  timers.sessionDerived(0)
  timers.sessionDerived(100_000)
  assert.equal(timers.due(540_000), undefined)
  assert.equal(timers.due(640_000), 'zero-keys')
})

test('a persistent keepalive counts from the last authentic datagram in either direction', () => {
  const { timers } = newTimers()
  timers.setPersistentKeepalive(25_000, 0)
  timers.received(10_000)
  timers.keepaliveSent(20_000)
  assert.equal(timers.due(44_999), undefined)
  assert.equal(timers.due(45_000), 'persistent-keepalive')
  timers.setPersistentKeepalive(0, 46_000)
  assert.equal(timers.nextDeadline, Number.POSITIVE_INFINITY)
})

/** TAI64N labels: their value, their order, and their life across restarts. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareTimestamps, HandshakeClock } from './tai64n.ts'

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('HandshakeClock writes TAI64 labels with whitened nanoseconds', () => {
  // https://cr.yp.to/libtai/tai64.html: 1970-01-01 00:00:00 TAI is 4000000000000000; UTC was 10 s behind.
  for (const [wallClockMs, want] of [
    [17, '400000000000000a01000000'],
    [1_000, '400000000000000b00000000'],
    [1_700_000_000_999, '400000006553f10a3b000000'],
  ] as const) {
    assert.equal(toHex(new HandshakeClock(undefined).next(wallClockMs)), want)
  }
})

test('HandshakeClock rises with every timestamp, whatever the clock does and however often it restarts', () => {
  const event = fc.oneof(fc.constant('restart' as const), fc.integer({ min: -1000, max: 2 ** 42 }))
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let clock = new HandshakeClock(undefined)
      let last = new Uint8Array(12)
      for (const happened of events) {
        if (happened === 'restart') {
          clock = new HandshakeClock(clock.reserved)
          continue
        }
        const next = Uint8Array.from(clock.next(happened))
        assert.ok(compareTimestamps(next, last) > 0)
        // What is persisted may be ahead, never behind.
        assert.ok(compareTimestamps(Buffer.from(clock.reserved, 'hex'), next) >= 0)
        last = next
      }
    }),
  )
})

test('HandshakeClock asks to be persisted once a minute, not once a handshake', () => {
  const clock = new HandshakeClock(undefined)
  const persisted = new Set<string>()
  for (let second = 0; second < 600; second += 5) {
    clock.next(1_700_000_000_000 + second * 1000)
    persisted.add(clock.reserved)
  }
  assert.ok(persisted.size <= 11, `${persisted.size} writes in ten minutes`)
})

test('HandshakeClock starts anew from text that is no timestamp', () => {
  for (const text of ['', 'x'.repeat(24), '00'.repeat(12), 'ff'.repeat(12)]) {
    assert.equal(toHex(new HandshakeClock(text).next(1_000)), '400000000000000b00000000', text)
  }
})

/** The load meter and the token buckets, by the clock that the test gives them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoadMeter, PACKETS_BURST, RateLimiter } from './rate-limit.ts'

test('LoadMeter is under load after more than the limit in a second, and a second longer', () => {
  const meter = new LoadMeter(3)
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((now) => meter.count(now)),
    [false, false, false, true, true],
  )
  assert.equal(meter.count(1_003), true)
  assert.equal(meter.count(1_004), false)
})

test('RateLimiter gives a burst, then one token every 50 ms, to each address by itself', () => {
  const limiter = new RateLimiter()
  const burst = Array.from({ length: PACKETS_BURST + 1 }, () => limiter.allow('192.0.2.1', 0))
  assert.deepEqual(burst, [true, true, true, true, true, false])
  assert.equal(limiter.allow('192.0.2.2', 0), true)
  assert.equal(limiter.allow('192.0.2.1', 49), false)
  assert.equal(limiter.allow('192.0.2.1', 50), true)
  assert.equal(limiter.allow('192.0.2.1', 51), false)
})

test('RateLimiter counts an IPv6 /64 as one source', () => {
  const limiter = new RateLimiter()
  for (let host = 0; host < PACKETS_BURST; host += 1) assert.ok(limiter.allow(`2001:db8::${host}`, 0))
  assert.equal(limiter.allow('2001:db8::ffff', 0), false)
  assert.equal(limiter.allow('2001:db8:0:1::1', 0), true)
})

test('RateLimiter holds a bounded number of sources and forgets those that are full again', () => {
  const limiter = new RateLimiter()
  const address = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
  let allowed = 0
  for (let index = 0; index < 10_000; index += 1) if (limiter.allow(address(index), 0)) allowed += 1
  assert.equal(allowed, 8_192)
  assert.equal(limiter.allow(address(9_999), 250), true)
})

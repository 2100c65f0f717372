/** RFC 6298, row by row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RoundTrip } from './round-trip.ts'

const rows = [
  { name: '§2.1: one second before any sample', samples: [], want: { smoothed: -1, rto: 1_000 } },
  { name: '§2.2: SRTT = R, RTTVAR = R/2', samples: [500], want: { smoothed: 500, rto: 1_500 } },
  {
    name: '§2.3: an eighth and a quarter of what is new',
    samples: [500, 100],
    want: { smoothed: 450, rto: 1_600 - 0 },
  },
  {
    name: 'a steady path keeps an allowance of 200 ms',
    samples: Array(60).fill(80),
    want: { smoothed: 80, rto: 280 },
  },
]

for (const { name, samples, want } of rows) {
  test(`RoundTrip: ${name}`, () => {
    const roundTrip = new RoundTrip()
    for (const sample of samples) roundTrip.sample(sample)
    assert.equal(roundTrip.smoothedMs, want.smoothed)
    assert.equal(Math.round(roundTrip.timeoutMs), want.rto)
  })
}

test('RoundTrip: §5.5, every expiry doubles it, up to a minute', () => {
  const roundTrip = new RoundTrip()
  const timeouts = Array.from({ length: 8 }, () => {
    const { timeoutMs } = roundTrip
    roundTrip.backOff()
    return timeoutMs
  })
  assert.deepEqual(timeouts, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
})

test('RoundTrip: for congestion control the least since the last time counts', () => {
  const roundTrip = new RoundTrip()
  for (const sample of [50, 40, 60]) roundTrip.sample(sample)
  assert.equal(roundTrip.takeRecent(), 40)
  assert.equal(roundTrip.takeRecent(), roundTrip.smoothedMs)
})

test('RoundTrip: §5.7, three seconds after a SYN that was lost, unless there is a sample', () => {
  const roundTrip = new RoundTrip()
  roundTrip.synWasLost()
  assert.equal(roundTrip.timeoutMs, 3_000)
  roundTrip.sample(100)
  assert.equal(roundTrip.timeoutMs, 300)
})

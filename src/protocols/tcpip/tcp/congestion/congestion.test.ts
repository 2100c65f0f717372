/** Both algorithms at the places that RFC 5681, RFC 9438 and RFC 9406 name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { congestionControl } from './index.ts'
import type { CongestionControl } from './control.ts'

const MSS = 1_000

/** `rounds` round trips in which every byte of the window is acknowledged, in pieces of two segments. */
function drive(c: CongestionControl, o: { rounds: number; rttMs: number; fromMs?: number }): number {
  let now = o.fromMs ?? 0
  for (let round = 0; round < o.rounds; round++) {
    now += o.rttMs
    const window = c.windowBytes
    for (let done = 0; done < window; done += 2 * MSS)
      c.acknowledged(Math.min(2 * MSS, window - done), now, o.rttMs)
    c.roundBegan()
  }
  return now
}

for (const name of ['cubic', 'newreno'] as const) {
  test(`${name}: RFC 6928 §2, the first window is ten segments, or one after lost SYNs`, () => {
    const c = congestionControl(name, MSS)
    assert.equal(c.windowBytes, 10 * MSS)
    c.start(1_460, false)
    assert.equal(c.windowBytes, 14_600)
    c.start(9_000, false)
    assert.equal(c.windowBytes, 18_000)
    c.start(MSS, true)
    assert.equal(c.windowBytes, MSS)
  })

  test(`${name}: slow start doubles the window each round trip`, () => {
    const c = congestionControl(name, MSS)
    drive(c, { rounds: 3, rttMs: 50 })
    assert.equal(c.windowBytes, 80 * MSS)
  })

  test(`${name}: a timeout leaves one segment, and slow start up to the threshold`, () => {
    const c = congestionControl(name, MSS)
    drive(c, { rounds: 3, rttMs: 50 })
    c.lost(80 * MSS, 150)
    c.timedOut()
    assert.equal(c.windowBytes, MSS)
    assert.equal(c.thresholdBytes, (name === 'cubic' ? 56 : 40) * MSS)
    drive(c, { rounds: 4, rttMs: 50, fromMs: 150 })
    assert.equal(c.windowBytes, 16 * MSS)
  })

  test(`${name}: what was no loss is undone`, () => {
    const c = congestionControl(name, MSS)
    drive(c, { rounds: 3, rttMs: 50 })
    const { windowBytes, thresholdBytes } = c
    c.lost(80 * MSS, 150)
    c.timedOut()
    c.undo()
    assert.deepEqual([c.windowBytes, c.thresholdBytes], [windowBytes, thresholdBytes])
  })

  test(`${name}: the threshold is never below two segments, nor the window after a pause above the first`, () => {
    const c = congestionControl(name, MSS)
    c.lost(100, 0)
    assert.equal(c.thresholdBytes, 2 * MSS)
    c.windowBytes = 500 * MSS
    c.restart()
    assert.equal(c.windowBytes, 10 * MSS)
  })
}

for (const name of ['cubic', 'newreno'] as const) {
  test(`${name}: one acknowledgment of very much does not lead beyond the threshold`, () => {
    const c = congestionControl(name, MSS)
    c.lost(100 * MSS, 0)
    c.timedOut()
    const { thresholdBytes } = c
    c.acknowledged(1_000 * MSS, 100, 50)
    assert.equal(c.windowBytes, thresholdBytes)
  })
}

test('newreno: RFC 5681 §3.1, one segment more per round trip', () => {
  const c = congestionControl('newreno', MSS)
  c.windowBytes = 40 * MSS
  c.lost(40 * MSS, 0)
  c.windowBytes = c.thresholdBytes
  drive(c, { rounds: 10, rttMs: 50 })
  assert.ok(Math.abs(c.windowBytes - 30 * MSS) <= MSS, `${c.windowBytes}`)
})

test('cubic: RFC 9438 §4.2, back at Wmax after K seconds, and beyond it afterwards', () => {
  const c = congestionControl('cubic', MSS)
  const wmax = 1_000 * MSS
  c.windowBytes = wmax
  c.lost(wmax, 0)
  c.windowBytes = c.thresholdBytes
  assert.equal(c.windowBytes, 700 * MSS)
  // K = cbrt(Wmax (1 - β) / C) = cbrt(1000 × 0.3 / 0.4) = 9.09 s
  let now = drive(c, { rounds: 91, rttMs: 100 })
  assert.ok(Math.abs(c.windowBytes - wmax) < 5 * MSS, `${c.windowBytes}`)
  now = drive(c, { rounds: 30, rttMs: 100, fromMs: now })
  // 3 s later: C × 3³ = 10.8 segments above.
  assert.ok(Math.abs(c.windowBytes - wmax - 10.8 * MSS) < 3 * MSS, `${c.windowBytes}`)
})

test('cubic: §4.3, on short paths it is as fast as Reno', () => {
  const c = congestionControl('cubic', MSS)
  c.windowBytes = 20 * MSS
  c.lost(20 * MSS, 0)
  c.windowBytes = c.thresholdBytes
  drive(c, { rounds: 20, rttMs: 5 })
  // α = 0.53 segments per round trip until the window is back, one from then on.
  assert.ok(c.windowBytes > 22 * MSS && c.windowBytes < 34 * MSS, `${c.windowBytes}`)
})

test('cubic: §4.7, who loses below the last Wmax leaves room for others', () => {
  const c = congestionControl('cubic', MSS)
  c.windowBytes = 1_000 * MSS
  c.lost(1_000 * MSS, 0)
  c.windowBytes = 800 * MSS
  c.lost(800 * MSS, 1_000)
  c.windowBytes = c.thresholdBytes
  assert.equal(c.windowBytes, 560 * MSS)
  // Wmax is 800 (1 + β) / 2 = 680: K = cbrt(120 / 0.4) = 6.7 s
  drive(c, { rounds: 67, rttMs: 100, fromMs: 1_000 })
  assert.ok(Math.abs(c.windowBytes - 680 * MSS) < 4 * MSS, `${c.windowBytes}`)
})

test('cubic: RFC 9406, slow start ends when round trips grow', () => {
  const c = congestionControl('cubic', MSS)
  let now = drive(c, { rounds: 4, rttMs: 40 })
  const before = c.windowBytes
  for (let round = 0; round < 8; round++) now = drive(c, { rounds: 1, rttMs: 50 + round, fromMs: now })
  assert.ok(c.thresholdBytes < 2 ** 29, 'it is over')
  assert.ok(c.windowBytes < 4 * before, `${c.windowBytes}`)
})

/** Two ends of a direct path that cannot talk about it agree all the same, for every way the path can break. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { directPath, initialPath, nextPathSampleMs } from './direct-path.ts'
import type { PathState } from './direct-path.ts'
import { seen } from './samples.ts'

const BOUND_MS = 2 * 25_000 + 5_000
const STEP_MS = 250

/** One end: its decision, and the peer as a device would show it. */
interface End {
  state: PathState | undefined
  rxBytes: number
  handshakeMs: number | undefined
  nextLookMs: number
}

const newEnd = (nextLookMs: number): End => ({
  state: undefined,
  rxBytes: 0,
  handshakeMs: undefined,
  nextLookMs,
})

/**
 * A path between two devices: keepalives over a session; first messages of handshakes every 5 s where there is
 * none, which count as received at the other end; a handshake when both directions pass; sessions that are made
 * anew after 120 s and are dead after 180 s.
 */
class Pair {
  nowMs = 0
  readonly keepaliveSeconds: number
  readonly ends: [End, End]
  passes: [boolean, boolean] = [true, true]

  constructor(keepaliveSeconds = 25, offsetMs = 2_000) {
    this.keepaliveSeconds = keepaliveSeconds
    this.ends = [newEnd(0), newEnd(offsetMs)]
  }

  step(): void {
    this.nowMs += STEP_MS
    const [a, b] = this.ends
    for (const end of this.ends) if (end.state?.phase === 'silent') end.handshakeMs = undefined
    const both = a.state?.phase !== 'silent' && b.state?.phase !== 'silent'
    const old = (end: End, ms: number): boolean =>
      end.handshakeMs === undefined || this.nowMs - end.handshakeMs > ms
    const send = (from: End, to: End, bytes: number): void => {
      if (from.state?.phase === 'silent' || to.state?.phase === 'silent') return
      if (this.passes[from === a ? 0 : 1]) to.rxBytes += bytes
    }
    if (this.nowMs % 5_000 === 0) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        if (old(from, 120_000)) send(from, to, 148)
      if (both && this.passes[0] && this.passes[1] && (old(a, 120_000) || old(b, 120_000))) {
        a.handshakeMs = this.nowMs
        b.handshakeMs = this.nowMs
      }
    }
    if (this.nowMs % (this.keepaliveSeconds * 1000) === 0) {
      if (!old(a, 180_000)) send(a, b, 32)
      if (!old(b, 180_000)) send(b, a, 32)
    }
    for (const end of this.ends) if (this.nowMs >= end.nextLookMs) this.#look(end)
  }

  #look(end: End): void {
    const peer =
      end.state?.phase === 'silent'
        ? undefined
        : seen('A', { rxBytes: end.rxBytes, lastHandshakeMs: end.handshakeMs, allowedIPs: [] })
    const sample = { nowMs: this.nowMs, wallMs: this.nowMs, peer, keepaliveSeconds: this.keepaliveSeconds }
    end.state = end.state === undefined ? initialPath(sample) : directPath(end.state, sample)
    end.nextLookMs = this.nowMs + nextPathSampleMs(end.state, this.nowMs)
  }

  run(ms: number): void {
    for (let until = this.nowMs + ms; this.nowMs < until; ) this.step()
  }

  get installed(): [boolean, boolean] {
    return [this.ends[0].state?.phase === 'installed', this.ends[1].state?.phase === 'installed']
  }
}

test('a path that works is installed by both ends after the first handshake', () => {
  const pair = new Pair()
  pair.run(10_000)
  assert.deepEqual(pair.installed, [true, true])
  pair.run(1_000_000)
  assert.deepEqual(pair.installed, [true, true])
})

test('a path that never works is never installed', () => {
  for (const passes of [
    [false, false],
    [true, false],
    [false, true],
  ] as [boolean, boolean][]) {
    const pair = new Pair()
    pair.passes = passes
    pair.run(1_000_000)
    assert.deepEqual(pair.installed, [false, false])
  }
})

test('a path that breaks in either or both directions is withdrawn by both ends within two bounds and 20 s', () => {
  for (const passes of [
    [false, false],
    [true, false],
    [false, true],
  ] as [boolean, boolean][]) {
    const pair = new Pair()
    pair.run(100_000)
    pair.passes = passes
    pair.run(2 * BOUND_MS + 20_000)
    assert.deepEqual(pair.installed, [false, false], `passes ${passes.join()}`)
    pair.run(1_000_000)
    assert.deepEqual(pair.installed, [false, false], 'and stays withdrawn')
  }
})

test('a path that breaks in one direction is withdrawn by both, whenever they look and whatever the keepalive', () => {
  const seconds = fc.constantFrom(1, 5, 25)
  const quarters = fc.nat(40).map((n) => n * 250)
  fc.assert(
    fc.property(seconds, quarters, quarters, fc.boolean(), (keepalive, offset, when, there) => {
      const pair = new Pair(keepalive, offset)
      pair.run(100_000 + when)
      pair.passes = [there, !there]
      const bound = 2 * keepalive * 1000 + 5_000
      pair.run(2 * bound + 20_000)
      assert.deepEqual(pair.installed, [false, false])
      pair.run(100_000)
      assert.deepEqual(pair.installed, [false, false], 'and stays withdrawn')
    }),
    { numRuns: 200 },
  )
})

test('a path that heals is installed by both ends again, however long it was broken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.boolean(), fc.boolean(), (seconds, there, back) => {
      const pair = new Pair()
      pair.run(100_000)
      pair.passes = [there, back]
      pair.run(seconds * 1000)
      pair.passes = [true, true]
      pair.run(4 * BOUND_MS + 40_000)
      assert.deepEqual(pair.installed, [true, true])
    }),
    { numRuns: 60 },
  )
})

test('an agent that starts beside a living path leaves it installed', () => {
  const peer = seen('A', { lastHandshakeMs: 100_000, rxBytes: 5, allowedIPs: ['10.0.0.2/32'] })
  assert.equal(initialPath({ nowMs: 0, wallMs: 150_000, peer, keepaliveSeconds: 25 }).phase, 'installed')
  assert.equal(initialPath({ nowMs: 0, wallMs: 900_000, peer, keepaliveSeconds: 25 }).phase, 'probing')
})

test('a device that restarted and counts from zero is no silence', () => {
  const state: PathState = { phase: 'installed', sinceMs: 0, receivedAtMs: 0, rxBytes: 500 }
  const peer = seen('A', { rxBytes: 32, lastHandshakeMs: 60_000 })
  const next = directPath(state, { nowMs: 60_000, wallMs: 60_000, peer, keepaliveSeconds: 25 })
  assert.equal(next.phase, 'installed')
  assert.equal(next.receivedAtMs, 60_000)
})

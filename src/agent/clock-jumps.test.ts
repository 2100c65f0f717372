/** The time of day is set forward or back while tunnels run: what the agent waits for does not depend on it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedPeer } from '../model/index.ts'
import { directPath, HANDSHAKE_STALE_MS, initialPath, sessionIsStale } from '../reconcile/index.ts'
import { FakeClock } from './fake-clock.ts'
import { HandshakeAges } from './handshake-ages.ts'

const peer = (change: Partial<ObservedPeer>): ObservedPeer => ({
  publicKey: 'k',
  presharedKeyDigest: undefined,
  endpoint: undefined,
  allowedIPs: [],
  persistentKeepaliveSeconds: 25,
  lastHandshakeMs: undefined,
  rxBytes: 0,
  txBytes: 0,
  ...change,
})

const DAY_MS = 86_400_000
const START_MS = 1_700_000_000_000

for (const [name, jumpMs] of [
  ['forward', DAY_MS],
  ['back', -DAY_MS],
] as const) {
  test(`a clock that jumps ${name} by a day makes no session stale, and keeps none alive for longer`, () => {
    const clock = new FakeClock(START_MS)
    const ages = new HandshakeAges(clock)
    const seen = peer({ lastHandshakeMs: clock.wallMs() })
    const isStale = (): boolean => {
      ages.look()
      return sessionIsStale(ages.aged('wg0 k', seen), clock.wallMs())
    }
    assert.equal(isStale(), false)
    clock.advance(60_000)
    clock.setWall(clock.wallMs() + jumpMs)
    assert.equal(isStale(), false)
    clock.advance(HANDSHAKE_STALE_MS - 61_000)
    assert.equal(isStale(), false)
    clock.advance(2_000)
    assert.equal(isStale(), true)
  })

  test(`a clock that jumps ${name} by a day does not take a direct path down`, () => {
    const clock = new FakeClock(START_MS)
    const ages = new HandshakeAges(clock)
    const seen = peer({ lastHandshakeMs: clock.wallMs() })
    const sample = (rxBytes: number) => ({
      nowMs: clock.nowMs(),
      wallMs: clock.wallMs(),
      peer: ages.aged('wg0 k', { ...seen, rxBytes }),
      keepaliveSeconds: 25,
    })
    let state = initialPath(sample(0))
    for (let at = 1; at < 20; at++) {
      clock.advance(5_000)
      if (at === 10) clock.setWall(clock.wallMs() + jumpMs)
      ages.look()
      state = directPath(state, sample(at))
      assert.equal(state.phase, 'installed', `sample ${at}`)
    }
  })
}

test('a handshake stamped in the future, by a clock that was wrong then, counts as new and ages from there', () => {
  const clock = new FakeClock(START_MS)
  const ages = new HandshakeAges(clock)
  const seen = peer({ lastHandshakeMs: clock.wallMs() + DAY_MS })
  assert.equal(ages.aged('wg0 k', seen).lastHandshakeMs, clock.wallMs())
  clock.advance(10_000)
  ages.look()
  assert.equal(ages.aged('wg0 k', seen).lastHandshakeMs, clock.wallMs() - 10_000)
})

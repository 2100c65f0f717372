/** GC-20: bounds of trying. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, recurringSteps } from './convergence.ts'

test('GC-20: the wait doubles from 5 ms to 1000 s', () => {
  assert.deepEqual([1, 2, 3, 4].map(backoffMs), [5, 10, 20, 40])
  assert.equal(backoffMs(19), 1_000_000)
  assert.equal(backoffMs(10_000), 1_000_000)
})

test('GC-20: the steps that keep coming back are those of the last round that an earlier round had', () => {
  const up = { kind: 'link-set', link: 'wg0', up: true } as const
  const mtu = { kind: 'link-set', link: 'wg0', mtuBytes: 1420 } as const
  assert.deepEqual(recurringSteps([[up], [up, mtu]]), ['ip link set dev wg0 up'])
  assert.deepEqual(recurringSteps([]), [])
})

test('GC-20: a step in a container is another one than the same step beside it', () => {
  const out = { kind: 'link-set', link: 'd0', master: null } as const
  const inside = { in: { kind: 'netns', path: '/run/netns/blue' }, ...out } as const
  assert.deepEqual(recurringSteps([[out], [inside]]), [])
  assert.deepEqual(recurringSteps([[inside], [out, inside]]), ['ip -n blue link set dev d0 nomaster'])
})

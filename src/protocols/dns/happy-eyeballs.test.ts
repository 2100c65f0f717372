/** RFC 8305 §5 as a state machine: rows of what happens and what is to be done. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HappyEyeballs } from './happy-eyeballs.ts'

const start = (address: string) => ({ kind: 'start', address })
const wait = (untilMs?: number) => ({ kind: 'wait', untilMs })

test('the first at once, the next after 250 ms, and the first that succeeds wins', () => {
  const happy = new HappyEyeballs<string>(['a', 'b', 'c'])
  assert.deepEqual(happy.next(0), start('a'))
  assert.deepEqual(happy.next(0), wait(250))
  assert.deepEqual(happy.next(249), wait(250))
  assert.deepEqual(happy.next(250), start('b'))
  assert.deepEqual(happy.next(250), wait(500))
  happy.succeeded('a')
  assert.deepEqual(happy.next(300), { kind: 'won', address: 'a', abandon: ['b'] })
  happy.succeeded('b')
  happy.failed('a', 'too late')
  assert.deepEqual(happy.next(900), { kind: 'won', address: 'a', abandon: ['b'] })
})

test('a failure starts the next one at once; when all have failed, all are told', () => {
  const happy = new HappyEyeballs<string>(['a', 'b'])
  assert.deepEqual(happy.next(0), start('a'))
  happy.failed('a', 'refused')
  assert.deepEqual(happy.next(3), start('b'))
  assert.deepEqual(happy.next(3), wait())
  happy.failed('b', 'unreachable')
  const failures = [
    { address: 'a', reason: 'refused' },
    { address: 'b', reason: 'unreachable' },
  ]
  assert.deepEqual(happy.next(4), { kind: 'failed', failures })
})

test('addresses that become known later join those that wait', () => {
  const happy = new HappyEyeballs<string>(['a'])
  assert.deepEqual(happy.next(0), start('a'))
  assert.deepEqual(happy.next(0), wait())
  happy.add(['a', 'b', 'b'])
  assert.deepEqual(happy.next(100), wait(250))
  assert.deepEqual(happy.next(250), start('b'))
  assert.deepEqual(happy.next(250), wait())
})

test('nothing to try is a failure of nothing', () => {
  assert.deepEqual(new HappyEyeballs([]).next(0), { kind: 'failed', failures: [] })
})

test('whatever happens, every address is started once at most, and it ends', () => {
  const events = fc.array(fc.tuple(fc.constantFrom('failed', 'succeeded', 'time'), fc.nat(9), fc.nat(400)))
  fc.assert(
    fc.property(fc.nat(6), events, (count, happenings) => {
      const addresses = Array.from({ length: count }, (_, index) => `a${index}`)
      const happy = new HappyEyeballs<number>(addresses)
      const running = new Set<string>()
      const started: string[] = []
      let nowMs = 0
      const look = () => {
        for (;;) {
          const step = happy.next(nowMs)
          if (step.kind !== 'start') return step
          assert.ok(!started.includes(step.address))
          started.push(step.address)
          running.add(step.address)
        }
      }
      look()
      for (const [what, which, ms] of happenings) {
        nowMs += ms
        const address = `a${which}`
        if (what === 'failed') {
          happy.failed(address, 1)
          running.delete(address)
        } else if (what === 'succeeded' && running.has(address)) happy.succeeded(address)
        if (look().kind === 'won') return
      }
      for (const address of addresses) {
        nowMs += 1_000
        look()
        happy.failed(address, 1)
      }
      const end = look()
      assert.equal(end.kind, 'failed')
      assert.deepEqual(started, addresses)
    }),
  )
})

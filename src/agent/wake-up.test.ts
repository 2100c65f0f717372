/** WakeUp: flocks of events become one look, and none is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { WakeUp } from './wake-up.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a flock of events wakes once, with the first one’s cause and time', async () => {
  const clock = new FakeClock()
  const wakeUp = new WakeUp(clock)
  const next = wakeUp.next(1000)
  clock.advance(100)
  wakeUp.wake('link gone')
  wakeUp.wake('address gone')
  await turn()
  wakeUp.wake('route gone')
  clock.advance(10)
  assert.deepEqual(await next, { cause: 'link gone', atMs: 100 })
})

test('an event before anybody waits is not lost', async () => {
  const clock = new FakeClock()
  const wakeUp = new WakeUp(clock)
  wakeUp.wake('early')
  const next = wakeUp.next(1000)
  await turn()
  clock.advance(10)
  assert.equal((await next)?.cause, 'early')
})

test('nothing happens: the wait ends by itself and leaves no timer', async () => {
  const clock = new FakeClock()
  const next = new WakeUp(clock).next(1000)
  clock.advance(1000)
  assert.equal(await next, undefined)
  assert.equal(clock.waiting, 0)
})

test('stop() ends the wait and every later one', async () => {
  const wakeUp = new WakeUp(new FakeClock())
  const next = wakeUp.next(1000)
  wakeUp.stop()
  assert.equal(await next, undefined)
  assert.equal(await wakeUp.next(1000), undefined)
})

/** Relayed connections: a client, a target and a clock by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import { type ByteStream, StreamError, streamPair } from '../../streams/index.ts'
import { Relay, type RelayLimits } from './relay.ts'

function relayed(limits: Partial<RelayLimits> = {}) {
  const clock = new ManualClock()
  const relay = new Relay({ clock, limits })
  const enter = () => {
    const [client, inside] = streamPair()
    const [outside, target] = streamPair()
    let give: (stream: ByteStream) => void = () => undefined
    let refuse: (error: unknown) => void = () => undefined
    let signal: AbortSignal | undefined
    relay.carry(inside, {
      dial: (given) => {
        signal = given
        return new Promise((resolve, reject) => {
          give = resolve
          refuse = reject
        })
      },
    })
    return {
      client,
      target,
      reach: async () => {
        give(outside)
        await immediate()
      },
      fail: async (error: unknown) => {
        refuse(error)
        await immediate()
      },
      aborted: () => signal?.aborted,
    }
  }
  return { clock, relay, enter }
}

test('what a client sent before the target was reached arrives there, and bytes are counted while it lasts', async () => {
  const { relay, enter } = relayed()
  const { client, target, reach } = enter()
  client.write(Uint8Array.of(1, 2, 3))
  assert.equal(relay.figures().connections, 1)
  await reach()
  assert.equal(target.readableBytes, 3)
  target.write(Uint8Array.of(4, 5))
  await immediate()
  const { receivedBytes, sentBytes, connectionsTotal } = relay.figures()
  assert.deepEqual([receivedBytes, sentBytes, connectionsTotal], [3, 2, 1])
  client.end()
  target.end()
  target.consume(3)
  client.consume(2)
  await immediate()
  assert.deepEqual(relay.figures(), {
    ...{ connections: 0, connectionsTotal: 1, receivedBytes: 3, sentBytes: 2, errors: {} },
  })
})

test('a target that cannot be reached resets the client, and the reason is counted', async () => {
  const { relay, enter } = relayed()
  const { client, fail } = enter()
  await fail(new StreamError({ code: 'ECONNREFUSED', message: 'nobody listens' }))
  assert.equal(client.failure?.code, 'ECONNRESET')
  assert.deepEqual([relay.open, relay.figures().errors], [0, { ECONNREFUSED: 1 }])
})

test('a dial that takes too long is aborted, and a stream that comes late is destroyed', async () => {
  const { clock, relay, enter } = relayed({ dialMs: 1000 })
  const { client, target, reach, aborted } = enter()
  await clock.advance(999)
  assert.equal(aborted(), false)
  await clock.advance(1)
  assert.equal(aborted(), true)
  assert.equal(client.state, 'closed')
  await reach()
  assert.equal(target.failure?.code, 'ECONNRESET')
  assert.deepEqual(relay.figures().errors, { 'dial-timeout': 1 })
})

test('a client that goes away while the target is dialled ends the dial', async () => {
  const { relay, enter } = relayed()
  const { client, aborted } = enter()
  client.destroy()
  await immediate()
  assert.equal(aborted(), true)
  assert.deepEqual(relay.figures().errors, { 'client-gone': 1 })
})

test('one connection more than the limit is reset at once, and the others go on', async () => {
  const { relay, enter } = relayed({ connections: 2 })
  const [first, , third] = [enter(), enter(), enter()]
  await immediate()
  assert.equal(third.client.failure?.code, 'ECONNRESET')
  await first.reach()
  first.client.write(Uint8Array.of(1))
  await immediate()
  assert.equal(first.target.readableBytes, 1)
  assert.deepEqual([relay.open, relay.figures().errors], [2, { limit: 1 }])
})

test('a connection without a byte is cut after its idle time, and one that is used is not', async () => {
  const { clock, relay, enter } = relayed({ idleMs: 1000 })
  const [busy, idle] = [enter(), enter()]
  await busy.reach()
  await idle.reach()
  for (let round = 0; round < 4; round++) {
    await clock.advance(400)
    busy.client.write(Uint8Array.of(1))
    await immediate()
  }
  assert.deepEqual([busy.client.state, idle.client.failure?.code], ['open', 'ECONNRESET'])
  assert.equal(idle.target.failure?.code, 'ECONNRESET')
  assert.deepEqual(relay.figures().errors, { idle: 1 })
})

test('a connection that is half closed has less time', async () => {
  const { clock, relay, enter } = relayed({ idleMs: 10_000, halfClosedMs: 1000 })
  const [half, whole] = [enter(), enter()]
  await half.reach()
  await whole.reach()
  half.client.end()
  await clock.advance(2000)
  assert.deepEqual([half.target.state, whole.target.state, relay.open], ['closed', 'open', 1])
})

test('drain() takes no more and waits for the rest; close() does not wait; no timer is left', async () => {
  const { clock, relay, enter } = relayed()
  const [first, second] = [enter(), enter()]
  await first.reach()
  await second.reach()
  let isDrained = false
  void relay.drain().then(() => (isDrained = true))
  const late = enter()
  await immediate()
  assert.deepEqual([late.client.state, first.client.state, isDrained], ['closed', 'open', false])
  first.client.destroy()
  await immediate()
  assert.equal(isDrained, false)
  relay.close()
  await immediate()
  assert.deepEqual([second.client.state, second.target.state, isDrained], ['closed', 'closed', true])
  assert.equal(clock.waiting, 0)
})

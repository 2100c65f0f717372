/**
 * Whatever a path does to packets and however slowly the programs at its ends read, write and end: every byte arrives
 * once and in order, both ends come to the same end in bounded time, and nothing of it is left behind.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Conversation } from './tcpip-conversation.ts'
import { FAIR, type PathWeather } from './tcpip-path.ts'
import type { TalkerOptions } from './tcpip-talker.ts'

/** Of virtual time. The worst weather loses every fifth packet, and timers double up to a minute. */
const PATIENCE_MS = 3_600_000
/** Longer than a FIN may have to be sent again in the worst weather: otherwise its end is a reset. */
const TIME_WAIT_MS = 1_200_000

/** Ends what does not answer within a minute. */
const IMPATIENT = {
  ...{ userTimeoutMs: 20_000, connectTimeoutMs: 20_000, timeWaitMs: 1_000 },
  ...{ keepaliveIdleMs: 5_000, keepaliveIntervalMs: 1_000, keepaliveProbes: 3 },
}

const weather: fc.Arbitrary<PathWeather> = fc.record({
  delayMs: fc.constantFrom(0, 1, 20, 150),
  loss: fc.constantFrom(0, 0.01, 0.05, 0.2),
  duplicate: fc.constantFrom(0, 0, 0.05),
  corrupt: fc.constantFrom(0, 0, 0.05),
  reorder: fc.constantFrom(0, 0, 0.2),
  reorderMs: fc.constantFrom(1, 30),
  bytesPerMs: fc.constantFrom(Number.POSITIVE_INFINITY, 1250, 125),
  queueBytes: fc.constantFrom(1_000_000, 30_000, 6_000),
})

const talker: fc.Arbitrary<Partial<TalkerOptions>> = fc.record({
  bytes: fc.constantFrom(0, 1, 1000, 30_000, 100_000),
  writeBytes: fc.constantFrom(1_000_000, 3000, 100),
  readBytes: fc.constantFrom(1_000_000, 5000),
  readsSlowly: fc.boolean(),
  endsLast: fc.boolean(),
})

const conversation = fc
  .record({
    seed: fc.nat(1_000_000),
    family: fc.constantFrom<4 | 6>(4, 6),
    // A process may run for months: milliseconds go beyond 31 and 32 bits.
    startMs: fc.constantFrom(1_000, 2 ** 31 - 500, 2 ** 32 - 500),
    there: weather,
    back: weather,
    caller: talker,
    listener: talker,
    wakeEveryMs: fc.constantFrom(7, 200),
    tcp: fc.record({
      congestionControl: fc.constantFrom<'cubic' | 'newreno'>('cubic', 'newreno'),
      noDelay: fc.boolean(),
      sack: fc.boolean(),
      timestamps: fc.boolean(),
      windowScaling: fc.boolean(),
      timeWaitMs: fc.constant(TIME_WAIT_MS),
      userTimeoutMs: fc.constant(PATIENCE_MS),
      connectTimeoutMs: fc.constant(PATIENCE_MS),
    }),
    limits: fc.record({ connectionBufferBytes: fc.constantFrom(16_384, 65_536, 1_048_576) }),
  })
  // Two that both wait for the other to end first never would.
  .filter(({ caller, listener }) => !(caller.endsLast && listener.endsLast))

test('every byte arrives, both ends close, and nothing is left, on any path', () => {
  fc.assert(
    fc.property(conversation, (options) => {
      const talk = new Conversation(options)
      talk.runToTheEnd(PATIENCE_MS)
      talk.assertNothingLeft(TIME_WAIT_MS + 200_000)
    }),
    { numRuns: 80 },
  )
})

test('a connection that one end destroys at any time leaves nothing at either end', () => {
  const destroyed = fc.tuple(conversation, fc.integer({ min: 0, max: 400 }), fc.boolean())
  fc.assert(
    fc.property(destroyed, ([options, afterMs, byCaller]) => {
      const talk = new Conversation({ ...options, tcp: { ...options.tcp, ...IMPATIENT } })
      talk.run(afterMs, () => false)
      const who = byCaller ? talk.caller : talk.listener
      who.stream?.destroy()
      talk.path.left.turn()
      talk.path.right.turn()
      talk.run(
        300_000,
        () => talk.caller.finished && (talk.listener.stream === undefined || talk.listener.finished),
      )
      assert.ok(talk.caller.finished)
      assert.ok(talk.listener.stream === undefined || talk.listener.finished)
      talk.assertNothingLeft(300_000)
    }),
    { numRuns: 40 },
  )
})

test('a path that dies at any time ends both ends by their timeouts, and nothing is left', () => {
  fc.assert(
    fc.property(fc.tuple(conversation, fc.integer({ min: 0, max: 400 })), ([options, afterMs]) => {
      const talk = new Conversation({ ...options, tcp: { ...options.tcp, ...IMPATIENT } })
      talk.run(afterMs, () => false)
      talk.path.weather = { there: { ...FAIR, loss: 1 }, back: { ...FAIR, loss: 1 } }
      talk.run(300_000, () => false)
      talk.assertNothingLeft(300_000)
      for (const { stream } of [talk.caller, talk.listener]) assert.ok(!stream || stream.state === 'closed')
    }),
    { numRuns: 40 },
  )
})

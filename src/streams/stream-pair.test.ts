/** The pair in memory: the contract of every stream, and what only a pair has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { byteStreamContract } from '../../test/contracts/byte-stream.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { ManualTurns, streamPair, type StreamPairOptions } from './stream-pair.ts'

function world(options: StreamPairOptions) {
  return {
    connect: () => Promise.resolve(streamPair(options)),
    until: async (check: () => boolean, what: string) => {
      await immediate()
      await eventually(check, { what, intervalMs: 1 })
    },
  }
}

byteStreamContract('pair', world({}))
byteStreamContract('pair in small pieces', world({ capacityBytes: 5000, pieceBytes: 3 }))

test('a pair with turns by hand says nothing before the turn ends, and then once', () => {
  const turns = new ManualTurns()
  const [a, b] = streamPair({ turns })
  let told = 0
  b.onProgress = () => told++
  a.write(Uint8Array.of(1))
  a.write(Uint8Array.of(2))
  assert.deepEqual([told, turns.isDue], [0, true])
  turns.endTurn()
  assert.deepEqual([told, turns.isDue], [1, false])
})

test('fail() breaks one end, and the other hears nothing', () => {
  const turns = new ManualTurns()
  const [a, b] = streamPair({ turns })
  a.fail('ETIMEDOUT')
  turns.endTurn()
  assert.deepEqual([a.state, a.failure?.code, b.state], ['closed', 'ETIMEDOUT', 'open'])
})

test('the ends of a pair know each other', () => {
  const [a, b] = streamPair()
  assert.deepEqual([a.local, a.remote], [b.remote, b.local])
})

/** When memory runs out: what waits to be sent never takes the place of what must be received, so nothing stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PagePool } from '../../src/streams/index.ts'
import { Conversation } from './tcpip-conversation.ts'
import { ADDRESSES, FAIR, SimPath } from './tcpip-path.ts'
import { Talker } from './tcpip-talker.ts'

const PATH = { ...FAIR, delayMs: 20, bytesPerMs: 1250, queueBytes: 100_000 }

for (const loss of [0, 0.05]) {
  test(`two ends that say more than both have memory for come to their end, with ${loss * 100} % loss`, () => {
    const talk = new Conversation({
      ...{ seed: 1, there: { ...PATH, loss }, poolBytes: 64 * 1024 },
      ...{ caller: { bytes: 300_000 }, listener: { bytes: 300_000 } },
    })
    talk.runToTheEnd(600_000)
    talk.assertNothingLeft(300_000)
  })
}

test('connections whose other ends do not read do not keep others from receiving', () => {
  const pool = new PagePool({ maxBytes: 512 * 1024 })
  const path = new SimPath({ seed: 1, there: PATH, left: { pool } })
  const talkers = new Map<number, Talker>()
  path.right.stack.listen({ port: 80, onConnection: () => {} })
  path.right.stack.listen({
    port: 81,
    onConnection: (stream) => {
      const talker = new Talker({ bytes: 100_000, salt: 5, peerSalt: 3 })
      talkers.set(stream.remote.port, talker)
      talker.take(stream)
    },
  })
  for (let count = 0; count < 30; count++) {
    const stream = path.left.stack.connect({ address: ADDRESSES.right, port: 80 })
    const bytes = new Uint8Array(100_000)
    stream.onProgress = () => void stream.write(bytes)
  }
  path.left.turn()
  path.run(10_000)
  const reader = new Talker({ salt: 3, peerSalt: 5 })
  reader.take(path.left.stack.connect({ address: ADDRESSES.right, port: 81 }))
  path.left.turn()
  assert.ok(
    path.run(60_000, () => reader.finished),
    `read ${reader.read} of 100000`,
  )
  assert.equal(reader.read, 100_000)
})

test('echoes of more than there is memory for come to their end, several at once', () => {
  const pool = new PagePool({ maxBytes: 128 * 1024 })
  const path = new SimPath({ seed: 1, there: { ...PATH, loss: 0.01 }, right: { pool } })
  path.right.stack.listen({
    port: 80,
    onConnection: (stream) => {
      stream.onProgress = () => {
        while (stream.readableBytes > 0) {
          const taken = stream.write(stream.peek())
          if (taken === 0) return
          stream.consume(taken)
        }
        if (stream.inputEnded) stream.end()
      }
    },
  })
  const callers = Array.from({ length: 8 }, () => new Talker({ bytes: 100_000, salt: 3, peerSalt: 3 }))
  for (const caller of callers) caller.take(path.left.stack.connect({ address: ADDRESSES.right, port: 80 }))
  path.left.turn()
  path.run(600_000, () => callers.every(({ finished }) => finished))
  assert.deepEqual(
    callers.map(({ read, stream }) => [read, stream?.failure]),
    callers.map(() => [100_000, undefined]),
  )
})

/** Two stacks with each other: what takes both ends at once, and what the one who drives a stack may count on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StackHost } from '../tcpip/stack-host.ts'
import { decodeSegment, encodeSegment, SYN } from '../tcpip/wire/segment.ts'
import { Conversation } from './tcpip-conversation.ts'
import { ADDRESSES, FAIR, SimPath } from './tcpip-path.ts'
import { Talker } from './tcpip-talker.ts'

const SLOW = { ...FAIR, delayMs: 30 }

for (const loss of [0, 0.2]) {
  test(`two stacks that call each other at once get one connection, with ${loss * 100} % loss`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const path = new SimPath({ seed, there: { ...SLOW, loss } })
      const talkers = {
        left: new Talker({ bytes: 10_000 }),
        right: new Talker({ bytes: 10_000, salt: 2, peerSalt: 1 }),
      }
      for (const [side, other] of [['left', 'right'] as const, ['right', 'left'] as const]) {
        const [local, remote] = side === 'left' ? [5000, 6000] : [6000, 5000]
        const to = { address: ADDRESSES[other], port: remote }
        talkers[side].take(path[side].stack.connect(to, { localPort: local }))
        path[side].turn()
      }
      path.run(600_000, () => talkers.left.finished && talkers.right.finished)
      for (const { read, stream } of [talkers.left, talkers.right]) {
        assert.deepEqual(
          [read, stream?.state, stream?.failure],
          [10_000, 'closed', undefined],
          `seed ${seed}`,
        )
      }
    }
  })
}

test('two hundred connections share a line, and each gets its bytes', () => {
  const path = new SimPath({
    seed: 5,
    there: { ...SLOW, bytesPerMs: 12_500, queueBytes: 300_000, loss: 0.01 },
  })
  const served: Talker[] = []
  path.right.stack.listen({
    port: 80,
    onConnection: (stream) => {
      served.push(new Talker({ bytes: 30_000, salt: 2, peerSalt: 1 }))
      served.at(-1)?.take(stream)
    },
  })
  const callers = Array.from({ length: 200 }, () => new Talker({ bytes: 3_000 }))
  for (const caller of callers) caller.take(path.left.stack.connect({ address: ADDRESSES.right, port: 80 }))
  path.left.turn()
  path.run(120_000, () => callers.every(({ finished }) => finished))
  assert.ok(callers.every(({ read, stream }) => read === 30_000 && stream?.failure === undefined))
  assert.equal(served.length, 200)
})

test('a stack restarted under the same address answers old segments so that the other end learns of it', () => {
  const talk = new Conversation({ seed: 1, there: SLOW, caller: { bytes: 10_000, endsLast: true } })
  talk.run(1_000, () => talk.listener.read === 10_000)
  const answers: Uint8Array[] = []
  const restarted = new StackHost({
    addresses: [ADDRESSES.right],
    onPacket: (packet) => answers.push(packet),
  })
  const { local } = talk.caller.stream!
  const segment = {
    source: ADDRESSES.left,
    destination: ADDRESSES.right,
    sourcePort: local.port,
    destinationPort: 80,
  }
  restarted.receive(
    encodeSegment({
      ...{ ...segment, sequence: 5, acknowledgment: 77, flags: 0x10, window: 9, urgent: 0 },
      ...{ options: {}, payload: new Uint8Array(3) },
    }),
  )
  restarted.turn()
  assert.equal(decodeSegment(answers[0]!)?.sequence, 77)
})

test('onWork is called for what a program does outside of a turn, and not for what a turn brings', () => {
  const sent: Uint8Array[] = []
  let calls = 0
  const host = new StackHost({ onPacket: (packet) => sent.push(packet), onWork: () => calls++ })
  const stream = host.stack.connect({ address: '10.0.0.2', port: 80 })
  assert.ok(calls > 0, 'to connect is work')
  host.turn()
  const { sequence, sourcePort } = decodeSegment(sent[0]!)!
  calls = 0
  host.receive(
    encodeSegment({
      ...{ source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 80, destinationPort: sourcePort },
      ...{ sequence: 9, acknowledgment: (sequence + 1) >>> 0, flags: SYN | 0x10, window: 9_000, urgent: 0 },
      ...{ options: {}, payload: new Uint8Array(0) },
    }),
  )
  assert.equal(calls, 0, 'whoever hands over a packet looks for work anyhow')
  host.turn()
  calls = 0
  stream.write(new Uint8Array(10))
  assert.ok(calls > 0, 'to write is work')
  host.turn()
  calls = 0
  stream.destroy()
  assert.ok(calls > 0, 'to destroy is work')
})

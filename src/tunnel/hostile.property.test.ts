/** Networks and strangers at their worst, in virtual time: bytes arrive whole, nothing throws, nothing grows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ByteStream } from '../streams/index.ts'
import type { Passing } from './testing/memory-network.ts'
import { openTunnelPair, RIGHT, type TunnelPair } from './testing/tunnel-pair.ts'

const BYTES = Uint8Array.from({ length: 120_000 }, (_, index) => (index * 31 + (index >> 8)) & 255)

/** What the right side has read by the end. */
async function transfer({ engine, left, right }: TunnelPair): Promise<Buffer> {
  const heard: Buffer[] = []
  const accepted = Promise.withResolvers<void>()
  right.listen({
    port: 7,
    onConnection: (stream) => {
      const look = (): void => {
        for (let bytes = stream.peek(); bytes.length > 0; bytes = stream.peek()) {
          heard.push(Buffer.from(bytes))
          stream.consume(bytes.length)
        }
        if (stream.inputEnded) accepted.resolve()
      }
      stream.onProgress = look
      look()
    },
  })
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }, { timeoutMs: 120_000 }))
  send(stream, BYTES)
  await engine.until(accepted.promise, 1_200_000)
  return Buffer.concat(heard)
}

function send(stream: ByteStream, bytes: Uint8Array): void {
  let sent = 0
  const go = (): void => {
    sent += stream.write(bytes.subarray(sent))
    if (sent === bytes.length) stream.end()
  }
  stream.onProgress = go
  go()
}

test('datagrams lost, doubled, replayed late and out of order cost time and no byte', async () => {
  const fates = fc.infiniteStream(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant([5]) },
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constant([5, 6, 400]) },
      { weight: 1, arbitrary: fc.constant([15]) },
    ),
  )
  await fc.assert(
    fc.asyncProperty(fates, async (fate) => {
      const pair = await openTunnelPair()
      pair.network.fate = () => fate.next().value ?? [5]
      assert.ok((await transfer(pair)).equals(BYTES))
      await pair.close()
    }),
    { numRuns: 8 },
  )
})

test('a stranger’s datagrams and changed ones are counted, and disturb nobody', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, right } = pair
  await engine.until(left.ready())
  let passed = 0
  const stranger = network.host('198.51.100.66')
  network.fate = ({ from, to, datagram }: Passing) => {
    if (from.address === stranger.here.address) return [1]
    if (++passed % 5 === 0) network.send(stranger.here, to, changed(datagram, passed))
    return [2]
  }
  assert.ok((await transfer(pair)).equals(BYTES))
  const { counters, peers } = right.status()
  assert.ok((counters['wireguard-drop-wrong-tag'] ?? 0) > 0)
  assert.equal(peers[0]?.endpoint, '192.0.2.1:51820', 'only who is authentic is followed')
  await pair.close()
})

test('a flood of any bytes from any address is dropped, and answers stay bounded', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, right, rightOuter } = pair
  await engine.until(left.ready())
  let answers = 0
  network.fate = ({ to }) => {
    if (to.address.startsWith('203.0.113.')) answers++
    return [1]
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 4 }),
      fc.nat(255),
      (bytes, type, host) => {
        if (bytes.length > 4) bytes.set([type, 0, 0, 0])
        rightOuter.arrived(bytes, `203.0.113.${host}:${1 + host}`)
      },
    ),
    { numRuns: 3000 },
  )
  await engine.pass(100)
  assert.equal(answers, 0)
  assert.ok((await engine.until(left.ping(RIGHT.inner))) > 0)
  assert.equal(right.status().connections, 0)
  await pair.close()
})

test('connections that end leave nothing behind', async () => {
  const pair = await openTunnelPair({ options: { tcp: { timeWaitMs: 1000 } } })
  const { engine, left, right } = pair
  right.listen({
    port: 7,
    onConnection: (stream) => {
      stream.onProgress = () => stream.inputEnded && stream.end()
    },
  })
  for (let round = 0; round < 20; round++) {
    const streams = await engine.until(
      Promise.all(Array.from({ length: 20 }, () => left.connect({ host: RIGHT.inner, port: 7 }))),
    )
    if (round === 0) assert.equal(left.status().connections, 20)
    for (const [index, stream] of streams.entries()) {
      if (index % 2 === 0) stream.destroy()
      else stream.end()
    }
    await engine.pass(5_000)
  }
  assert.deepEqual([left.status().connections, right.status().connections], [0, 0])
  await pair.close()
})

/** One bit of it, never of the type. */
function changed(datagram: Uint8Array, seed: number): Uint8Array {
  const copy = datagram.slice()
  const at = 8 + (seed % (copy.length - 8))
  copy[at] = (copy[at] ?? 0) ^ (1 << (seed & 7))
  return copy
}

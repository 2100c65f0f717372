/** Joined streams, with a client and a server at the far ends and turns by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ByteStream } from './byte-stream.ts'
import { join, type JoinResult } from './join.ts'
import { ManualTurns, streamPair, type StreamPairOptions } from './stream-pair.ts'

/*   client ── a ═join═ b ── server   */
function joined(options: StreamPairOptions = {}) {
  const turns = new ManualTurns()
  const [client, a] = streamPair({ ...options, turns })
  const [b, server] = streamPair({ ...options, turns })
  const results: JoinResult[] = []
  let touched = 0
  const link = join(a, b, { onDone: (result) => results.push(result), touch: () => touched++ })
  return { turns, client, server, a, b, link, results, touched: () => touched }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

function readAll(stream: ByteStream): string {
  let all = ''
  while (stream.readableBytes > 0) {
    const piece = stream.peek()
    all += new TextDecoder().decode(piece)
    stream.consume(piece.length)
  }
  return all
}

test('join() copies both ways and ends when both have ended, with the bytes counted', () => {
  const { turns, client, server, results, touched } = joined()
  client.write(text('question'))
  client.end()
  turns.endTurn()
  assert.equal(readAll(server), 'question')
  assert.equal(server.inputEnded, true)
  server.write(text('the answer'))
  turns.endTurn()
  assert.equal(readAll(client), 'the answer')
  assert.equal(results.length, 0)
  server.end()
  turns.endTurn()
  assert.deepEqual(results, [{ bytesFromA: 8, bytesFromB: 10, failure: undefined, failed: undefined }])
  assert.deepEqual([client.state, server.state, client.failure], ['closed', 'closed', undefined])
  assert.equal(touched(), 2)
})

test('join() stops the writer while the other end does not read, and goes on when it does', () => {
  const { turns, client, server } = joined({ capacityBytes: 10 })
  let written = 0
  for (let round = 0; round < 10; round++) {
    written += client.write(text('0123456789'))
    turns.endTurn()
  }
  assert.equal(written, 20)
  assert.equal(client.writableBytes, 0)
  assert.equal(readAll(server), '0123456789')
  turns.endTurn()
  assert.equal(client.writableBytes, 10)
  assert.equal(readAll(server), '0123456789')
})

test('join() hands a failure of one end on to the other, and says whose it was', () => {
  for (const [broken, failed] of [
    ['client', 'a'],
    ['server', 'b'],
  ] as const) {
    const world = joined()
    world[broken].destroy()
    world.turns.endTurn()
    assert.equal(world.results[0]?.failed, failed)
    assert.equal(world.results[0].failure?.code, 'ECONNRESET')
    assert.equal(world[broken === 'client' ? 'server' : 'client'].failure?.code, 'ECONNRESET')
  }
})

test('join() gives up when somebody else destroys one of its streams and the other moves', () => {
  const { turns, client, server, a, results } = joined()
  a.destroy()
  server.write(text('x'))
  turns.endTurn()
  assert.equal(client.failure?.code, 'ECONNRESET')
  assert.equal(server.failure?.code, 'ECONNRESET')
  assert.equal(results.length, 1)
})

test('stop() destroys both and says so once', () => {
  const { turns, client, server, link, results } = joined()
  link.stop()
  link.stop()
  turns.endTurn()
  assert.deepEqual([client.state, server.state, results.length], ['closed', 'closed', 1])
})

test('join() loses, doubles and reorders nothing, whatever the sizes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40)), { maxLength: 60 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      (steps, capacityBytes, pieceBytes) => {
        const { turns, client, server, results } = joined({ capacityBytes, pieceBytes })
        let [sent, received] = [0, 0]
        const read = (limit: number): void => {
          while (limit > 0 && server.readableBytes > 0) {
            const piece = server.peek().subarray(0, limit)
            for (const byte of piece) assert.equal(byte, received++ & 255)
            server.consume(piece.length)
            limit -= piece.length
          }
        }
        for (const [write, reading, endTurn] of steps) {
          sent += client.write(Uint8Array.from({ length: write }, (_, index) => (sent + index) & 255))
          read(reading)
          if (endTurn > 20) turns.endTurn()
        }
        client.end()
        server.end()
        for (let round = 0; round < 300 && results.length === 0; round++) {
          turns.endTurn()
          read(1000)
        }
        assert.equal(received, sent)
        assert.equal(results[0]?.bytesFromA, sent)
      },
    ),
  )
})

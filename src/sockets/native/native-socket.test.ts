/** What a socket keeps when the pool has no pages, over loopback. Everything else: test/contracts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { PAGE_BYTES, PagePool } from '../../streams/index.ts'
import type { SocketStream } from '../engine.ts'
import { NativeEngine } from './native-engine.ts'

const LITTLE = 4 * 1024
const SENT = new Uint8Array(512 * 1024).fill(7)

test('without pages, a socket whose reader looks and takes nothing holds little; and all of it arrives when he does', async (t) => {
  const pool = new PagePool({ maxBytes: PAGE_BYTES })
  assert.ok(pool.take() !== undefined)
  const engine = new NativeEngine(pool)
  t.after(() => engine.close())
  const accepted: SocketStream[] = []
  const onConnection = (stream: SocketStream) => accepted.push(stream)
  const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection })
  const client = engine.connect({ address: '127.0.0.1', port })
  let sent = 0
  const send = (): void => {
    sent += client.write(SENT.subarray(sent))
    if (sent === SENT.length) client.end()
  }
  client.onProgress = send
  await eventually(() => accepted.length === 1 && sent > 8 * LITTLE)
  const [server] = accepted as [SocketStream]
  for (let looks = 0; looks < 20; looks++) {
    assert.ok(server.readableBytes <= LITTLE, `holds ${server.readableBytes}`)
    await new Promise(setImmediate)
  }
  let received = 0
  const take = (): void => {
    for (let bytes = server.readableBytes; bytes > 0; bytes = server.readableBytes) {
      received += bytes
      server.consume(bytes)
    }
  }
  server.onProgress = take
  take()
  await eventually(() => server.inputEnded)
  assert.equal(received, SENT.length)
})

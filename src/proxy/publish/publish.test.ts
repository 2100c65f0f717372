/** A published port: clients from a fake tunnel, a target on loopback. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { openEngine } from '../../sockets/index.ts'
import { type ByteStream, streamPair } from '../../streams/index.ts'
import { LocalDialer } from '../forward/index.ts'
import { type InsideListener, Publish } from './publish.ts'

test('a client inside the tunnel talks to a port of this machine, named localhost', async (t) => {
  const engine = openEngine({ kind: 'plain' })
  t.after(() => engine.close())
  const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: echo })
  const published = new Publish({
    dialer: new LocalDialer(engine),
    to: { host: 'localhost', port },
    clock: engine,
  })
  t.after(() => published.close())
  const { client } = enter(published)
  client.write(Uint8Array.of(1, 2, 3))
  await eventually(() => client.readableBytes === 3)
  client.end()
  client.consume(3)
  await eventually(() => client.state === 'closed')
  assert.equal(client.failure, undefined)
  assert.deepEqual(published.figures(), {
    ...{ connections: 0, connectionsTotal: 1, receivedBytes: 3, sentBytes: 3, errors: {} },
  })
})

test('a target that refuses, and a name that nobody knows, reset the client with a reason', async (t) => {
  const engine = openEngine({ kind: 'plain' })
  t.after(() => engine.close())
  const listener = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: echo })
  listener.close()
  for (const [host, code] of [
    ['127.0.0.1', 'ECONNREFUSED'],
    ['nobody.invalid', 'ENOTFOUND'],
  ] as const) {
    const to = { host, port: listener.port }
    const dialer = new LocalDialer(engine, () => Promise.reject(new Error('no such name')))
    const published = new Publish({ dialer, to, clock: engine })
    const { client } = enter(published)
    await eventually(() => client.failure?.code === 'ECONNRESET')
    assert.deepEqual(published.figures().errors, { [code]: 1 })
  }
})

test('closing the listener leaves connections alone', async () => {
  const engine = openEngine({ kind: 'plain' })
  const published = new Publish({
    dialer: new LocalDialer(engine),
    to: { host: '127.0.0.1', port: 9 },
    clock: engine,
  })
  const { listener, isListening } = enter(published)
  assert.deepEqual([listener.port, isListening()], [80, true])
  listener.close()
  assert.deepEqual([published.figures().connections, isListening()], [1, false])
  published.close()
  engine.close()
})

function enter(published: Publish) {
  let give: (stream: ByteStream) => void = () => undefined
  let isListening = false
  const inside: InsideListener = {
    listen: ({ port, onConnection }) => {
      give = onConnection
      isListening = true
      return { port, close: () => void (isListening = false) }
    },
  }
  const listener = published.listen(inside, 80)
  const [client, arrived] = streamPair()
  give(arrived)
  return { client, listener, isListening: () => isListening }
}

function echo(stream: ByteStream): void {
  stream.onProgress = () => {
    while (stream.readableBytes > 0) stream.consume(stream.write(stream.peek()))
    if (stream.inputEnded) stream.end()
  }
}

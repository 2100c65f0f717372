/** Both engines over loopback: the contract of every stream, and what only sockets have. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Engine, type EngineKind, openEngine, type SocketStream } from '../../src/sockets/index.ts'
import { PAGE_BYTES, PagePool } from '../../src/streams/index.ts'
import { eventually } from '../harness/eventually.ts'
import { byteStreamContract } from './byte-stream.ts'

const KINDS: readonly EngineKind[] = ['native', 'plain']

for (const kind of KINDS) {
  byteStreamContract(`sockets, ${kind}`, {
    connect: async (t) => {
      const { client, server } = await connected(open(t, kind))
      return [client, server]
    },
    until: async (check, what) => void (await eventually(check, { what, intervalMs: 1 })),
  })

  test(`${kind}: connect() to a port where nobody listens fails with ECONNREFUSED`, async (t) => {
    const engine = open(t, kind)
    const listener = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: () => undefined })
    listener.close()
    const stream = engine.connect({ address: '127.0.0.1', port: listener.port })
    assert.equal(stream.state, 'opening')
    assert.equal(stream.write(Uint8Array.of(1)), 0)
    let told = 0
    stream.onProgress = () => told++
    await eventually(() => told > 0 && stream.state === 'closed')
    assert.equal(stream.failure?.code, 'ECONNREFUSED')
    assert.match(stream.failure.message, /connect to 127\.0\.0\.1:/)
  })

  test(`${kind}: connect() that the kernel refuses at once fails, and says so later`, async (t) => {
    const stream = open(t, kind).connect({ address: '255.255.255.255', port: 9 })
    let told = 0
    stream.onProgress = () => told++
    assert.equal(told, 0)
    await eventually(() => told > 0 && stream.failure !== undefined)
    assert.match(stream.failure?.code ?? '', /^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ECONNREFUSED|EACCES)$/)
  })

  test(`${kind}: a listener on all addresses takes both families, and says which client it is`, async (t) => {
    const engine = open(t, kind)
    const streams: SocketStream[] = []
    const onConnection = (stream: SocketStream) => void streams.push(stream)
    const listener = await engine.listen({ address: '', port: 0, onConnection })
    const clients = ['127.0.0.1', '::1'].map((address) => engine.connect({ address, port: listener.port }))
    await eventually(() => streams.length === 2 && clients.every(({ state }) => state === 'open'))
    const seen = streams.map(({ remote }) => remote).toSorted((a, b) => a.address.length - b.address.length)
    assert.deepEqual(
      seen.map(({ address }) => address),
      ['::1', '127.0.0.1'],
    )
    assert.deepEqual(seen, [clients[1]?.local, clients[0]?.local])
    assert.deepEqual(clients[0]?.remote, { address: '127.0.0.1', port: listener.port })
  })

  test(`${kind}: listen() on a port that is taken, or an address that is not ours, is refused`, async (t) => {
    const engine = open(t, kind)
    const onConnection = () => undefined
    const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection })
    await assert.rejects(engine.listen({ address: '127.0.0.1', port, onConnection }), { code: 'EADDRINUSE' })
    await assert.rejects(engine.listen({ address: '192.0.2.77', port: 0, onConnection }), {
      name: 'StreamError',
      code: 'EADDRNOTAVAIL',
    })
  })

  test(`${kind}: a listener that is closed leaves its connections alone`, async (t) => {
    const engine = open(t, kind)
    const { client, server, listener } = await connected(engine)
    listener.close()
    client.write(Uint8Array.of(1, 2, 3))
    await eventually(() => server.readableBytes === 3)
    const late = engine.connect({ address: '127.0.0.1', port: listener.port })
    await eventually(() => late.failure?.code === 'ECONNREFUSED')
  })

  test(`${kind}: bytes that came before a reset are read before it is told`, async (t) => {
    const engine = open(t, kind)
    const { client, server } = await connected(engine)
    client.write(new Uint8Array(5000).fill(9))
    await eventually(() => client.pendingBytes === 0)
    let [read, told] = [0, 0]
    await eventually(() => server.readableBytes === 5000)
    client.destroy()
    server.onProgress = () => told++
    await eventually(() => told > 0 || server.readableBytes === 5000)
    while (server.readableBytes > 0) {
      const { length } = server.peek()
      read += length
      server.consume(length)
    }
    assert.equal(read, 5000)
    await eventually(() => server.readableBytes === 0 && server.failure?.code === 'ECONNRESET')
  })

  test(`${kind}: hundreds of connections at once are all served, and counted`, async (t) => {
    const engine = open(t, kind)
    const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: echo })
    const clients = Array.from({ length: 300 }, () => engine.connect({ address: '127.0.0.1', port }))
    await eventually(() => clients.every(({ state }) => state === 'open'))
    for (const client of clients) client.write(Uint8Array.of(5))
    await eventually(() => clients.every(({ readableBytes }) => readableBytes === 1))
    assert.deepEqual([engine.counters.accepted, engine.counters.connected], [300, 300])
    assert.equal(engine.counters.open, 600)
    for (const client of clients) client.destroy()
    await eventually(() => engine.counters.open === 0)
  })

  test(`${kind}: after() runs its function once, unless it is closed, and what that puts off to the end of its turn`, async (t) => {
    const engine = open(t, kind)
    const ran: string[] = []
    engine.after(1, () => {
      ran.push('timer')
      engine.turns.atEndOfTurn(() => ran.push('end'))
    })
    engine.after(1, () => ran.push('never')).close()
    await eventually(() => ran.length === 2)
    assert.deepEqual(ran, ['timer', 'end'])
    assert.ok(Number.isInteger(engine.nowMs()))
  })

  test(`${kind}: destroy() right after end() ends the connection, whatever is on its way`, async (t) => {
    const engine = open(t, kind)
    const { client, server } = await connected(engine)
    client.write(new Uint8Array(500_000))
    client.end()
    client.destroy()
    server.onProgress = () => {
      while (server.readableBytes > 0) server.consume(server.readableBytes)
      if (server.inputEnded) server.end()
    }
    server.onProgress()
    await eventually(() => server.state === 'closed' && engine.counters.open === 0)
  })

  test(`${kind}: close() ends listeners and connections`, async (t) => {
    const engine = open(t, kind)
    const other = open(t, kind)
    const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: echo })
    const client = other.connect({ address: '127.0.0.1', port })
    client.onProgress = () => client.peek()
    await eventually(() => client.state === 'open' && engine.counters.accepted === 1)
    engine.close()
    await eventually(() => client.state === 'closed')
    assert.equal(client.failure?.code, 'ECONNRESET')
    const late = other.connect({ address: '127.0.0.1', port })
    await eventually(() => late.failure?.code === 'ECONNREFUSED')
  })
}

byteStreamContract('sockets, native, with one page of memory', {
  connect: async (t) => {
    const engine = openEngine({ kind: 'native', pool: new PagePool({ maxBytes: PAGE_BYTES }) })
    t.after(() => engine.close())
    const { client, server } = await connected(engine)
    return [client, server]
  },
  until: async (check, what) => void (await eventually(check, { what, intervalMs: 1 })),
})

test('native: what a connection had of the pool comes back when it ends', async (t) => {
  const engine = open(t, 'native')
  const { client, server } = await connected(engine)
  const bytes = new Uint8Array(10_000)
  client.write(bytes)
  await eventually(() => server.readableBytes === bytes.length)
  await eventually(() => engine.pool.usedBytes > 0)
  while (server.write(bytes) > 0);
  client.destroy()
  server.destroy()
  assert.equal(engine.pool.usedBytes, 0)
})

test('openEngine() takes the native engine where nobody asks for one', (t) => {
  const engine = openEngine()
  t.after(() => engine.close())
  assert.equal(engine.kind, 'native')
})

function open(t: TestContext, kind: EngineKind): Engine {
  const engine = openEngine({ kind })
  t.after(() => engine.close())
  return engine
}

async function connected(engine: Engine) {
  const servers: SocketStream[] = []
  const listener = await engine.listen({
    address: '127.0.0.1',
    port: 0,
    onConnection: (stream) => void servers.push(stream),
  })
  const client = engine.connect({ address: '127.0.0.1', port: listener.port })
  await eventually(() => client.state === 'open' && servers.length === 1, { intervalMs: 1 })
  return { client, server: servers[0] as SocketStream, listener }
}

function echo(stream: SocketStream): void {
  stream.onProgress = () => {
    while (stream.readableBytes > 0) stream.consume(stream.write(stream.peek()))
    if (stream.inputEnded) stream.end()
  }
}

/** On real sockets, with either engine: bodies larger than every buffer, upgrades, and either end going away in the middle. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as http from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { eventually, patiently } from '../../../test/harness/eventually.ts'
import { type Engine, openEngine } from '../../sockets/index.ts'
import { HttpProxy, httpRoute } from './index.ts'

const BODY = Buffer.alloc(8_000_000, 'a body that fits into no buffer ')
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

interface Setting {
  readonly proxy: HttpProxy
  readonly port: number
}

async function between(
  kind: Engine['kind'],
  origin: Server,
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  const engine = openEngine({ kind })
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
  const { port: target } = origin.address() as AddressInfo
  const proxy = new HttpProxy({
    route: httpRoute({ host: '127.0.0.1', port: target }),
    dial: async () => engine.connect({ address: '127.0.0.1', port: target }),
    ...{ nowMs: () => engine.nowMs(), after: (ms, run) => engine.after(ms, run) },
  })
  const onConnection = proxy.serve.bind(proxy)
  const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection })
  try {
    await use({ proxy, port })
    await eventually(() => proxy.status().requests === 0)
  } finally {
    proxy.close()
    engine.close()
    origin.close()
  }
}

for (const kind of ['plain', 'native'] as const) {
  const options = { timeout: patiently(60_000) }

  test(
    `GL-07 ${kind}: a large body up and a large one down, at once and by several clients`,
    options,
    async () => {
      const origin = http.createServer((request, answer) => void request.pipe(answer))
      await between(kind, origin, async ({ proxy, port }) => {
        const echo = async (framing: http.OutgoingHttpHeaders): Promise<void> => {
          const request = http.request({
            host: '127.0.0.1',
            port,
            method: 'POST',
            headers: framing,
            agent: false,
          })
          request.end(BODY)
          const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
          const pieces: Buffer[] = []
          for await (const piece of answer) pieces.push(piece as Buffer)
          assert.equal(digest(Buffer.concat(pieces)), digest(BODY))
        }
        await Promise.all([
          echo({ 'content-length': BODY.length }),
          echo({}),
          echo({ 'content-length': BODY.length }),
        ])
        const { receivedBytes, sentBytes, failures } = proxy.counters
        assert.deepEqual([receivedBytes, sentBytes, failures], [3 * BODY.length, 3 * BODY.length, {}])
      })
    },
  )

  test(
    `GL-07 ${kind}: an upgraded connection of node:http speaks both ways and ends in order`,
    options,
    async () => {
      const origin = http.createServer()
      origin.on('upgrade', (request: http.IncomingMessage, socket: Socket) => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
        )
        socket.on('data', (piece) => socket.write(piece.toString().toUpperCase()))
        socket.on('end', () => socket.end('bye'))
      })
      await between(kind, origin, async ({ proxy, port }) => {
        const headers = { connection: 'Upgrade', upgrade: 'shout' }
        const request = http.request({ host: '127.0.0.1', port, headers, agent: false })
        request.end()
        const [answer, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, Socket]
        assert.deepEqual([answer.statusCode, answer.headers.upgrade], [101, 'shout'])
        let heard = ''
        socket.on('data', (piece) => (heard += piece.toString()))
        socket.write('hello')
        await eventually(() => heard === 'HELLO')
        socket.end()
        await eventually(() => heard === 'HELLObye')
        await eventually(() => proxy.status().clients === 0)
        assert.equal(proxy.counters.upgrades, 1)
      })
    },
  )

  test(
    `GL-09 ${kind}: a client that goes away in the middle takes the connection to the target with it`,
    options,
    async () => {
      let wasClosed = false
      const origin = http.createServer((_, answer) => {
        answer.on('close', () => (wasClosed = true))
        answer.writeHead(200)
        answer.write('first')
      })
      await between(kind, origin, async ({ proxy, port }) => {
        const request = http.request({ host: '127.0.0.1', port, agent: false }).end()
        const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
        await once(answer, 'data')
        request.on('error', () => {}) // it is we who break it off
        request.destroy()
        await eventually(() => wasClosed)
        assert.deepEqual(proxy.counters.failures, { 'client-aborted': 1 })
      })
    },
  )

  test(
    `GL-07 ${kind}: a target that breaks off in the middle leaves the client with an error, not with an end`,
    options,
    async () => {
      const origin = createServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
        socket.on('data', () => setImmediate(() => socket.resetAndDestroy()))
        socket.on('error', () => {}) // of its own making
      })
      await between(kind, origin, async ({ proxy, port }) => {
        const client = connect({ host: '127.0.0.1', port })
        let heard = ''
        client.on('data', (piece) => (heard += piece.toString()))
        client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        await assert.rejects(once(client, 'close'), { code: 'ECONNRESET' })
        assert.doesNotMatch(heard, /\r\n0\r\n\r\n$/)
        assert.equal(proxy.counters.requests, 1)
        const [failure] = Object.keys(proxy.counters.failures)
        assert.match(failure!, /^(response-truncated|upstream-reset)$/)
      })
    },
  )

  test(`GL-07 ${kind}: pipelined requests on one socket are answered in their order`, options, async () => {
    const origin = http.createServer((request, answer) => void answer.end(request.url))
    await between(kind, origin, async ({ port }) => {
      const client = connect({ host: '127.0.0.1', port })
      let heard = ''
      client.on('data', (piece) => (heard += piece.toString()))
      const paths = Array.from({ length: 50 }, (_, index) => `/${index}`)
      client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
      await eventually(() => heard.endsWith('/49') || heard.includes('/49\r\n'))
      assert.deepEqual([...heard.matchAll(/^\/\d+/gm)].map(String), paths)
      client.destroy()
    })
  })
}

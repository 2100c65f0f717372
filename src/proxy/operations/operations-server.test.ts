/** The operations server over a connection in memory: answers, refusals, bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { streamPair } from '../../streams/index.ts'
import { OperationsServer } from './operations-server.ts'

const BODY = 'x'.repeat(100_000)

function serverOf(): { server: OperationsServer; timers: (() => void)[] } {
  const timers: (() => void)[] = []
  const server = new OperationsServer({
    answer: (path) =>
      path === '/healthz'
        ? { status: 200, type: 'text/plain', body: 'ok\n' }
        : path === '/large'
          ? { status: 503, type: 'text/plain', body: BODY }
          : undefined,
    after: (_ms, run) => {
      timers.push(run)
      return { close: () => timers.splice(timers.indexOf(run), 1) }
    },
  })
  return { server, timers }
}

/** Everything that comes back for these bytes, to the end. */
async function ask(text: string, { pieceBytes = 65_536, capacityBytes = 65_536 } = {}): Promise<string> {
  const { server, timers } = serverOf()
  const [client, served] = streamPair({ pieceBytes, capacityBytes })
  server.serve(served)
  let [sent, got] = [0, '']
  const bytes = Buffer.from(text, 'latin1')
  await new Promise<void>((resolve) => {
    const advance = (): void => {
      if (sent < bytes.length) sent += client.write(bytes.subarray(sent))
      while (client.readableBytes > 0) {
        const piece = client.peek()
        got += Buffer.from(piece).toString('latin1')
        client.consume(piece.length)
      }
      if (client.inputEnded) client.end()
      if (client.inputEnded || client.state === 'closed') resolve()
    }
    client.onProgress = advance
    advance()
  })
  await new Promise(setImmediate)
  assert.deepEqual(timers, [])
  return got
}

const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? ''

const rows = [
  { name: 'a path that there is', text: 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n', want: '200' },
  { name: 'a path with a query', text: 'GET /healthz?verbose HTTP/1.0\r\n\r\n', want: '200' },
  { name: 'a path with an empty query', text: 'GET /healthz? HTTP/1.1\r\n\r\n', want: '200' },
  { name: 'a path with a fragment', text: 'GET /healthz#a?b HTTP/1.1\r\n\r\n', want: '200' },
  { name: 'a long path and nothing behind it', text: `GET /${'a'.repeat(8000)}\r\n\r\n`, want: '400' },
  { name: 'a person who types', text: 'GET /healthz HTTP/1.1\n\n', want: '200' },
  { name: 'a path that there is not', text: 'GET / HTTP/1.1\r\n\r\n', want: '404' },
  { name: 'a method that changes things', text: 'POST /healthz HTTP/1.1\r\n\r\n', want: '405' },
  { name: 'no HTTP', text: 'hello\r\n\r\n', want: '400' },
  { name: 'a head without end', text: `GET /healthz HTTP/1.1\r\nA: ${'b'.repeat(20_000)}`, want: '431' },
]

for (const { name, text, want } of rows)
  test(`the operations server answers ${want} to ${name}`, async () => {
    assert.equal(statusOf(await ask(text)), want)
  })

test('an answer larger than any buffer arrives whole, in whatever pieces', async () => {
  const answer = await ask('GET /large HTTP/1.1\r\n\r\n', { pieceBytes: 7, capacityBytes: 1000 })
  assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  assert.match(answer, /\r\nContent-Length: 100000\r\n/)
  assert.ok(answer.endsWith(`\r\n\r\n${BODY}`))
})

test('HEAD has the length and no body', async () => {
  const answer = await ask('HEAD /healthz HTTP/1.1\r\n\r\n')
  assert.match(answer, /Content-Length: 3\r\n/)
  assert.ok(answer.endsWith('\r\n\r\n'))
})

test('who stays silent is cut when time is up, and beyond 64 connections nobody is let in', () => {
  const { server, timers } = serverOf()
  const pairs = Array.from({ length: 65 }, () => streamPair())
  for (const [, served] of pairs) server.serve(served)
  assert.equal(timers.length, 64)
  assert.equal(pairs.at(-1)?.[1].state, 'closed')
  for (const run of [...timers]) run()
  assert.ok(pairs.every(([, served]) => served.state === 'closed'))
})

test('whatever is sent, in whatever pieces, gets one answer or none, and nothing throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.constantFrom('GET ', '/', 'healthz', ' HTTP/1.1', '\r\n', '\n', 'x', '\0'),
        maxLength: 40,
      }),
      fc.integer({ min: 1, max: 9 }),
      async (text, pieceBytes) => {
        const answer = await ask(`${text}\r\n\r\n`, { pieceBytes })
        assert.match(answer, /^HTTP\/1\.1 (200|400|404) /)
      },
    ),
    { numRuns: 100 },
  )
})

test('whoever was cut makes room for others', () => {
  const { server, timers } = serverOf()
  for (let count = 0; count < 64; count++) server.serve(streamPair()[1])
  for (const run of timers.splice(0)) run()
  const [, next] = streamPair()
  server.serve(next)
  assert.equal(next.state, 'open')
})

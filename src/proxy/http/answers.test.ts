/** Answers of every framing, to clients of both versions: what arrives, and which connections live on (RFC 9112 §6.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, type TextEnd } from '../../../test/harness/http-rig.ts'

interface Row {
  readonly name: string
  readonly request?: readonly string[]
  readonly answer: string
  /** The target ends its direction after it. */
  readonly targetEnds?: boolean
  readonly want: string
  readonly clientKept: boolean
  readonly upstreamKept: boolean
}

const GET = ['GET / HTTP/1.1', 'Host: h']
const HEAD = ['HEAD / HTTP/1.1', 'Host: h']
const GET10 = ['GET / HTTP/1.0']
const GET10_KEPT = ['GET / HTTP/1.0', 'Connection: keep-alive']
const both = { clientKept: true, upstreamKept: true }
const neither = { clientKept: false, upstreamKept: false }

const ROWS: readonly Row[] = [
  {
    name: 'HEAD: the length is that of what GET would bring',
    request: HEAD,
    answer: head('HTTP/1.1 200 OK', 'Content-Length: 5000'),
    want: head('HTTP/1.1 200 OK', 'Content-Length: 5000'),
    ...both,
  },
  {
    name: 'HEAD: no chunks either',
    request: HEAD,
    answer: head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
    want: head('HTTP/1.1 200 OK'),
    ...both,
  },
  {
    name: '204 has no body and no length, whatever it says',
    answer: head('HTTP/1.1 204 No Content', 'Content-Length: 0'),
    want: head('HTTP/1.1 204 No Content'),
    ...both,
  },
  {
    name: '304 has no body, and the length of what it stands for',
    answer: head('HTTP/1.1 304 Not Modified', 'Content-Length: 70', 'ETag: "x"'),
    want: head('HTTP/1.1 304 Not Modified', 'Content-Length: 70', 'ETag: "x"'),
    ...both,
  },
  {
    name: '205 with a length of nothing',
    answer: head('HTTP/1.1 205 Reset Content', 'Content-Length: 0'),
    want: head('HTTP/1.1 205 Reset Content', 'Content-Length: 0'),
    ...both,
  },
  {
    name: 'a status line without a reason',
    answer: head('HTTP/1.1 200', 'Content-Length: 0'),
    want: head('HTTP/1.1 200 ', 'Content-Length: 0'),
    ...both,
  },
  {
    name: 'a body until the end of the connection becomes chunks',
    answer: head('HTTP/1.1 200 OK') + 'hello',
    targetEnds: true,
    want: head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '5\r\nhello\r\n0\r\n\r\n',
    clientKept: true,
    upstreamKept: false,
  },
  {
    name: 'a body of nothing until the end of the connection',
    answer: head('HTTP/1.0 200 OK'),
    targetEnds: true,
    want: head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    clientKept: true,
    upstreamKept: false,
  },
  {
    name: 'HTTP/1.0 client: a body until the end stays one',
    request: GET10_KEPT,
    answer: head('HTTP/1.1 200 OK') + 'hello',
    targetEnds: true,
    want: head('HTTP/1.1 200 OK', 'Connection: close') + 'hello',
    ...neither,
  },
  {
    name: 'HTTP/1.0 client: chunks are taken apart, and the end of the connection is the end of the body',
    request: GET10_KEPT,
    answer:
      head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n',
    want: head('HTTP/1.1 200 OK', 'Connection: close') + 'abcde',
    clientKept: false,
    upstreamKept: true,
  },
  {
    name: 'HTTP/1.0 client: closed after one answer',
    request: GET10,
    answer: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: close') + 'ok',
    clientKept: false,
    upstreamKept: true,
  },
  {
    name: 'HTTP/1.0 client: kept where it asks for it',
    request: GET10_KEPT,
    answer: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: keep-alive') + 'ok',
    ...both,
  },
  {
    name: 'a client that wants to close',
    request: [...GET, 'Connection: close'],
    answer: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: close') + 'ok',
    clientKept: false,
    upstreamKept: true,
  },
  {
    name: 'a target that wants to close',
    answer: head('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    clientKept: true,
    upstreamKept: false,
  },
  {
    name: 'a target that speaks HTTP/1.0 and keeps nothing',
    answer: head('HTTP/1.0 200 OK', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    clientKept: true,
    upstreamKept: false,
  },
  {
    name: 'a target that speaks HTTP/1.0 and keeps the connection',
    answer: head('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    ...both,
  },
  {
    name: 'a target that says more than it announced: the rest is nobody’s, and the connection is given up',
    answer:
      head('HTTP/1.1 200 OK', 'Content-Length: 2') +
      'ok' +
      head('HTTP/1.1 200 OK', 'Content-Length: 4') +
      'evil',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    clientKept: true,
    upstreamKept: false,
  },
  {
    name: 'fields of the hop are left out',
    answer: head(
      ...[
        'HTTP/1.1 200 OK',
        'Keep-Alive: timeout=5',
        'Connection: keep-alive, X-Hop',
        'X-Hop: 1',
        'X-End: 2',
      ],
      ...['Proxy-Authenticate: Basic', 'Proxy-Connection: keep-alive', 'Upgrade: h2c', 'Content-Length: 0'],
    ),
    want: head('HTTP/1.1 200 OK', 'X-End: 2', 'Content-Length: 0'),
    ...both,
  },
  {
    name: 'two lengths that agree become one',
    answer: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'X: y', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'X: y') + 'ok',
    ...both,
  },
  {
    name: 'trailer fields pass, save those that frame or say who one is',
    answer:
      head('HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked') +
      '2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nContent-Length: 7\r\nServer-Timing: t\r\n\r\n',
    want:
      head('HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked') +
      '2\r\nok\r\n0\r\nX-Sum: 1\r\nServer-Timing: t\r\n\r\n',
    ...both,
  },
  {
    name: 'informational answers pass before the final one',
    answer:
      head('HTTP/1.1 103 Early Hints', 'Link: </a.css>', 'Content-Length: 3') +
      head('HTTP/1.1 102 Processing') +
      head('HTTP/1.1 200 OK', 'Content-Length: 2') +
      'ok',
    want:
      head('HTTP/1.1 103 Early Hints', 'Link: </a.css>') +
      head('HTTP/1.1 102 Processing') +
      head('HTTP/1.1 200 OK', 'Content-Length: 2') +
      'ok',
    ...both,
  },
  {
    name: 'informational answers are not for HTTP/1.0',
    request: GET10_KEPT,
    answer: head('HTTP/1.1 103 Early Hints') + head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok',
    want: head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: keep-alive') + 'ok',
    ...both,
  },
]

for (const row of ROWS)
  test(`GL-07 answers: ${row.name}`, async () => {
    for (const pieceBytes of [64 * 1024, 1, 3]) {
      const rig = new HttpRig({ pieceBytes })
      const client = rig.client()
      client.send(head(...(row.request ?? GET)))
      await rig.settle()
      rig.target.send(row.answer)
      if (row.targetEnds) rig.target.end()
      await rig.settle()
      assert.equal(withoutFraming(client.received), withoutFraming(row.want))
      if (pieceBytes === 64 * 1024) assert.equal(client.received, row.want)
      assert.equal(client.sawEnd, !row.clientKept, 'the connection of the client')
      assert.equal(client.wasCut, false)
      assert.equal(rig.proxy.status().upstream.idle, row.upstreamKept ? 1 : 0, 'the connection to the target')
      assert.equal(rig.proxy.status().requests, 0)
      const isBroken = row.name.includes('more than it announced')
      assert.equal(rig.target.wasCut, isBroken, 'no reset where all went well')
    }
  })

/** Chunks that come in pieces go in pieces. */
function withoutFraming(text: string): string {
  if (!/^Transfer-Encoding: chunked\r$/m.test(text)) return text
  return text.replaceAll(/(?<=\n)[1-9a-f][0-9a-f]*\r\n([^\r]*)\r\n(?=.)/gs, '$1')
}

const start = async (
  options: ConstructorParameters<typeof HttpRig>[0],
  request: string,
): Promise<[HttpRig, TextEnd]> => {
  const rig = new HttpRig(options)
  const client = rig.client()
  client.send(request)
  await rig.settle()
  return [rig, client]
}

test('GL-07 server-sent events arrive one by one, as they are sent', async () => {
  const [rig, client] = await start({}, head(...GET))
  rig.target.send(head('HTTP/1.1 200 OK', 'Content-Type: text/event-stream'))
  await rig.settle()
  assert.match(client.take(), /^HTTP\/1.1 200 OK\r\n/)
  for (const event of ['data: 1\n\n', 'data: 2\n\n', ': quiet\n\n']) {
    rig.target.send(event)
    await rig.settle()
    assert.equal(client.take(), `${event.length.toString(16)}\r\n${event}\r\n`)
  }
})

test('GL-07 a body of any size passes without being kept: what the client does not take, the target cannot send', async () => {
  const capacityBytes = 4096
  const [rig, client] = await start({ capacityBytes }, head(...GET))
  client.isPaused = true
  rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 1000000') + 'x'.repeat(1_000_000))
  await rig.settle()
  assert.equal(client.stream.readableBytes, capacityBytes)
  assert.equal(rig.proxy.status().requests, 1)
  client.resume()
  await rig.settle()
  assert.equal(client.received.length, head('HTTP/1.1 200 OK', 'Content-Length: 1000000').length + 1_000_000)
  assert.equal(rig.proxy.status().requests, 0)
})

test('chunks pass where the client takes a few bytes at a time, even less than the framing of a chunk', async () => {
  const [rig, client] = await start({ capacityBytes: 5 }, head(...GET))
  rig.target.send(
    head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '5\r\nhello\r\n7\r\n, world\r\n0\r\nX: y\r\n\r\n',
  )
  await rig.settle()
  const [top, body] = client.received.split(/(?<=\r\n\r\n)/, 2)
  assert.equal(top, head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
  assert.equal(withoutFraming(client.received), `${top}hello, world0\r\nX: y\r\n\r\n`)
  assert.ok(body)
})

test('GL-07 pipelined requests are answered in their order, one at a time at the target', async () => {
  const [rig, client] = await start(
    {},
    ['/1', '/2', '/3'].map((path) => head(`GET ${path} HTTP/1.1`, 'Host: h')).join(''),
  )
  for (const path of ['/1', '/2', '/3']) {
    assert.match(rig.target.take(), new RegExp(`^GET ${path} HTTP/1.1\r\n`))
    rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 2') + path)
    await rig.settle()
    assert.match(client.take(), new RegExp(`\r\n\r\n${path}$`))
  }
  assert.equal(rig.targets.length, 1)
})

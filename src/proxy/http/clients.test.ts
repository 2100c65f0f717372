/** What clients do: stall, go away, ask for too much, upgrade; and what becomes of their connections. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, type TextEnd } from '../../../test/harness/http-rig.ts'

const GET = head('GET / HTTP/1.1', 'Host: h')
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok'
const SECOND = 1000

const ask = async (rig: HttpRig, request: string): Promise<TextEnd> => {
  const client = rig.client()
  client.send(request)
  await rig.settle()
  return client
}
const answerOf = (client: TextEnd): string =>
  `${/^HTTP\/1.1 (\d+)/.exec(client.received)?.[1]} ${/^Warren-Error: (.*)\r$/m.exec(client.received)?.[1]}`

test('GL-09 a head that trickles in is refused in time, however steadily it does', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, 'GET / HTTP/1.1\r\n')
  for (let line = 0; line < 31; line++) {
    client.send(`X-${line}: y\r\n`)
    await rig.settle()
    await rig.pass(SECOND)
  }
  assert.equal(answerOf(client), '408 request-head-timeout')
  assert.ok(client.sawEnd)
})

test('GL-09 a connection on which nothing comes is closed without a word, and so is one that is idle after an answer', async () => {
  const rig = new HttpRig()
  const silent = rig.client()
  const idle = await ask(rig, GET)
  rig.target.send(OK)
  await rig.settle()
  await rig.pass(31 * SECOND)
  assert.deepEqual([silent.received, silent.sawEnd, idle.sawEnd], ['', true, false])
  await rig.pass(91 * SECOND)
  assert.deepEqual([idle.received, idle.sawEnd], [OK, true])
})

test('GL-09 a body that stops arriving is refused, and the target hears no end of it', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 10') + 'short')
  await rig.pass(301 * SECOND)
  assert.equal(answerOf(client), '408 request-body-timeout')
  assert.ok(client.sawEnd && rig.target.wasCut)
})

test('GL-09 a whole request may be bounded, whatever it is doing', async () => {
  const rig = new HttpRig({ route: { timeouts: { requestMs: 5000 } } })
  const client = await ask(rig, GET)
  await rig.pass(6 * SECOND)
  assert.equal(answerOf(client), '504 request-timeout')
  const streaming = await ask(rig, GET)
  rig.target.send(head('HTTP/1.1 200 OK'))
  for (let second = 0; second < 6; second++) {
    rig.target.send('tick\n')
    await rig.settle()
    await rig.pass(SECOND)
  }
  assert.ok(streaming.wasCut)
})

test('GL-09 a client that does not take its answer is cut off', async () => {
  const rig = new HttpRig({ capacityBytes: 1024 })
  const client = rig.client()
  client.isPaused = true
  client.send(GET)
  await rig.settle()
  rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 5000') + 'x'.repeat(5000))
  await rig.settle()
  await rig.pass(302 * SECOND)
  assert.ok(client.wasCut)
  assert.equal(rig.entries.at(-1)?.failure, 'client-send-timeout')
  assert.equal(rig.proxy.status().upstream.open, 0)
})

test('GL-09 a client that goes away takes its request with it: the target hears of it at once', async () => {
  for (const leave of [(client: TextEnd) => client.stream.destroy(), (client: TextEnd) => client.end()]) {
    for (const answer of ['', head('HTTP/1.1 200 OK', 'Content-Length: 10') + 'half']) {
      const rig = new HttpRig()
      const client = await ask(rig, GET)
      rig.target.send(answer)
      await rig.settle()
      leave(client)
      await rig.settle()
      assert.ok(rig.target.wasCut)
      const [entry] = rig.entries
      assert.deepEqual([entry?.failure, entry?.status], ['client-aborted', answer === '' ? 499 : 200])
      assert.deepEqual([rig.proxy.status().requests, rig.proxy.status().clients], [0, 0])
    }
  }
})

test('GL-09 a client that ends its direction has gone, whether its end comes with the request or after it', async () => {
  for (const isLater of [false, true]) {
    const rig = new HttpRig()
    const client = rig.client()
    client.send(GET)
    if (isLater) await rig.settle()
    client.end()
    await rig.settle()
    assert.deepEqual([client.received, client.stream.state], ['', 'closed'])
    assert.equal(rig.entries[0]?.failure, 'client-aborted')
    assert.equal(rig.proxy.status().requests, 0)
  }
})

test('a client that ends its direction is served to the end where the route says so', async () => {
  const rig = new HttpRig({ route: { halfClosed: 'serve' } })
  const client = rig.client()
  client.send(GET)
  client.end()
  await rig.settle()
  rig.target.send(OK)
  await rig.settle()
  assert.equal(client.received, OK)
  assert.equal(client.wasCut, false)
  assert.equal(rig.proxy.status().clients, 0)
})

test('GL-09 a client that goes away while it waits for a connection leaves the line', async () => {
  const rig = new HttpRig({ route: { limits: { upstreamConnections: 1 } } })
  await ask(rig, GET)
  const second = await ask(rig, GET)
  assert.equal(rig.proxy.status().waiting, 1)
  second.stream.destroy()
  await rig.settle()
  assert.equal(rig.proxy.status().waiting, 0)
})

test('a client that breaks off in the middle of a body makes no whole request of it', async () => {
  for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
    const rig = new HttpRig()
    const client = await ask(rig, head('POST / HTTP/1.1', 'Host: h', framing) + '3\r\nabc\r\n')
    client.end()
    await rig.settle()
    assert.ok(rig.target.wasCut)
    assert.ok(!rig.target.received.endsWith('0\r\n\r\n'))
    assert.equal(rig.entries[0]?.failure, 'client-aborted')
  }
})

test('GL-07 an answer that comes before the request is through goes to the client, which is then closed', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 100') + 'first')
  rig.target.send(head('HTTP/1.1 401 Unauthorized', 'Content-Length: 2') + 'no')
  await rig.settle()
  assert.equal(
    client.received,
    head('HTTP/1.1 401 Unauthorized', 'Content-Length: 2', 'Connection: close') + 'no',
  )
  assert.ok(client.sawEnd)
  assert.equal(rig.proxy.status().upstream.open, 0)
})

test('GL-07 an answer may begin, and both bodies flow', async () => {
  const rig = new HttpRig()
  const client = await ask(
    rig,
    head('POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked') + '1\r\na\r\n',
  )
  rig.target.take()
  rig.target.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '1\r\nA\r\n')
  await rig.settle()
  assert.equal(
    client.take(),
    head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Connection: close') + '1\r\nA\r\n',
  )
  client.send('1\r\nb\r\n0\r\n\r\n')
  await rig.settle()
  assert.equal(rig.target.take(), '1\r\nb\r\n0\r\n\r\n')
  rig.target.send('1\r\nB\r\n0\r\n\r\n')
  await rig.settle()
  assert.equal(client.take(), '1\r\nB\r\n0\r\n\r\n')
})

test('GL-07 100-continue is asked of the target, and its word passed on', async () => {
  const rig = new HttpRig()
  const client = await ask(
    rig,
    head('PUT / HTTP/1.1', 'Host: h', 'Expect: 100-continue', 'Content-Length: 4'),
  )
  assert.match(rig.target.take(), /^Expect: 100-continue\r$/m)
  rig.target.send(head('HTTP/1.1 100 Continue'))
  await rig.settle()
  assert.equal(client.take(), head('HTTP/1.1 100 Continue'))
  client.send('body')
  await rig.settle()
  assert.equal(rig.target.take(), 'body')
  rig.target.send(OK)
  await rig.settle()
  assert.equal(client.take(), OK)
})

test('GL-07 100-continue that is refused: the final answer comes, and no body is waited for', async () => {
  const rig = new HttpRig()
  const client = await ask(
    rig,
    head('PUT / HTTP/1.1', 'Host: h', 'Expect: 100-continue', 'Content-Length: 4'),
  )
  rig.target.send(head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0'))
  await rig.settle()
  assert.equal(
    client.take(),
    head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0', 'Connection: close'),
  )
  assert.ok(client.sawEnd)
})

const UPGRADE = head(
  'GET /ws HTTP/1.1',
  'Host: h',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
)
const SWITCHED = head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade')

test('GL-07 an upgrade joins both connections, whatever they then speak, until both have ended', async () => {
  for (const capacityBytes of [64 * 1024, 10]) {
    const rig = new HttpRig({ capacityBytes })
    const client = await ask(rig, `${UPGRADE}early`)
    assert.match(rig.target.take(), /\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n$/)
    rig.target.send(`${SWITCHED}hello`)
    await rig.settle()
    assert.equal(client.take(), `${SWITCHED}hello`)
    assert.equal(rig.target.take(), 'early')
    client.send('\u0000GET / HTTP/1.1\r\n\r\n')
    rig.target.send('\u00ff'.repeat(1000))
    await rig.settle()
    assert.equal(rig.target.take(), '\u0000GET / HTTP/1.1\r\n\r\n')
    assert.equal(client.take(), '\u00ff'.repeat(1000))
    client.end()
    await rig.settle()
    assert.ok(rig.target.sawEnd)
    rig.target.send('bye')
    rig.target.end()
    await rig.settle()
    assert.equal(client.take(), 'bye')
    assert.equal(client.wasCut || rig.target.wasCut, false)
    const [entry] = rig.entries
    assert.deepEqual([entry?.status, entry?.receivedBytes, entry?.sentBytes], [101, 24, 1008])
    assert.deepEqual(rig.proxy.status().upstream, { open: 0, idle: 0, dialing: 0 })
  }
})

test('GL-07 an upgrade that the target does not take is an ordinary request, and what follows it the next one', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, UPGRADE + GET)
  rig.target.take()
  rig.target.send(OK)
  await rig.settle()
  assert.equal(client.take(), OK)
  assert.match(rig.target.take(), /^GET \/ HTTP\/1.1\r\n/)
})

test('an upgraded connection: either end that breaks breaks the other, and silence ends it', async () => {
  for (const act of [
    (rig: HttpRig) => rig.target.stream.destroy(),
    (_: HttpRig, client: TextEnd) => client.stream.destroy(),
    (rig: HttpRig) => rig.clock.pass(3601 * SECOND),
  ]) {
    const rig = new HttpRig()
    const client = await ask(rig, UPGRADE)
    rig.target.send(SWITCHED)
    await rig.settle()
    act(rig, client)
    await rig.settle()
    assert.equal(client.stream.state, 'closed')
    assert.equal(rig.target.stream.state, 'closed')
    assert.deepEqual([rig.proxy.status().clients, rig.proxy.status().requests], [0, 0])
  }
})

test('GL-09 limits: a body that is too large, by its length or by its chunks', async () => {
  const rig = new HttpRig({ route: { limits: { bodyBytes: 10 } } })
  const announced = await ask(rig, head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 11') + 'x'.repeat(11))
  assert.equal(answerOf(announced), '413 body-too-large')
  assert.equal(rig.targets.length, 0)
  const chunked = await ask(
    rig,
    head('POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked') + 'b\r\n12345678901\r\n',
  )
  assert.equal(answerOf(chunked), '413 body-too-large')
  assert.ok(rig.target.wasCut)
  const fits = await ask(rig, head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 10') + 'x'.repeat(10))
  rig.target.send(OK)
  await rig.settle()
  assert.equal(fits.received, OK)
})

test('GL-09 limits: a head of 10 MB is refused with 431, and nothing of it is kept', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(10_000_000)}\r\n\r\n`)
  assert.equal(answerOf(client), '431 head-too-large')
  assert.equal(rig.proxy.status().gatheredHeadBytes, 0)
  await rig.pass(3 * SECOND)
  assert.equal(rig.proxy.status().clients, 0)
})

test('GL-09 limits: requests and connections of a route get 503 with Retry-After, and the next ones are served', async () => {
  const rig = new HttpRig({ route: { limits: { requests: 1, clients: 2 } } })
  const first = await ask(rig, GET)
  const second = await ask(rig, GET)
  assert.equal(answerOf(second), '503 too-many-requests')
  assert.match(second.take(), /^Retry-After: 1\r$/m)
  const third = await ask(rig, GET)
  assert.equal(answerOf(third), '503 too-many-clients')
  assert.ok(third.sawEnd)
  rig.target.send(OK)
  await rig.settle()
  assert.equal(first.received, OK)
  second.send(GET)
  await rig.settle()
  rig.target.send(OK)
  await rig.settle()
  assert.equal(second.received, OK)
})

test('GL-09 limits: a connection carries so many requests and is then closed in order', async () => {
  const rig = new HttpRig({ route: { limits: { requestsPerConnection: 2 } } })
  const client = await ask(rig, GET)
  rig.target.send(OK)
  await rig.settle()
  assert.equal(client.take(), OK)
  client.send(GET)
  await rig.settle()
  rig.target.send(OK)
  await rig.settle()
  assert.match(client.take(), /Connection: close\r\n\r\nok$/)
  assert.ok(client.sawEnd)
})

test('an error is told in JSON to those who ask for it, and without a body to HEAD', async () => {
  const rig = new HttpRig({ route: { limits: { requests: 0 } } })
  const json = await ask(rig, head('GET / HTTP/1.1', 'Host: h', 'Accept: text/html;q=0.5, application/json'))
  const [, body = ''] = json.received.split('\r\n\r\n')
  assert.match(json.received, /^Content-Type: application\/json\r$/m)
  assert.deepEqual(Object.keys(JSON.parse(body) as object), ['status', 'error', 'message'])
  const bare = await ask(rig, head('HEAD / HTTP/1.1', 'Host: h'))
  assert.match(bare.received, /^HTTP\/1.1 503 .*\r\nContent-Length: \d\d\r\n.*\r\n\r\n$/s)
})

test('GL-09 draining: idle clients are sent away, busy ones after their answer, upgrades may end; then it is over', async () => {
  const rig = new HttpRig()
  const idle = await ask(rig, GET)
  rig.target.send(OK)
  await rig.settle()
  const busy = await ask(rig, GET)
  let isOver = false
  const drained = rig.proxy.drain().then(() => (isOver = true))
  await rig.settle()
  assert.deepEqual([idle.sawEnd, busy.sawEnd, isOver], [true, false, false])
  const silent = await ask(rig, '')
  const late = await ask(rig, GET)
  assert.match(rig.target.take(), /^GET/)
  await rig.pass(2 * SECOND)
  assert.deepEqual([silent.received, silent.sawEnd], ['', true])
  for (const target of rig.targets) target.send(OK)
  await rig.settle()
  assert.match(late.received, /Connection: close\r\n\r\nok$/)
  await rig.settle()
  assert.match(busy.received, /Connection: close\r\n\r\nok$/)
  assert.equal(isOver, false)
  await rig.pass(3 * SECOND)
  await drained
  assert.deepEqual(rig.proxy.status().upstream, { open: 0, idle: 0, dialing: 0 })
})

test('closing ends everything at once', async () => {
  const rig = new HttpRig()
  const client = await ask(rig, GET)
  rig.proxy.close()
  await rig.settle()
  assert.ok(client.wasCut && rig.target.wasCut)
  assert.equal(rig.clock.timers, 0)
})

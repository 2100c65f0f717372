/** Connections to the target: kept, shared out, retried on, given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, type TextEnd } from '../../../test/harness/http-rig.ts'

const GET = head('GET / HTTP/1.1', 'Host: h')
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok'
const SECOND = 1000

const ask = async (rig: HttpRig, request = GET): Promise<TextEnd> => {
  const client = rig.client()
  client.send(request)
  await rig.settle()
  return client
}
const answer = async (rig: HttpRig, target: TextEnd): Promise<void> => {
  target.send(OK)
  await rig.settle()
}
const answerOf = (client: TextEnd): string =>
  `${/^HTTP\/1.1 (\d+)/.exec(client.received)?.[1]} ${/^Warren-Error: (.*)\r$/m.exec(client.received)?.[1]}`

test('the connection used last is used next, so that those not needed grow old', async () => {
  const rig = new HttpRig()
  await ask(rig)
  await ask(rig)
  const [first, second] = rig.targets as [TextEnd, TextEnd]
  await answer(rig, first)
  await answer(rig, second)
  first.take()
  second.take()
  await ask(rig)
  assert.deepEqual([first.received, second.received.slice(0, 3)], ['', 'GET'])
  await answer(rig, second)
  await rig.pass(60 * SECOND)
  await ask(rig)
  await answer(rig, second)
  await rig.pass(45 * SECOND)
  assert.deepEqual([first.stream.state, second.stream.state], ['closed', 'open'])
  await rig.pass(60 * SECOND)
  assert.deepEqual(rig.proxy.status().upstream, { open: 0, idle: 0, dialing: 0 })
})

test('no more are kept than the route says', async () => {
  const rig = new HttpRig({ route: { limits: { idleUpstreamConnections: 1 } } })
  await ask(rig)
  await ask(rig)
  for (const target of rig.targets) await answer(rig, target)
  assert.deepEqual(rig.proxy.status().upstream, { open: 1, idle: 1, dialing: 0 })
})

test('a kept connection that the target closes, or speaks on out of turn, is given up at once', async () => {
  for (const act of [
    (target: TextEnd) => target.end(),
    (target: TextEnd) => target.stream.destroy(),
    (target: TextEnd) => target.send(head('HTTP/1.1 408 Request Timeout')),
  ]) {
    const rig = new HttpRig()
    await ask(rig)
    await answer(rig, rig.target)
    act(rig.target)
    await rig.settle()
    assert.equal(rig.proxy.status().upstream.open, 0)
    assert.equal(rig.proxy.counters.upstreamIdleCloses, 1)
    await ask(rig)
    assert.equal(rig.targets.length, 2)
  }
})

for (const [request, retried] of [
  ['GET', true],
  ['HEAD', true],
  ['OPTIONS', true],
  ['DELETE', true],
  ['PUT', true],
  ['POST', false],
  ['PATCH', false],
] as const)
  test(`GL-07 ${request} on a kept connection that turns out to be dead is ${retried ? 'sent again, once' : 'not sent again'}`, async () => {
    const rig = new HttpRig()
    await ask(rig)
    await answer(rig, rig.target)
    const client = await ask(rig, head(`${request} /again HTTP/1.1`, 'Host: h'))
    const [stale] = rig.targets as [TextEnd]
    stale.stream.destroy()
    await rig.settle()
    assert.equal(rig.targets.length, retried ? 2 : 1)
    assert.equal(rig.proxy.counters.retries, retried ? 1 : 0)
    if (!retried) return assert.equal(answerOf(client), '502 upstream-reset')
    assert.match(rig.target.received, new RegExp(`^${request} /again HTTP/1.1\r\n`))
    rig.target.stream.destroy()
    await rig.settle()
    assert.equal(answerOf(client), '502 upstream-reset', 'and no third time')
    assert.equal(rig.entries.at(-1)?.retries, 1)
  })

test('an empty body in chunks that is sent again has its end again: else the next request would be taken for it', async () => {
  const rig = new HttpRig()
  await ask(rig)
  await answer(rig, rig.target)
  await ask(rig, head('PUT /again HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked') + '0\r\n\r\n')
  const [stale] = rig.targets as [TextEnd]
  stale.stream.destroy()
  await rig.settle()
  assert.equal(rig.proxy.counters.retries, 1)
  assert.match(rig.target.received, /^PUT \/again HTTP\/1\.1\r\n[^]*\r\n\r\n0\r\n\r\n$/)
})

test('nothing is sent again once a byte of an answer, or a body, was on its way', async () => {
  const cases = [
    { request: GET, partial: 'HTTP/1.1 2' },
    { request: head('PUT / HTTP/1.1', 'Host: h', 'Content-Length: 4') + 'body', partial: '' },
  ]
  for (const { request, partial } of cases) {
    const rig = new HttpRig()
    await ask(rig)
    await answer(rig, rig.target)
    const client = await ask(rig, request)
    rig.target.send(partial)
    await rig.settle()
    rig.target.stream.destroy()
    await rig.settle()
    assert.equal(rig.targets.length, 1)
    assert.equal(answerOf(client), '502 upstream-reset')
  }
})

test('a new connection that breaks is no stale one: nothing is sent again', async () => {
  const rig = new HttpRig()
  const client = await ask(rig)
  rig.target.stream.destroy()
  await rig.settle()
  assert.equal(answerOf(client), '502 upstream-reset')
  assert.equal(rig.targets.length, 1)
})

test('GL-09 beyond the limit of connections requests wait in line, in their order, for one that becomes free', async () => {
  const rig = new HttpRig({ route: { limits: { upstreamConnections: 1 } } })
  const clients = [await ask(rig), await ask(rig), await ask(rig)]
  assert.deepEqual([rig.targets.length, rig.proxy.status().waiting], [1, 2])
  for (const client of clients) {
    assert.equal(client.received, '')
    await answer(rig, rig.target)
    assert.equal(client.received, OK)
  }
  assert.equal(rig.proxy.counters.waited, 2)
})

test('GL-09 the line is bounded, in length and in time: 503', async () => {
  const rig = new HttpRig({ route: { limits: { upstreamConnections: 1, waiting: 1 } } })
  await ask(rig)
  const second = await ask(rig)
  const third = await ask(rig)
  assert.equal(answerOf(third), '503 queue-full')
  await rig.pass(11 * SECOND)
  assert.equal(answerOf(second), '503 queue-timeout')
  assert.equal(rig.proxy.status().waiting, 0)
})

test('a connection that breaks while others wait makes room for a new one', async () => {
  const rig = new HttpRig({ route: { limits: { upstreamConnections: 1 } } })
  const first = await ask(rig)
  const second = await ask(rig)
  rig.target.stream.destroy()
  await rig.settle()
  assert.equal(answerOf(first), '502 upstream-reset')
  assert.equal(rig.targets.length, 2)
  await answer(rig, rig.target)
  assert.equal(second.received, OK)
})

test('a connection made for somebody who has gone is kept for the next one', async () => {
  const rig = new HttpRig()
  const gone = rig.client()
  gone.send(GET)
  rig.turns.endTurn()
  gone.stream.destroy()
  await rig.settle()
  assert.deepEqual(rig.proxy.status().upstream, { open: 1, idle: 1, dialing: 0 })
  await ask(rig)
  assert.equal(rig.targets.length, 1)
})

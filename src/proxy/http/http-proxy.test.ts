/** The thin path: requests over kept connections, with bodies of every framing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, refusedDial } from '../../../test/harness/http-rig.ts'

const GET = head('GET /a?b=c HTTP/1.1', 'Host: service', 'User-Agent: test', 'Accept: */*')

test('GL-07 a request reaches the target with its Host, X-Forwarded-For, -Host and -Proto, and its answer comes back', async () => {
  const rig = new HttpRig()
  const client = rig.client()
  client.send(GET)
  await rig.settle()
  assert.equal(
    rig.target.take(),
    head(
      ...['GET /a?b=c HTTP/1.1', 'Host: service', 'User-Agent: test', 'Accept: */*'],
      ...['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Host: service', 'X-Forwarded-Proto: http'],
    ),
  )
  rig.target.send(head('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 5') + 'hello')
  await rig.settle()
  assert.equal(
    client.take(),
    head('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 5') + 'hello',
  )
})

test('both connections are kept and used again, and what is said is counted', async () => {
  const rig = new HttpRig()
  const client = rig.client()
  for (let round = 0; round < 3; round++) {
    client.send(GET)
    await rig.settle()
    rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok')
    await rig.settle()
    assert.match(client.take(), /\r\n\r\nok$/)
  }
  assert.equal(rig.targets.length, 1)
  const { counters } = rig.proxy
  assert.equal(counters.requests, 3)
  assert.equal(counters.poolHits, 2)
  assert.equal(counters.statusClasses()['2xx'], 3)
  assert.equal(counters.sentBytes, 6)
  assert.deepEqual(
    rig.entries.map(({ method, target, status, sentBytes, reused }) => ({
      method,
      target,
      status,
      sentBytes,
      reused,
    })),
    [false, true, true].map((reused) => ({
      method: 'GET',
      target: '/a?b=c',
      status: 200,
      sentBytes: 2,
      reused,
    })),
  )
})

test('a chunked answer passes as chunks, each piece as it comes', async () => {
  const rig = new HttpRig()
  const client = rig.client()
  client.send(GET)
  await rig.settle()
  rig.target.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
  await rig.settle()
  assert.equal(client.take(), head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
  rig.target.send('5;ext=1\r\nhello\r\n')
  await rig.settle()
  assert.equal(client.take(), '5\r\nhello\r\n')
  rig.target.send('00a\r\n, big worl\r\n1\r\nd\r\n0\r\n\r\n')
  await rig.settle()
  assert.equal(client.take(), 'b\r\n, big world\r\n0\r\n\r\n')
  assert.equal(rig.proxy.status().upstream.idle, 1)
})

test('a head and the chunks that are there already go in one write', async () => {
  const rig = new HttpRig()
  const client = rig.client()
  client.send(GET)
  await rig.settle()
  rig.target.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
  await rig.settle()
  assert.equal(
    client.take(),
    head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '5\r\nabcde\r\n0\r\n\r\n',
  )
})

test('a request body passes with its length, and chunked', async () => {
  const rig = new HttpRig()
  const client = rig.client()
  client.send(head('POST /p HTTP/1.1', 'Host: h', 'Content-Length: 11') + 'hello ')
  await rig.settle()
  client.send(
    'world' + head('PUT /q HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n0\r\n\r\n',
  )
  await rig.settle()
  assert.match(
    rig.target.take(),
    /^POST \/p HTTP\/1.1\r\nHost: h\r\nContent-Length: 11\r\n.*\r\n\r\nhello world$/s,
  )
  rig.target.send(head('HTTP/1.1 204 No Content'))
  await rig.settle()
  assert.equal(client.take(), head('HTTP/1.1 204 No Content'))
  assert.match(
    rig.target.take(),
    /^PUT \/q .*Transfer-Encoding: chunked\r\n.*\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/s,
  )
})

test('GL-07 a target that refuses is a 502 that says why, and the client connection lives', async () => {
  const rig = new HttpRig({ dial: () => refusedDial('ECONNREFUSED') })
  const client = rig.client()
  client.send(GET)
  await rig.settle()
  assert.match(
    client.take(),
    /^HTTP\/1.1 502 Bad Gateway\r\n.*Warren-Error: dial-refused\r\n\r\n502 Bad Gateway: /s,
  )
  assert.equal(client.sawEnd, false)
})

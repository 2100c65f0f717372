/** Lines of the access log: for people and for programs, and what does not get into them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessEntry } from '../http/access-entry.ts'
import { formatAccess } from './access-log.ts'

const entry = (change: Partial<AccessEntry> = {}): AccessEntry => ({
  startedMs: 1000,
  durationMs: 12.4,
  waitedMs: 3,
  client: '192.0.2.7',
  method: 'GET',
  target: '/index.html',
  host: 'ollama.internal',
  userAgent: 'curl/8',
  protocol: 'HTTP/1.1',
  status: 200,
  receivedBytes: 0,
  sentBytes: 13,
  reused: true,
  retries: 0,
  failure: undefined,
  ...change,
})

const line = (format: 'text' | 'json', change: Partial<AccessEntry> = {}): string =>
  formatAccess(entry(change), { format, route: ':8080', clockStartMs: 0 })

test('a line for people has time, route, status, request, size, time and client', () => {
  assert.equal(line('text'), '00:00:01.000 :8080 200 GET /index.html 13B 12ms 192.0.2.7\n')
  assert.equal(
    line('text', { status: 502, failure: 'dial-refused', sentBytes: 123_456, durationMs: 20_000 }),
    '00:00:01.000 :8080 502 GET /index.html 123kB 20s 192.0.2.7 dial-refused\n',
  )
})

test('a line for programs is one JSON object', () => {
  assert.deepEqual(JSON.parse(line('json', { failure: 'client-aborted', retries: 1 })), {
    time: '1970-01-01T00:00:01.000Z',
    route: ':8080',
    client: '192.0.2.7',
    method: 'GET',
    path: '/index.html',
    host: 'ollama.internal',
    status: 200,
    seconds: 0.012,
    waitedSeconds: 0.003,
    receivedBytes: 0,
    sentBytes: 13,
    reused: true,
    retries: 1,
    failure: 'client-aborted',
    userAgent: 'curl/8',
  })
})

test('queries, where tokens travel, are left out of both, also those of an absolute target', () => {
  for (const format of ['text', 'json'] as const)
    for (const target of ['/a?key=SECRET', 'http://host/a?key=SECRET', '/a#SECRET']) {
      assert.ok(!line(format, { target }).includes('SECRET'))
      assert.ok(line(format, { target }).includes('/a'))
    }
})

test('what a client sends makes neither a second line nor a second column, however long it is', () => {
  const target = `/x y\n\u001B[31m"\\${'z'.repeat(9000)}`
  for (const format of ['text', 'json'] as const) {
    const text = line(format, { target, host: 'h'.repeat(9000), userAgent: 'u'.repeat(9000) })
    assert.equal(text.indexOf('\n'), text.length - 1)
    assert.ok(text.length < 2000)
    assert.ok(!text.includes('\u001B'))
  }
  assert.match(line('text', { target: '/x y' }), / GET \/x\\x20y 13B /)
})

test('control characters that HTTP lets pass reach no terminal that shows the log', () => {
  const odd = 'a\u009b31m\u007f'
  for (const format of ['text', 'json'] as const) {
    const text = line(format, { target: `/${odd}`, host: odd, userAgent: odd })
    assert.match(text, /^[^\p{C}]*\n$/u)
    if (format === 'json') assert.equal((JSON.parse(text) as { userAgent: string }).userAgent, odd)
  }
})

test('a request that was not understood has a line too', () => {
  const text = line('text', { method: '', target: '', status: 400, failure: 'dial-name' })
  assert.match(text, / 400 - - 13B /)
})

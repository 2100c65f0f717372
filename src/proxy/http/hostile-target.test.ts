/** Targets that break off, stall, lie or talk nonsense: the status that each is, and others who do not notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, type HttpRigOptions, refusedDial } from '../../../test/harness/http-rig.ts'

const GET = head('GET / HTTP/1.1', 'Host: h')
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok'

interface Row {
  readonly name: string
  readonly options?: HttpRigOptions
  readonly request?: string
  /** What the target does with the request. */
  readonly act: (rig: HttpRig) => void | Promise<void>
  /** `STATUS CODE` of our own answer; `cut`: the connection of the client broke off after the head. */
  readonly want: string
}

const SECOND = 1000

const ROWS: readonly Row[] = [
  { name: 'it closes without an answer', act: (rig) => rig.target.end(), want: '502 upstream-closed' },
  { name: 'it resets', act: (rig) => rig.target.stream.destroy(), want: '502 upstream-reset' },
  {
    name: 'it closes in the middle of a head',
    act: (rig) => {
      rig.target.send('HTTP/1.1 200 OK\r\nContent-Le')
      rig.target.end()
    },
    want: '502 upstream-closed',
  },
  {
    name: 'half a head, then nothing',
    act: async (rig) => {
      rig.target.send('HTTP/1.1 200 OK\r\nContent-Le')
      await rig.settle()
      await rig.pass(302 * SECOND)
    },
    want: '504 response-head-timeout',
  },
  {
    name: 'a head that trickles does not last longer for it',
    act: async (rig) => {
      rig.target.send('HTTP/1.1 200 OK\r\n')
      for (let line = 0; line < 31; line++) {
        rig.target.send(`X-${line}: y\r\n`)
        await rig.settle()
        await rig.pass(10 * SECOND)
      }
    },
    want: '504 response-head-timeout',
  },
  { name: 'nothing at all', act: (rig) => rig.pass(302 * SECOND), want: '504 response-head-timeout' },
  {
    name: 'a head of 10 MB',
    act: async (rig) => {
      rig.target.send(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(10_000_000)}\r\n\r\n`)
      await rig.settle()
    },
    want: '502 response-head-too-large',
  },
  {
    name: 'ten thousand fields',
    act: (rig) => rig.target.send(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}\r\n`),
    want: '502 response-head-too-large',
  },
  ...[
    ['garbage', '\u0000\u0001\u0002garbage\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['HTTP/0.9', '<html>hello</html>'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n'],
    ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok'],
    ['a NUL in a field', 'HTTP/1.1 200 OK\r\nX: \u0000\r\n\r\n'],
    ['a bare CR in a field', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['endless informational answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)],
  ].map(([name, answer]) => ({
    name: `malformed: ${name}`,
    act: (rig: HttpRig) => rig.target.send(answer!),
    want: '502 response-malformed',
  })),
  {
    name: 'it changes to a protocol that nobody asked for',
    act: (rig) =>
      rig.target.send(head('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', 'Connection: Upgrade')),
    want: '502 response-unasked-upgrade',
  },
  {
    name: 'a body shorter than announced',
    act: async (rig) => {
      rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 10') + 'short')
      await rig.settle()
      rig.target.end()
    },
    want: 'cut response-truncated',
  },
  {
    name: 'a reset in the middle of a body',
    act: async (rig) => {
      rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 10') + 'short')
      await rig.settle()
      rig.target.stream.destroy()
    },
    want: 'cut response-truncated',
  },
  {
    name: 'a reset in the middle of a body that has no length',
    act: async (rig) => {
      rig.target.send(`${head('HTTP/1.1 200 OK')}short`)
      await rig.settle()
      rig.target.stream.destroy()
    },
    want: 'cut response-truncated',
  },
  {
    name: 'chunks that end without a last one',
    act: async (rig) => {
      rig.target.send(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`)
      await rig.settle()
      rig.target.end()
    },
    want: 'cut response-truncated',
  },
  {
    name: 'a malformed chunk',
    act: async (rig) => {
      rig.target.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
      await rig.settle()
      rig.target.send('5\nhello\n0\n\n')
    },
    want: 'cut response-body-malformed',
  },
  {
    name: 'a body that stalls',
    act: async (rig) => {
      rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 10') + 'short')
      await rig.settle()
      await rig.pass(302 * SECOND)
    },
    want: 'cut response-body-timeout',
  },
  {
    name: 'connections refused',
    options: { dial: () => refusedDial('ECONNREFUSED') },
    act: () => {},
    want: '502 dial-refused',
  },
  {
    name: 'no such name',
    options: { dial: () => refusedDial('ENOTFOUND') },
    act: () => {},
    want: '502 dial-name',
  },
  {
    name: 'no way to it',
    options: { dial: () => refusedDial('EHOSTUNREACH') },
    act: () => {},
    want: '502 dial-unreachable',
  },
  {
    name: 'it times out',
    options: { dial: () => refusedDial('ETIMEDOUT') },
    act: () => {},
    want: '504 dial-timeout',
  },
  {
    name: 'something else',
    options: { dial: () => refusedDial('EPROTO') },
    act: () => {},
    want: '502 dial-failed',
  },
  {
    name: 'connections neither made nor refused',
    options: {
      dial: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    },
    act: (rig) => rig.pass(12 * SECOND),
    want: '504 dial-timeout',
  },
  {
    name: 'it does not take the body of a request',
    options: { capacityBytes: 1024, pausedTargets: true },
    request: head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 5000') + 'x'.repeat(5000),
    act: (rig) => rig.pass(302 * SECOND),
    want: '504 upstream-send-timeout',
  },
]

for (const { name, options = {}, request = GET, act, want } of ROWS)
  test(`GL-07 GL-09 a hostile target: ${name}: ${want}`, async () => {
    const rig = new HttpRig(options)
    const other = rig.client()
    const victim = rig.client()
    victim.send(request)
    await rig.settle()
    const bad = rig.targets.at(-1)
    await act(rig)
    await rig.settle()
    const [status, code] = want.split(' ')
    if (status === 'cut') {
      assert.match(victim.received, /^HTTP\/1.1 200 OK\r\n/)
      assert.ok(victim.wasCut && !victim.sawEnd, 'cut, not ended')
      assert.ok(!victim.received.includes('\r\n0\r\n'), 'without a last chunk')
    } else {
      assert.match(
        victim.received.split('HTTP/1.1 103 Early Hints\r\n\r\n').at(-1)!,
        new RegExp(`^HTTP/1.1 ${status} .*Warren-Error: ${code}\r\n`, 's'),
      )
      assert.equal(victim.wasCut, false)
      assert.doesNotMatch(
        victim.received,
        /target\.internal|as the test wants it/,
        'tells nothing of what lies behind',
      )
    }
    assert.equal(rig.entries.at(-1)?.failure, code)
    assert.deepEqual(rig.proxy.counters.failures, { [code!]: 1 })
    assert.ok(bad === undefined || bad.stream.state === 'closed', 'the connection is given up')
    assert.equal(rig.proxy.status().gatheredHeadBytes, 0)
    assert.equal(rig.proxy.status().upstream.open, 0)
    if (options.dial !== undefined || other.sawEnd) return
    other.send(GET)
    await rig.settle()
    rig.target.send(OK)
    await rig.settle()
    assert.equal(other.received, OK, 'others are served')
  })

/** What reaches the target of a request: its target, its Host, and the fields that are left out, kept and added. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { octetsOf, RequestHead, type RequestRules, targetBase, textOf, writeRequestHead } from './index.ts'

const RULES: RequestRules = {
  base: targetBase('', ''),
  host: undefined,
  defaultHost: octetsOf('target.internal'),
  clientScheme: 'http',
  trustForwarded: false,
  forwarded: false,
  via: undefined,
}

function forwarded(
  lines: readonly string[],
  rules: Partial<RequestRules> = {},
  address = '192.0.2.7',
): readonly string[] {
  const bytes = octetsOf([...lines, '', ''].join('\r\n'))
  const head = new RequestHead()
  assert.equal(head.parse(bytes, 0, bytes.length), bytes.length, head.refusal)
  const out = new Uint8Array(4096)
  const end = writeRequestHead(out, 0, head, { ...RULES, ...rules }, { address })
  const text = textOf(out, 0, end)
  assert.ok(text.endsWith('\r\n\r\n'))
  return text.slice(0, -4).split('\r\n')
}

const GET = ['GET / HTTP/1.1', 'Host: h']
const added = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Host: h', 'X-Forwarded-Proto: http']

const TARGETS = [
  // base, its query, request, what the target sees: the same as Go's NewSingleHostReverseProxy makes of it.
  ['', '', '/', '/'],
  ['', '', '/a?b=c', '/a?b=c'],
  ['', '', '/a?', '/a?'],
  ['/', '', '/a', '/a'],
  ['/base', '', '/', '/base/'],
  ['/base', '', '/a', '/base/a'],
  ['/base/', '', '/a', '/base/a'],
  ['/base/', '', '/', '/base/'],
  ['/base//', '', '/a', '/base//a'],
  ['/base', '', '//a', '/base//a'],
  ['/base', '', '/../secret', '/base/../secret'],
  ['/base', '', '/%2e%2e/%2Fa;x?y', '/base/%2e%2e/%2Fa;x?y'],
  ['', 'k=1', '/a', '/a?k=1'],
  ['', 'k=1', '/a?', '/a?k=1'],
  ['', 'k=1', '/a?b=2', '/a?k=1&b=2'],
  ['/base/', 'k=1', '/a?b=2', '/base/a?k=1&b=2'],
  ['', '', 'http://h/a?b', '/a?b'],
  ['/base', '', 'http://h', '/base/'],
  ['/base/', '', 'HTTP://h?x', '/base/?x'],
] as const

for (const [base, query, asked, want] of TARGETS)
  test(`GL-07 base path ${base}${query && `?${query}`} and ${asked} join to ${want}`, () => {
    const [line] = forwarded([`GET ${asked} HTTP/1.1`, 'Host: h'], { base: targetBase(base, query) })
    assert.equal(line, `GET ${want} HTTP/1.1`)
  })

const ROWS: readonly {
  readonly name: string
  readonly given: readonly string[]
  readonly rules?: Partial<RequestRules>
  readonly address?: string
  readonly want: readonly string[]
}[] = [
  { name: 'nothing is invented: no User-Agent, no Accept', given: GET, want: [...GET, ...added] },
  {
    name: 'fields pass as they are, in their order, whatever their case and bytes',
    given: [...GET, 'x-a:  1 ', 'X-B:', 'COOKIE: a=b; c=\u00ff', 'x-a: 2'],
    want: [...GET, 'x-a:  1 ', 'X-B:', 'COOKIE: a=b; c=\u00ff', 'x-a: 2', ...added],
  },
  {
    name: 'fields of the hop are left out',
    given: [
      ...[...GET, 'Connection: keep-alive', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'A: 1'],
      ...['Proxy-Authorization: Basic x', 'Upgrade: websocket', 'TE: gzip', 'B: 2'],
    ],
    want: [...GET, 'A: 1', 'B: 2', ...added],
  },
  {
    name: 'what Connection lists is left out, in any case and over several lines',
    given: [...GET, 'Connection: close, x-One,', 'X-ONE: 1', 'X-Two: 2', 'connection: ,X-TWO', 'X-Three: 3'],
    want: [...GET, 'X-Three: 3', ...added],
  },
  {
    name: 'TE says trailers, and nothing else, where the client does',
    given: [...GET, 'TE: gzip;q=0.5, trailers', 'Trailer: X-Sum'],
    want: [...GET, 'Trailer: X-Sum', ...added, 'TE: trailers', 'Connection: TE'],
  },
  {
    name: 'an upgrade passes',
    given: [...GET, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: k'],
    want: [...GET, 'Sec-WebSocket-Key: k', ...added, 'Upgrade: websocket', 'Connection: Upgrade'],
  },
  {
    name: 'an upgrade without the word in Connection does not',
    given: [...GET, 'Upgrade: websocket'],
    want: [...GET, ...added],
  },
  {
    name: 'X-Forwarded-For is appended to, over several lines',
    given: [...GET, 'X-Forwarded-For: 10.0.0.1', 'x-forwarded-for: 10.0.0.2, 10.0.0.3', 'X-Forwarded-For: '],
    want: [
      ...GET,
      'X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3, 192.0.2.7',
      ...['X-Forwarded-Host: h', 'X-Forwarded-Proto: http'],
    ],
  },
  {
    name: 'X-Forwarded-For cannot be taken away by listing it',
    given: [...GET, 'Connection: X-Forwarded-For, X-Forwarded-Host', 'X-Forwarded-For: 10.0.0.1'],
    want: [...GET, 'X-Forwarded-For: 10.0.0.1, 192.0.2.7', 'X-Forwarded-Host: h', 'X-Forwarded-Proto: http'],
  },
  {
    name: 'X-Forwarded-Host and -Proto are ours',
    given: [...GET, 'X-Forwarded-Host: evil', 'X-Forwarded-Proto: https'],
    want: [...GET, ...added],
  },
  {
    name: 'X-Forwarded-Host and -Proto of a proxy that is trusted stay',
    given: [...GET, 'X-Forwarded-Host: public.example', 'X-Forwarded-Proto: https'],
    rules: { trustForwarded: true },
    want: [
      ...GET,
      ...['X-Forwarded-Host: public.example', 'X-Forwarded-Proto: https', 'X-Forwarded-For: 192.0.2.7'],
    ],
  },
  {
    name: 'clients that come with TLS',
    given: GET,
    rules: { clientScheme: 'https' },
    want: [...GET, added[0]!, added[1]!, 'X-Forwarded-Proto: https'],
  },
  {
    name: 'Forwarded (RFC 7239), where it is wanted, quotes what must be quoted',
    given: ['GET / HTTP/1.1', 'Host: h:8080', 'Forwarded: for=10.0.0.1'],
    rules: { forwarded: true },
    address: '2001:db8::7',
    want: [
      ...['GET / HTTP/1.1', 'Host: h:8080', 'Forwarded: for=10.0.0.1', 'X-Forwarded-For: 2001:db8::7'],
      ...['X-Forwarded-Host: h:8080', 'X-Forwarded-Proto: http'],
      'Forwarded: for="[2001:db8::7]";host="h:8080";proto=http',
    ],
  },
  {
    name: 'Via, where it is wanted',
    given: GET,
    rules: { via: 'warren' },
    want: [...GET, ...added, 'Via: 1.1 warren'],
  },
  {
    name: 'Host is rewritten, and the client’s kept in X-Forwarded-Host',
    given: ['GET / HTTP/1.1', 'A: 1', 'Host: h'],
    rules: { host: octetsOf('fixed:81') },
    want: ['GET / HTTP/1.1', 'Host: fixed:81', 'A: 1', ...added],
  },
  {
    name: 'HTTP/1.0 without Host gets that of the target, and Expect is nothing it knows',
    given: ['GET / HTTP/1.0', 'Expect: 100-continue', 'Connection: keep-alive, upgrade', 'Upgrade: x'],
    want: ['GET / HTTP/1.1', 'Host: target.internal', added[0]!, added[2]!],
  },
  {
    name: 'the authority of an absolute-form replaces Host (RFC 9112 §3.2.2)',
    given: ['GET http://b:81/x HTTP/1.1', 'Host: a'],
    want: [
      'GET /x HTTP/1.1',
      'Host: b:81',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Host: b:81',
      added[2]!,
    ],
  },
  {
    name: 'a second Content-Length that agrees is left out',
    given: ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 3', 'Content-Length: 3'],
    want: ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 3', ...added],
  },
]

for (const { name, given, rules, address, want } of ROWS)
  test(`GL-07 requests: ${name}`, () => assert.deepEqual(forwarded(given, rules, address), want))

test('a parser tells of each request what is in it, and nothing of the one before', () => {
  const head = new RequestHead()
  const full = octetsOf(
    'POST / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive, upgrade, x-a\r\nUpgrade: y\r\nContent-Length: 5\r\nAccept: application/json\r\n\r\n',
  )
  assert.equal(head.parse(full, 0, full.length), full.length)
  assert.deepEqual([head.keepsAlive, head.acceptsJson, head.bodyFraming], [true, true, 1])
  const plain = octetsOf('..GET / HTTP/1.1\r\nHost: h\r\n\r\nrest')
  assert.equal(head.parse(plain, 2, plain.length), plain.length - 2 - 'rest'.length)
  assert.deepEqual(
    [head.keepsAlive, head.acceptsJson, head.bodyFraming, head.wantsUpgrade, head.connection.listsFields],
    [true, false, 0, false, false],
  )
})

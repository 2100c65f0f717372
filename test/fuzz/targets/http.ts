/** HTTP/1.1 as strangers send it: heads, chunks, and a whole proxy between a client and a target that both talk nonsense. */
import assert from 'node:assert/strict'
import {
  ChunkedDecoder,
  FIELD_VALUE,
  INCOMPLETE,
  isTrailerSection,
  octetsOf,
  REFUSED,
  RequestHead,
  ResponseHead,
  targetBase,
  textOf,
  writeRequestHead,
  writeResponseHead,
  writeTrailerFields,
} from '../../../src/protocols/http/index.ts'
import { ALL_HABITS, cutRequests } from '../../models/slow-http-reader.ts'
import type { FuzzTarget } from '../target.ts'

const WORDS = [
  ...[
    'GET ',
    'HEAD ',
    'POST ',
    'OPTIONS * ',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 101 \r\n',
  ],
  ...[
    'Host: h\r\n',
    'Content-Length: 3\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: ',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: upgrade, x-a\r\n',
    'Upgrade: websocket\r\n',
    'X-A: 1\r\n',
    'TE: trailers\r\n',
  ],
  ...[
    'X-Forwarded-For: 10.0.0.1\r\n',
    'Expect: 100-continue\r\n',
    'http://h/',
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
  ],
  ...[
    '0\r\n\r\n',
    '3\r\nabc\r\n',
    'fffffffffffffff',
    ';ext',
    'chunked',
    ', ',
    ':',
    '\u0080',
    'Trailer: x\r\n',
  ],
]
const request = 'POST /x?y HTTP/1.1\r\nHost: h\r\nConnection: x-a\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc'
const response =
  'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
const RULES = {
  ...{
    base: targetBase('/base', 'k=1'),
    host: undefined,
    defaultHost: octetsOf('t'),
    clientScheme: 'http' as const,
  },
  ...{ trustForwarded: false, forwarded: true, via: 'warren' },
}
const requestHead = new RequestHead()
const responseHead = new ResponseHead()
const out = new Uint8Array(1 << 20)

/** Of a head that we wrote: no line in it may be anything but a field, and there is one end to it. */
function assertCleanHead(text: string): void {
  const lines = text.split('\r\n')
  assert.deepEqual(lines.slice(-2), ['', ''], 'ends in one empty line')
  for (const line of lines.slice(1, -2)) {
    const colon = line.indexOf(':')
    assert.match(line.slice(0, colon), /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
    assert.ok(
      octetsOf(line.slice(colon + 1)).every((octet) => FIELD_VALUE[octet] === 1),
      'a clean value',
    )
  }
}

function fuzzRequest(input: Uint8Array): string {
  const length = requestHead.parse(input, 0, input.length)
  if (length === INCOMPLETE) return 'incomplete'
  if (length === REFUSED) return `refused: ${requestHead.refusal}`
  assert.ok(length > 0 && length <= input.length)
  const text = textOf(out, 0, writeRequestHead(out, 0, requestHead, RULES, { address: '192.0.2.1' }))
  assertCleanHead(text)
  const body = requestHead.framing.chunked
    ? '0\r\n\r\n'
    : 'x'.repeat(Math.min(1000, Math.max(0, requestHead.framing.contentLength)))
  if (requestHead.framing.contentLength > 1000) return 'long body'
  for (const habits of ALL_HABITS) {
    const { requests, rest } = cutRequests(text + body, habits)
    assert.deepEqual(
      [requests.length, rest],
      [1, ''],
      `one request to a reader with ${JSON.stringify(habits)}`,
    )
  }
  return `request ${requestHead.bodyFraming} ${requestHead.keepsAlive} ${requestHead.wantsUpgrade}`
}

function fuzzResponse(input: Uint8Array): string {
  const length = responseHead.parse(input, 0, input.length)
  if (length === INCOMPLETE) return 'incomplete'
  if (length === REFUSED) return `refused: ${responseHead.refusal}`
  const framing = responseHead.bodyFraming(false)
  const rules = { framing, connection: 'close', via: undefined } as const
  const text = textOf(out, 0, writeResponseHead(out, 0, responseHead, rules))
  assertCleanHead(text)
  assert.ok(
    /^content-length:/im.test(text) !== /^transfer-encoding:/im.test(text) || framing === 0 || framing === 3,
  )
  return `response ${framing} ${responseHead.keepsAlive}`
}

function fuzzChunks(input: Uint8Array): string {
  const decoder = new ChunkedDecoder()
  const written = decoder.decode(input, out, 0, out.length)
  assert.ok(written <= input.length && decoder.consumed <= input.length)
  if (decoder.refusal !== undefined) return `refused: ${decoder.refusal}`
  if (!decoder.done) return 'incomplete'
  if (!isTrailerSection(decoder.trailer)) return 'bad trailer'
  const end = writeTrailerFields(out, 0, decoder.trailer)
  if (end > 0) assertCleanHead(`\r\n${textOf(out, 0, end)}\r\n`)
  return end > 0 ? 'trailer' : 'done'
}

export const httpTargets: readonly FuzzTarget[] = [
  {
    ...{ name: 'http-request', kind: 'bytes', dictionary: WORDS, run: fuzzRequest },
    seeds: () => [octetsOf(request), octetsOf('GET http://h HTTP/1.0\r\nTE: trailers\r\n\r\n')],
  },
  {
    ...{ name: 'http-response', kind: 'bytes', dictionary: WORDS, run: fuzzResponse },
    seeds: () => [octetsOf(response)],
  },
  {
    ...{ name: 'http-chunks', kind: 'bytes', dictionary: WORDS, run: fuzzChunks },
    seeds: () => [octetsOf('3;a\r\nabc\r\n0\r\nX: y\r\nHost: z\r\n\r\n')],
  },
]

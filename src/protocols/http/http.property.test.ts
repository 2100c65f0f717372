/** Whatever the bytes and however they are cut: the same comes of them, and nothing is read beyond their end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cutRequests } from '../../../test/models/slow-http-reader.ts'
import { ChunkedDecoder, INCOMPLETE, octetsOf, REFUSED, RequestHead, ResponseHead, textOf } from './index.ts'

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 })
const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 9 }))

/** Takes chunks apart, with input and room in small amounts. */
function decode(
  input: Uint8Array,
  cut: Iterator<number>,
): { content: string; decoder: ChunkedDecoder; used: number } {
  const decoder = new ChunkedDecoder()
  const out = new Uint8Array(64)
  let content = ''
  let used = 0
  while (used < input.length && !decoder.done && decoder.refusal === undefined) {
    const piece = input.subarray(used, used + (cut.next().value as number))
    const written = decoder.decode(piece, out, 3, cut.next().value as number)
    content += textOf(out, 3, 3 + written)
    used += decoder.consumed
  }
  return { content, decoder, used }
}

test('chunks come apart to what went into them, however they are cut', () => {
  fc.assert(
    fc.property(pieces, sizes, fc.constantFrom('', ';a=b', ' ; x="y"'), (parts, cut, extension) => {
      const content = parts.map((part) => textOf(part, 0, part.length)).join('')
      const coded = parts.map(
        (part) => `${part.length.toString(16)}${extension}\r\n${textOf(part, 0, part.length)}\r\n`,
      )
      const input = octetsOf(`${coded.join('')}0\r\nX: y\r\n\r\n`)
      const result = decode(octetsOf(textOf(input, 0, input.length) + 'beyond'), cut[Symbol.iterator]())
      assert.equal(result.content, content)
      assert.equal(result.used, input.length)
      assert.equal(textOf(result.decoder.trailer, 0, result.decoder.trailer.length), 'X: y\r\n\r\n')
    }),
  )
})

test('bytes that are no chunks are refused at the same place, however they are cut', () => {
  const noise = fc.array(
    fc.constantFrom('0', '3', 'a', 'abc', ';', ' ', '\r\n', '\r', '\n', '\0', 'X: y', '\r\n\r\n'),
  )
  fc.assert(
    fc.property(noise, sizes, (words, cut) => {
      const input = octetsOf(words.join(''))
      const whole = decode(input, [1000, 1000].concat(Array(200).fill(1000)).values())
      const split = decode(input, cut[Symbol.iterator]())
      assert.deepEqual(
        [split.content, split.used, split.decoder.refusal, split.decoder.done],
        [whole.content, whole.used, whole.decoder.refusal, whole.decoder.done],
      )
    }),
  )
})

const words = fc.array(
  fc.constantFrom(
    ...[
      'GET',
      'POST',
      ' ',
      '/',
      '/x',
      '*',
      'http://h/',
      ' HTTP/1.1',
      ' HTTP/1.0',
      ' HTTP/2.0',
      '\r\n',
      '\n',
      '\r',
    ],
    ...[
      'Host: h',
      'Host:',
      'Content-Length: 3',
      'Content-Length:',
      'Transfer-Encoding: chunked',
      ': ',
      'X',
      '\0',
    ],
    ...[
      'Connection: close',
      'Connection: x, y',
      '\r\n\r\n',
      ' folded',
      '\t',
      ',',
      '\u00ff',
      'HTTP/1.1 200 OK',
      '204',
    ],
  ),
  { maxLength: 16 },
)
const requests = fc
  .tuple(fc.constantFrom('', 'GET / HTTP/1.1\r\nHost: h\r\n'), words)
  .map(([top, rest]) => top + rest.join(''))

test('a head is complete, refused or unfinished, the same for every way to get there', () => {
  const limits = { headBytes: 200, requestLineBytes: 60, fields: 6 }
  for (const head of [new RequestHead(limits), new ResponseHead(limits)])
    fc.assert(
      fc.property(requests, fc.uint8Array({ maxLength: 20 }), (text, beyond) => {
        const bytes = octetsOf(text)
        const whole = head.parse(bytes, 0, bytes.length)
        const reason = head.refusal
        // What lies outside of the given range has no influence.
        const placed = new Uint8Array([...beyond, ...bytes, ...beyond])
        assert.equal(head.parse(placed, beyond.length, beyond.length + bytes.length), whole)
        assert.equal(head.refusal, reason)
        // Once something is known of the beginning, more bytes do not change it.
        let known = INCOMPLETE
        for (let end = 0; end <= bytes.length && known === INCOMPLETE; end++)
          known = head.parse(bytes, 0, end)
        assert.deepEqual([known, head.refusal], [whole, reason])
      }),
    )
})

test('what is accepted as a head is one to a slow and strict reader as well', () => {
  const head = new RequestHead()
  fc.assert(
    fc.property(requests, (text) => {
      const bytes = octetsOf(text)
      const length = head.parse(bytes, 0, bytes.length)
      if (length === REFUSED || length === INCOMPLETE) return
      const top = text.slice(0, length).replace(/^\r\n/, '')
      const [slow] = cutRequests(`${top}xxx0\r\n\r\n`, {
        lengthFirst: false,
        bareLf: false,
        sloppy: false,
      }).requests
      if (slow !== undefined) assert.equal(slow.fields.length, head.fields.count)
      assert.equal(top.split('\r\n').length - 3, head.fields.count)
    }),
  )
})

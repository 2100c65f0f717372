/** Messages against the slow builder of test/models; names with any bytes; and what liars build. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { dnsMessage, type SlowRecord, wireName } from '../../../test/models/dns-messages.ts'
import { decodeMessage, encodeQuery } from './message.ts'
import { decodeName, encodeName } from './name.ts'

const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/)
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const inet = fc.ipV4()
const inet6 = fc.constantFrom('2001:db8::1', 'fd00::abcd', '::ffff:192.0.2.1', 'fe80::1')
const record: fc.Arbitrary<SlowRecord> = fc.oneof(
  fc.record({ name, type: fc.constant('A' as const), ttl: fc.nat(), data: inet }),
  fc.record({ name, type: fc.constant('AAAA' as const), ttl: fc.nat(), data: inet6 }),
  fc.record({ name, type: fc.constant('CNAME' as const), ttl: fc.nat(), data: name }),
  fc.record({ name, type: fc.constant('SOA' as const), ttl: fc.nat(), data: fc.nat().map(String) }),
  fc.record({ name, type: fc.constant('TXT' as const), ttl: fc.nat(), data: fc.constant('whatever') }),
)
const message = fc.record({
  id: fc.nat(0xffff),
  flags: fc.constantFrom(0x8180, 0x8183, 0x0100, 0x8380),
  question: fc.record({ name, type: fc.constantFrom(1, 28), class: fc.constant(1) }),
  answers: fc.array(record, { maxLength: 5 }),
  authorities: fc.array(record, { maxLength: 3 }),
  compress: fc.boolean(),
})

function wantedData({ type, data }: SlowRecord): object {
  if (type === 'CNAME') return { kind: 'alias', target: data }
  if (type === 'SOA') return { kind: 'authority', minimumSeconds: Number(data) }
  return type === 'TXT' ? { kind: 'other' } : { kind: 'address', address: data }
}

test('decodeMessage() reads what was written, with compressed names or without', () => {
  fc.assert(
    fc.property(message, (given) => {
      const read = decodeMessage(dnsMessage(given))
      assert.ok(read)
      assert.equal(read.id, given.id)
      assert.equal(read.isResponse, (given.flags & 0x8000) !== 0)
      assert.equal(read.isTruncated, (given.flags & 0x0200) !== 0)
      assert.equal(read.rcode, given.flags & 15)
      assert.deepEqual(read.questions, [{ ...given.question }])
      for (const [records, slow] of [
        [read.answers, given.answers],
        [read.authorities, given.authorities],
      ] as const)
        assert.deepEqual(
          records.map(({ name, ttlSeconds, data }) => ({ name, ttlSeconds, data })),
          slow.map((one) => ({ name: one.name, ttlSeconds: one.ttl, data: wantedData(one) })),
        )
    }),
  )
})

test('encodeQuery() is read back as what was asked', () => {
  fc.assert(
    fc.property(name, fc.nat(0xffff), fc.boolean(), (name, id, edns) => {
      const query = encodeQuery({ id, name, type: 28, class: 1, edns })
      assert.ok(query)
      const read = decodeMessage(query)
      assert.deepEqual(read?.questions, [{ name, type: 28, class: 1 }])
      assert.equal(read.id, id)
      assert.equal(read.isResponse, false)
      assert.equal(read.hasEdns, edns)
    }),
  )
})

test('encodeQuery() writes the query of RFC 1035 §4.1, and RFC 6891 §6.1.2 behind it', () => {
  const query = encodeQuery({ id: 0xabcd, name: 'f.isi.arpa', type: 1, class: 1, edns: true })
  const want =
    'abcd 0100 0001 0000 0000 0001 0166 03697369 0461727061 00 0001 0001 00 0029 04d0 00000000 0000'
  assert.equal(Buffer.from(query ?? []).toString('hex'), want.replaceAll(' ', ''))
})

test('names compressed as in RFC 1035 §4.1.4', () => {
  const bytes = new Uint8Array(94)
  bytes.set(wireName('F.ISI.ARPA'), 20)
  bytes.set([3, 0x46, 0x4f, 0x4f, 0xc0, 20], 40)
  bytes.set([0xc0, 26], 64)
  bytes.set([0], 92)
  assert.deepEqual(decodeName(bytes, 20), { name: 'F.ISI.ARPA', end: 32 })
  assert.deepEqual(decodeName(bytes, 40), { name: 'FOO.F.ISI.ARPA', end: 46 })
  assert.deepEqual(decodeName(bytes, 64), { name: 'ARPA', end: 66 })
  assert.deepEqual(decodeName(bytes, 92), { name: '', end: 93 })
})

const oddLabel = fc.uint8Array({ minLength: 1, maxLength: 63 })
const oddName = fc.array(oddLabel, { maxLength: 3 })

test('names of any bytes go to text and back (RFC 1035 §5.1)', () => {
  fc.assert(
    fc.property(oddName, (labels) => {
      const wire = Buffer.concat([
        ...labels.map((bytes) => Buffer.from([bytes.length, ...bytes])),
        Buffer.from([0]),
      ])
      const decoded = decodeName(wire, 0)
      assert.ok(decoded)
      assert.equal(decoded.end, wire.length)
      assert.match(decoded.name, /^[\x21-\x7e]*$/)
      assert.deepEqual(Buffer.from(encodeName(decoded.name) ?? []), wire)
    }),
  )
})

test('encodeName() refuses what is no name', () => {
  const a63 = 'a'.repeat(63)
  const rows: readonly [string, number | undefined][] = [
    ['', 1],
    ['.', 1],
    ['a', 3],
    ['a.', 3],
    ['a..b', undefined],
    ['.a', undefined],
    ['..', undefined],
    [`${a63}.b`, 67],
    [`${a63}a.b`, undefined],
    [`${a63}.${a63}.${a63}.${'b'.repeat(61)}`, 255],
    [`${a63}.${a63}.${a63}.${'b'.repeat(62)}`, undefined],
    ['a\\.b', 5],
    ['a\\.', 4],
    ['a\\046b', 5],
    ['a\\256', undefined],
    ['a\\25', undefined],
    ['a\\', undefined],
    ['ä', 3],
    ['☃', undefined],
  ]
  for (const [given, want] of rows) assert.equal(encodeName(given)?.length, want, given)
})

const at12 = (...bytes: number[]): Uint8Array => Uint8Array.from([...new Array<number>(12).fill(0), ...bytes])
const liars: readonly [string, Uint8Array][] = [
  ['a pointer to itself', at12(0xc0, 12)],
  ['two pointers to each other', at12(0xc0, 14, 0xc0, 12)],
  ['a pointer forwards', at12(0xc0, 14, 0)],
  ['a pointer into its own label', at12(3, 1, 1, 1, 0xc0, 13)],
  ['a pointer cut in half', at12(0xc0)],
  ['a label cut off', at12(5, 1, 1)],
  ['a label type that is none', at12(0x80, 0)],
  ['an end that does not come', at12(1, 1)],
]
for (const [what, bytes] of liars)
  test(`decodeName() refuses ${what}`, () => assert.equal(decodeName(bytes, 12), undefined))

test('decodeName() takes a name of 255 bytes, and none of 256', () => {
  const labels = ['a', 'b', 'c'].map((letter) => letter.repeat(63)).join('.')
  assert.equal(decodeName(wireName(`${labels}.${'d'.repeat(61)}`), 0)?.end, 255)
  assert.equal(decodeName(wireName(`${labels}.${'d'.repeat(62)}`), 0), undefined)
})

test('decodeName() refuses names that are too long, and chains of pointers', () => {
  const long = Buffer.concat([
    ...Array.from({ length: 4 }, () => Buffer.from([63, ...Buffer.alloc(63, 97)])),
    Buffer.alloc(1),
  ])
  assert.equal(decodeName(long, 0), undefined)
  const chain = Buffer.alloc(4_000)
  for (let at = 2; at < chain.length; at += 2) chain.writeUInt16BE(0xc000 | (at - 2), at)
  assert.equal(decodeName(chain, 3_998), undefined)
  assert.deepEqual(decodeName(chain, 20), { name: '', end: 22 })
})

test('a message full of pointers to a long name is read in no time', () => {
  const labels = Array.from({ length: 120 }, () => 'a').join('.')
  const records = Array.from(
    { length: 4_000 },
    (): SlowRecord => ({ name: labels, type: 'A', data: '10.0.0.1' }),
  )
  const bytes = dnsMessage({ id: 1, flags: 0x8180, answers: records, compress: true })
  assert.ok(bytes.length <= 65_535)
  assert.equal(decodeMessage(bytes)?.answers.length, 4_000)
})

test('whatever comes, decodeMessage() does not throw', () => {
  const bent = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 5 }), fc.option(fc.nat(200)))
    .map(([given, changes, cut]) => {
      const bytes = dnsMessage(given)
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
      return bytes.subarray(0, cut ?? bytes.length)
    })
  fc.assert(
    fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 100 })), (bytes) => void decodeMessage(bytes)),
    {
      numRuns: 1_000,
    },
  )
})

test('records that are not what their type says make the message worthless', () => {
  for (const [type, data] of [
    [1, [1, 2, 3]],
    [28, [1, 2, 3, 4]],
    [5, [1, 97]],
    [5, [1, 97, 0, 0]],
    [6, [0, 0, 1, 2, 3]],
  ] as const) {
    const bytes = Buffer.from([...at12(0, 0, type, 0, 1, 0, 0, 0, 9, 0, data.length, ...data)])
    bytes.writeUInt16BE(1, 6)
    assert.equal(decodeMessage(bytes), undefined, `${type}`)
  }
})

test('a truncated message is read as far as it goes', () => {
  const answers: SlowRecord[] = ['10.0.0.1', '10.0.0.2'].map((data) => ({ name: 'a.b', type: 'A', data }))
  const whole = dnsMessage({ id: 1, flags: 0x8380, question: { name: 'a.b', type: 1 }, answers })
  assert.equal(decodeMessage(whole.subarray(0, whole.length - 3))?.answers.length, 1)
  whole.writeUInt16BE(0x8180, 2)
  assert.equal(decodeMessage(whole.subarray(0, whole.length - 3)), undefined)
})

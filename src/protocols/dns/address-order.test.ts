/** RFC 6724 §10.2, as far as it applies to us, and the interleaving of RFC 8305 §4. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { orderAddresses } from './address-order.ts'

interface Row {
  readonly name: string
  /** Destinations with the source that we would use. */
  readonly given: Readonly<Record<string, string | undefined>>
  readonly want: readonly string[]
}
const rows: readonly Row[] = [
  {
    name: 'prefer matching scope (rule 2)',
    given: { '198.51.100.121': '169.254.13.78', '2001:db8:1::1': '2001:db8:1::2' },
    want: ['2001:db8:1::1', '198.51.100.121'],
  },
  {
    name: 'prefer matching scope, the other way round',
    given: { '2001:db8:1::1': 'fe80::1', '198.51.100.121': '198.51.100.117' },
    want: ['198.51.100.121', '2001:db8:1::1'],
  },
  {
    name: 'prefer higher precedence (rule 6)',
    given: { '10.1.2.3': '10.1.2.4', '2001:db8:1::1': '2001:db8:1::2' },
    want: ['2001:db8:1::1', '10.1.2.3'],
  },
  {
    name: 'prefer smaller scope (rule 8)',
    given: { '2001:db8:1::1': '2001:db8:1::2', 'fe80::1': 'fe80::2' },
    want: ['fe80::1', '2001:db8:1::1'],
  },
  {
    name: 'prefer matching label (rule 5)',
    given: { '2002:c633:6401::1': '2002:c633:6401::2', '2001:db8:1::1': '2002:c633:6401::2' },
    want: ['2002:c633:6401::1', '2001:db8:1::1'],
  },
  {
    name: 'longest matching prefix (rule 9)',
    given: { '2001:db8:3ffe::1': '2001:db8:1::2', '2001:db8:1::1': '2001:db8:1::2' },
    want: ['2001:db8:1::1', '2001:db8:3ffe::1'],
  },
  {
    name: 'equals stay in the server’s order (rule 10)',
    given: { '2001:db8::1': '2001:db8::2', '2080::1': '2080::2' },
    want: ['2001:db8::1', '2080::1'],
  },
  {
    name: 'the loopback is link-local (§3.1), and has the highest precedence',
    given: { '2001:db8::1': '2001:db8::2', '::1': '::1', '127.0.0.1': '127.0.0.1' },
    want: ['::1', '127.0.0.1', '2001:db8::1'],
  },
  {
    name: 'a destination without a source comes last (rule 1)',
    given: { '2001:db8::1': undefined, '10.0.0.1': '10.0.0.2', '10.0.0.9': '10.0.0.2' },
    want: ['10.0.0.1', '10.0.0.9', '2001:db8::1'],
  },
  {
    name: 'IPv4 before a unique local address of elsewhere',
    given: { 'fd00:1::1': 'fd99::1', '10.0.0.1': '10.0.0.2' },
    want: ['10.0.0.1', 'fd00:1::1'],
  },
  {
    name: 'a unique local address of our own site before IPv4',
    given: { '10.0.0.1': '10.0.0.2', 'fd00:1::1': 'fd00:1::2' },
    want: ['fd00:1::1', '10.0.0.1'],
  },
  {
    name: 'the families in turn, each in the server’s order',
    given: Object.fromEntries(
      ['10.0.0.3', '10.0.0.1', '10.0.0.2', '2001:db8::2', '2001:db8::1'].map((to) => [
        to,
        to.includes(':') ? '2001:db8::9' : '10.0.0.9',
      ]),
    ),
    want: ['2001:db8::2', '10.0.0.3', '2001:db8::1', '10.0.0.1', '10.0.0.2'],
  },
]
for (const { name, given, want } of rows)
  test(`orderAddresses(): ${name}`, () => {
    assert.deepEqual(orderAddresses(Object.keys(given), { sourceFor: (to) => given[to] }), want)
  })

test('orderAddresses() takes the nearest of our own addresses for the source', () => {
  const given = ['10.0.0.1', '2001:db8::1', 'fd00:1::1', '192.0.2.1']
  const order = (...ownAddresses: string[]) => orderAddresses(given, { ownAddresses })
  assert.deepEqual(order('10.0.0.2', 'fd00:1::2', 'fe80::1'), [
    'fd00:1::1',
    '10.0.0.1',
    '2001:db8::1',
    '192.0.2.1',
  ])
  // The nearest of several: only it is in the same /48.
  assert.deepEqual(
    orderAddresses(['10.0.0.1', 'fd00:1::1'], {
      ownAddresses: ['10.0.0.2', 'fd99::1', 'fd00:1:0:7::2', 'fd00:2::1'],
    }),
    ['fd00:1::1', '10.0.0.1'],
  )
  assert.deepEqual(orderAddresses(['10.0.0.1', 'fd00:1::1'], { ownAddresses: ['10.0.0.2', 'fd00:1:1::2'] }), [
    '10.0.0.1',
    'fd00:1::1',
  ])
  assert.deepEqual(order('10.0.0.2'), ['10.0.0.1', '192.0.2.1', '2001:db8::1', 'fd00:1::1'])
  assert.deepEqual(order('2001:db8::2', 'nonsense'), ['2001:db8::1', 'fd00:1::1', '10.0.0.1', '192.0.2.1'])
})

test('orderAddresses() keeps every address once, whatever it is told about sources', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.constantFrom('::1', 'fe80::1', 'fd00::1', '2001:db8::1', '2002::1', 'ff02::1'),
  )
  const source = fc.option(address, { nil: undefined })
  fc.assert(
    fc.property(fc.array(fc.tuple(address, source), { maxLength: 12 }), fc.boolean(), (pairs, knows) => {
      const known = new Map(pairs)
      const given = pairs.map(([to]) => to)
      const got = orderAddresses(given, knows ? { sourceFor: (to) => known.get(to) } : {})
      assert.deepEqual(got.toSorted(), [...new Set(given)].toSorted())
    }),
  )
  assert.deepEqual(orderAddresses(['nonsense', '10.0.0.1', '10.0.0.1']), ['10.0.0.1'])
})

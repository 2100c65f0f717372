/** Addresses and prefixes as text: RFC 5952's own examples, and what is not an address. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressBytes,
  formatAddress,
  formatPrefix,
  hardwareAddressBytes,
  hardwareAddressText,
  parseAddress,
  parsePrefix,
  prefixBytes,
} from './ip-text.ts'

const canonical = (text: string): string | undefined => {
  const bytes = parseAddress(text)
  return bytes && formatAddress(bytes)
}

test('formatAddress() writes IPv6 as RFC 5952 says', () => {
  const rows = [
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // §4.2.3: the first of equal runs
    ['2001:0db8::0001', '2001:db8::1'], // §4.1
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // §4.2.2: not for a single group
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // §4.2.3: the longest
    ['2001:DB8::A', '2001:db8::a'], // §4.3
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:0:0:0:FFFF:192.0.2.128', '::ffff:192.0.2.128'], // §5
    ['::ffff:c000:280', '::ffff:192.0.2.128'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['10.0.0.1', '10.0.0.1'],
  ]
  for (const [given = '', want] of rows) assert.equal(canonical(given), want, given)
})

test('parseAddress() refuses what is not one address', () => {
  const rows = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4/8',
    ':',
    ':::',
    '1::2::3',
    '12345::',
  ]
  const more = [
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    'g::',
    ' ::1',
  ]
  for (const text of [...rows, ...more]) assert.equal(parseAddress(text), undefined, text)
})

test('prefixes are masked, whatever host bits they came with', () => {
  const rows = [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/0', '0.0.0.0/0'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['192.168.255.255/17', '192.168.128.0/17'],
    ['fd00:1:2:3:4:5:6:7/60', 'fd00:1:2::/60'],
    ['::1/0', '::/0'],
  ]
  for (const [given = '', want] of rows) {
    const prefix = parsePrefix(given)
    assert.ok(prefix)
    assert.equal(formatPrefix(prefix.address, prefix.length), want)
  }
})

test('parsePrefix() refuses lengths that do not fit and text without one', () => {
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    '::/1e1',
  ]) {
    assert.equal(parsePrefix(text), undefined, text)
  }
  assert.equal(formatPrefix(new Uint8Array(4), 33), undefined)
  assert.equal(formatAddress(new Uint8Array(5)), undefined)
})

test('what is to be sent to the kernel and is not an address is a bug of the caller', () => {
  assert.throws(() => addressBytes('nonsense'), TypeError)
  assert.throws(() => prefixBytes('10.0.0.0'), TypeError)
  assert.throws(() => hardwareAddressBytes('02:00'), TypeError)
  assert.equal(hardwareAddressText(hardwareAddressBytes('02:00:00:aa:BB:0c')), '02:00:00:aa:bb:0c')
})

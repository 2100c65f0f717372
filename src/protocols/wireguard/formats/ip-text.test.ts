/** Rows of RFC 4291 §2.2 and RFC 5952 §4, and what WireGuard's programs take for an endpoint. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  canonicalAddress,
  canonicalInterfaceAddress,
  canonicalPrefix,
  formatEndpoint,
  parseEndpoint,
} from './index.ts'

test('canonicalAddress() gives one spelling or nothing', () => {
  const rows: readonly [string, string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['010.0.0.1', undefined],
    ['10.0.0', undefined],
    ['10.0.0.256', undefined],
    ['10.0.0.1 ', undefined],
    ['', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7', undefined],
    ['1::2::3', undefined],
    ['1:2:3:4::5:6:7:8', undefined],
    ['12345::', undefined],
    ['192.0.2.1::', undefined],
    ['::1%eth0', undefined],
  ]
  for (const [given, want] of rows) assert.equal(canonicalAddress(given), want, given)
})

test('canonicalPrefix() clears host bits and canonicalInterfaceAddress() keeps them', () => {
  assert.equal(canonicalPrefix('10.1.2.3/9'), '10.0.0.0/9')
  assert.equal(canonicalPrefix('10.1.2.3'), '10.1.2.3/32')
  assert.equal(canonicalPrefix('10.1.2.3/0'), '0.0.0.0/0')
  assert.equal(canonicalPrefix('fd00::1/64'), 'fd00::/64')
  assert.equal(canonicalPrefix('fd00::1'), 'fd00::1/128')
  assert.equal(canonicalPrefix('10.0.0.0/33'), undefined)
  assert.equal(canonicalPrefix('10.0.0.0/'), undefined)
  assert.equal(canonicalPrefix('10.0.0.0/+8'), undefined)
  assert.equal(canonicalInterfaceAddress('10.1.2.3/9'), '10.1.2.3/9')
  assert.equal(canonicalInterfaceAddress('FD00::1'), 'fd00::1/128')
})

test('parseEndpoint() takes addresses and names, and IPv6 only in brackets', () => {
  const good = [
    '192.0.2.1:51820',
    '[2001:db8::1]:1',
    '[fe80::1%eth0]:51820',
    'hub.example.net:65535',
    'hub:1',
  ]
  for (const text of good) {
    const parsed = parseEndpoint(text)
    assert.ok(parsed, text)
    assert.equal(formatEndpoint(parsed), text)
  }
  const bad = [
    '2001:db8::1:51820',
    '192.0.2.1',
    '192.0.2.1:0',
    'x:65536',
    '[192.0.2.1]:1',
    '1.2.3:1',
    ':1',
    '-a:1',
    'a b:1',
  ]
  for (const text of bad) assert.equal(parseEndpoint(text), undefined, text)
})

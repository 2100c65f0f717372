/** RFC 4291 §2.2 in, RFC 5952 out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, parseAddress } from './address.ts'
import { formatEndpoint, parseEndpoint } from './endpoint.ts'
import {
  canonicalPrefix,
  contains,
  formatPrefix,
  halvesOf,
  overlaps,
  parseHostInPrefix,
  parsePrefix,
  type Prefix,
} from './prefix.ts'

const canonical: readonly { given: string; want: string | undefined }[] = [
  { given: '10.0.0.1', want: '10.0.0.1' },
  { given: '255.255.255.255', want: '255.255.255.255' },
  { given: '010.0.0.1', want: undefined },
  { given: '10.0.0', want: undefined },
  { given: '10.0.0.256', want: undefined },
  { given: '10.0.0.1 ', want: undefined },
  { given: '', want: undefined },
  { given: '::', want: '::' },
  { given: '::1', want: '::1' },
  { given: '2001:DB8::0:1', want: '2001:db8::1' },
  // RFC 5952 §4.2.2: one group of zeros is not shortened; §4.2.3: the first of the longest runs is.
  { given: '2001:db8:0:1:1:1:1:1', want: '2001:db8:0:1:1:1:1:1' },
  { given: '2001:0:0:1:0:0:0:1', want: '2001:0:0:1::1' },
  { given: '2001:db8:0:0:1:0:0:1', want: '2001:db8::1:0:0:1' },
  { given: '1:2:3:4:5:6:7::', want: '1:2:3:4:5:6:7:0' },
  { given: '::2:3:4:5:6:7:8', want: '0:2:3:4:5:6:7:8' },
  { given: '::ffff:192.0.2.1', want: '::ffff:192.0.2.1' },
  { given: '64:ff9b::192.0.2.33', want: '64:ff9b::c000:221' },
  { given: '1:2:3:4:5:6:7:8', want: '1:2:3:4:5:6:7:8' },
  { given: '1:2:3:4:5:6:7:8:9', want: undefined },
  { given: '1:2:3:4:5:6:7', want: undefined },
  { given: '1::2::3', want: undefined },
  { given: '1:2:3:4::5:6:7:8', want: undefined },
  { given: ':::', want: undefined },
  { given: '12345::', want: undefined },
  { given: '::192.0.2.1:1', want: undefined },
  { given: 'fe80::1%eth0', want: undefined },
  { given: 'g::', want: undefined },
]

for (const { given, want } of canonical) {
  test(`the address ${JSON.stringify(given)} is ${want ?? 'refused'}`, () => {
    const address = parseAddress(given)
    assert.equal(address && formatAddress(address), want)
  })
}

const prefixes: readonly { given: string; want: string | undefined }[] = [
  { given: '10.0.0.7/24', want: '10.0.0.0/24' },
  { given: '10.0.0.7', want: '10.0.0.7/32' },
  { given: '0.0.0.0/0', want: '0.0.0.0/0' },
  { given: '2001:db8::ffff/33', want: '2001:db8::/33' },
  { given: '::1/128', want: '::1/128' },
  { given: '10.0.0.0/33', want: undefined },
  { given: '10.0.0.0/08', want: undefined },
  { given: '10.0.0.0/', want: undefined },
  { given: '10.0.0.0/-1', want: undefined },
  { given: '10.0.0.0/1e1', want: undefined },
  { given: '::/129', want: undefined },
]

for (const { given, want } of prefixes) {
  test(`the prefix ${given} is ${want ?? 'refused'}`, () => {
    const prefix = parsePrefix(given)
    assert.equal(prefix && formatPrefix(prefix), want)
    assert.equal(canonicalPrefix(given), want ?? given)
  })
}

test('a host keeps its bits behind the length', () => {
  const parsed = parseHostInPrefix('10.0.0.7/24')
  assert.equal(parsed && formatAddress(parsed.host), '10.0.0.7')
  assert.equal(parsed?.length, 24)
})

const prefix = (text: string): Prefix => parsePrefix(text) as Prefix

test('contains() and overlaps() keep the families apart', () => {
  assert.ok(contains(prefix('10.0.0.0/8'), prefix('10.7.0.0/16')))
  assert.ok(!contains(prefix('10.7.0.0/16'), prefix('10.0.0.0/8')))
  assert.ok(contains(prefix('::/0'), prefix('fd00::/64')))
  assert.ok(!contains(prefix('::/0'), prefix('10.0.0.0/8')))
  assert.ok(overlaps(prefix('10.7.0.0/16'), prefix('10.0.0.0/8')))
  assert.ok(!overlaps(prefix('10.0.0.0/9'), prefix('10.128.0.0/9')))
})

test('halvesOf() makes up the whole, and an address has none', () => {
  assert.deepEqual(halvesOf(prefix('10.0.0.0/8')).map(formatPrefix), ['10.0.0.0/9', '10.128.0.0/9'])
  assert.deepEqual(halvesOf(prefix('::/0')).map(formatPrefix), ['::/1', '8000::/1'])
  assert.deepEqual(halvesOf(prefix('10.0.0.1/32')), [])
})

const endpoints: readonly { given: string; want: string | undefined }[] = [
  { given: 'hub.example.net:51820', want: 'hub.example.net 51820' },
  { given: 'HUB.Example.net', want: 'hub.example.net -' },
  { given: '192.0.2.1:1', want: '192.0.2.1 1' },
  { given: '192.0.2.1', want: '192.0.2.1 -' },
  { given: '[2001:DB8::1]:51820', want: '2001:db8::1 51820' },
  { given: '[2001:db8::1]', want: '2001:db8::1 -' },
  { given: '2001:db8::1', want: '2001:db8::1 -' },
  { given: 'localhost:51820', want: 'localhost 51820' },
  { given: '[192.0.2.1]:1', want: undefined },
  { given: '192.0.2.256:1', want: undefined },
  { given: '10.0.0:1', want: undefined },
  { given: 'a:0', want: undefined },
  { given: 'a:65536', want: undefined },
  { given: 'a:', want: undefined },
  { given: ':51820', want: undefined },
  { given: 'a b:1', want: undefined },
  { given: '-a.example:1', want: undefined },
  { given: `${'a'.repeat(64)}.example:1`, want: undefined },
]

for (const { given, want } of endpoints) {
  test(`the endpoint ${given.slice(0, 30)} is ${want ?? 'refused'}`, () => {
    const endpoint = parseEndpoint(given)
    assert.equal(endpoint && `${endpoint.host} ${endpoint.port ?? '-'}`, want)
  })
}

test('formatEndpoint() puts IPv6 into brackets', () => {
  assert.equal(formatEndpoint({ host: '2001:db8::1', port: 1 }), '[2001:db8::1]:1')
  assert.equal(formatEndpoint({ host: 'a.example', port: 1 }), 'a.example:1')
})

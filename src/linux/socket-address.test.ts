/** Socket addresses as bytes, written out by hand from <linux/in.h> and <linux/in6.h>. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeSocketAddress, encodeSocketAddress, encodeUnixAddress } from './socket-address.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const ROWS = [
  {
    name: 'IPv4: family 2, port big-endian, padded to 16 bytes',
    given: { address: '192.0.2.1', port: 51820 },
    want: '0200ca6cc00002010000000000000000',
  },
  {
    name: 'IPv6: family 10, no flow, no scope',
    given: { address: '2001:db8::1', port: 51820 },
    want: '0a00ca6c0000000020010db800000000000000000000000100000000',
  },
  {
    name: 'IPv6 link-local: the scope in host order',
    given: { address: 'fe80::1', port: 1, scopeId: 3 },
    want: '0a00000100000000fe80000000000000000000000000000103000000',
  },
]

for (const { name, given, want } of ROWS) {
  test(`a socket address in both directions: ${name}`, () => {
    assert.equal(hex(encodeSocketAddress(given)), want)
    assert.deepEqual(decodeSocketAddress(Buffer.from(want, 'hex')), given)
  })
}

test('decodeSocketAddress() is undefined for other families and short input', () => {
  for (const text of ['', '02', '0200ca6cc000', '0100666f6f', '0a00ca6c00000000', '1100ca6cc0000201']) {
    assert.equal(decodeSocketAddress(Buffer.from(text, 'hex')), undefined, text)
  }
})

test('encodeUnixAddress() ends the path with NUL and refuses one that does not fit', () => {
  assert.equal(hex(encodeUnixAddress('/a')), '01002f6100')
  assert.throws(() => encodeUnixAddress('x'.repeat(108)), RangeError)
})

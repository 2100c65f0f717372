/** Which of our addresses we use towards whom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, parseAddress } from '../addresses/index.ts'
import { OwnAddresses } from './own-addresses.ts'

const bytes = (text: string): Uint8Array => parseAddress(text) ?? assert.fail(text)

test('sourceFor(): the family, then the scope, then the longest common prefix, then the first (RFC 6724 §5)', () => {
  const own = new OwnAddresses([
    'fe80::1',
    '2001:db8:1::1',
    'fd00::1',
    '2001:db8:2::1',
    '10.0.0.1',
    '192.168.7.1',
  ])
  const rows: readonly [string, string][] = [
    ['fe80::99', 'fe80::1'],
    ['2001:db8:2:3::1', '2001:db8:2::1'],
    ['2001:db8:1:3::1', '2001:db8:1::1'],
    ['fd00:1::1', 'fd00::1'],
    ['2a00::1', '2001:db8:1::1'],
    ['192.168.1.1', '192.168.7.1'],
    ['10.200.0.1', '10.0.0.1'],
  ]
  for (const [remote, want] of rows) {
    const source = own.sourceFor(bytes(remote))
    assert.equal(source && formatAddress(source), want, remote)
  }
  const linkLocalFirst = new OwnAddresses(['fe80::1', 'fd00::1', '169.254.1.1', '172.16.0.1'])
  assert.deepEqual(linkLocalFirst.sourceFor(bytes('2001:db8::1')), bytes('fd00::1'))
  assert.deepEqual(linkLocalFirst.sourceFor(bytes('10.0.0.1')), bytes('172.16.0.1'))
  assert.equal(new OwnAddresses(['10.0.0.1']).sourceFor(bytes('fd00::1')), undefined)
  assert.equal(new OwnAddresses([]).sourceFor(bytes('10.0.0.1')), undefined)
})

test('has() compares whole addresses', () => {
  const own = new OwnAddresses(['10.0.0.1', 'fd00::1'])
  assert.ok(own.has(bytes('10.0.0.1')) && own.has(bytes('fd00::1')))
  assert.ok(!own.has(bytes('10.0.0.2')) && !own.has(bytes('fd00::2')) && !own.has(bytes('::ffff:10.0.0.1')))
})

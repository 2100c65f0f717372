/** Comparing fingerprints: what came, what went, and what a user may not see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareFingerprints, type Fingerprint, summarise } from './fingerprint.ts'

const BEFORE: Fingerprint = {
  links: ['1 lo hardware up mtu 65536', '2 eth0 hardware up mtu 1500'],
  addresses: ['eth0 192.0.2.1/24 scope 0 proto 0'],
  routes: ['table 254 0.0.0.0/0 via 192.0.2.254 eth0'],
  rules: [],
  nftables: ['table inet filter'],
}

test('equal fingerprints have no differences', () => {
  assert.deepEqual(compareFingerprints(BEFORE, structuredClone(BEFORE)), [])
})

test('what came is marked + and what went is marked -, each with its section', () => {
  const after = { ...BEFORE, links: [BEFORE.links[0] ?? '', '3 wg0 wireguard up mtu 1420'], addresses: [] }
  assert.deepEqual(compareFingerprints(BEFORE, after), [
    '- links: 2 eth0 hardware up mtu 1500',
    '+ links: 3 wg0 wireguard up mtu 1420',
    '- addresses: eth0 192.0.2.1/24 scope 0 proto 0',
  ])
})

test('a line that is there twice and then once is a difference', () => {
  const twice = { ...BEFORE, rules: ['rule', 'rule'] }
  assert.deepEqual(compareFingerprints(twice, { ...BEFORE, rules: ['rule'] }), ['- rules: rule'])
})

test('the summary says when nftables could not be read', () => {
  assert.match(summarise({ ...BEFORE, nftables: undefined }), /not readable without root/)
  assert.notEqual(summarise(BEFORE), summarise({ ...BEFORE, rules: ['another'] }))
})

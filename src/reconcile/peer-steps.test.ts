/** Peers: only those that differ are mentioned, and a prefix is free before its new owner takes it (GC-08). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedPeer, PeerIntent } from '../model/index.ts'
import { commands, device, host, KEY, node, peer, seen, wg } from './samples.ts'

const [A, B, C] = [KEY('A'), KEY('B'), KEY('C')]

const change = (wanted: PeerIntent[], have: ObservedPeer[], more = {}): string[] =>
  commands(node(wg({ peers: wanted })), host({ wireguard: [device({ peers: have })] }), more).map((c) =>
    c.replace('wg set wg0 peer ', ''),
  )

test('GC-08: an added, a changed and a removed peer are mentioned, and no other', () => {
  const b = peer('B', { allowedIPs: ['10.0.0.3/32'] })
  assert.deepEqual(
    change(
      [b, peer('C', { allowedIPs: ['10.0.0.4/32'], persistentKeepaliveSeconds: 25 })],
      [seen('A'), seen('B', { allowedIPs: ['10.0.0.3/32'] }), seen('C', { allowedIPs: ['10.0.0.4/32'] })],
    ),
    [`${A} remove`, `${C} persistent-keepalive 25`],
  )
})

test('GC-08: allowed IPs are replaced as a whole', () => {
  assert.deepEqual(change([peer('A', { allowedIPs: ['10.0.0.2/32', 'fd00::2/128'] })], [seen('A')]), [
    `${A} allowed-ips 10.0.0.2/32,fd00::2/128`,
  ])
  assert.deepEqual(change([peer('A', { allowedIPs: [] })], [seen('A')]), [`${A} allowed-ips ''`])
})

test('the order in which a device lists prefixes is no difference', () => {
  const prefixes = ['10.0.0.2/32', '10.1.0.0/16']
  assert.deepEqual(
    change([peer('A', { allowedIPs: prefixes })], [seen('A', { allowedIPs: prefixes.toReversed() })]),
    [],
  )
})

test('a prefix that moves is taken from the peer that loses it first', () => {
  assert.deepEqual(
    change(
      [peer('A', { allowedIPs: ['10.0.0.2/32', '10.9.0.0/16'] }), peer('B', { allowedIPs: ['10.0.0.3/32'] })],
      [seen('A'), seen('B', { allowedIPs: ['10.0.0.3/32', '10.9.0.0/16'] })],
    ),
    [`${B} allowed-ips 10.0.0.3/32`, `${A} allowed-ips 10.0.0.2/32,10.9.0.0/16`],
  )
})

test('a preshared key is set, replaced and taken away by its digest', () => {
  const presharedKey = { kind: 'secret', namespace: 'default', name: 's', key: 'k' } as const
  const digests = { presharedKeyDigests: new Map([[`wg0 ${A}`, 'd1']]) }
  assert.deepEqual(change([peer('A', { presharedKey })], [seen('A')], digests), [`${A} preshared-key ./s.k`])
  assert.deepEqual(
    change([peer('A', { presharedKey })], [seen('A', { presharedKeyDigest: 'd1' })], digests),
    [],
  )
  assert.deepEqual(change([peer('A')], [seen('A', { presharedKeyDigest: 'd1' })]), [
    `${A} preshared-key /dev/null`,
  ])
})

test('an endpoint is written only when it is asked for', () => {
  const wanted = [peer('A', { endpoint: { host: '192.0.2.1', port: 1 } })]
  const have = [seen('A', { endpoint: '198.51.100.9:4' })]
  assert.deepEqual(change(wanted, have), [])
  assert.deepEqual(change(wanted, have, { endpoints: new Map([[`wg0 ${A}`, '192.0.2.1:1']]) }), [
    `${A} endpoint 192.0.2.1:1`,
  ])
})

test('a direct path has no allowed IPs while it is probed, all of them when installed, no peer when silent', () => {
  const wanted = [peer('A', { path: 'while-alive', persistentKeepaliveSeconds: 25 })]
  const paths = (phase: string) => ({
    paths: new Map([[`wg0 ${A}`, { phase, sinceMs: 0, receivedAtMs: 0, rxBytes: 0 }]]),
  })
  const have = [seen('A', { allowedIPs: [], persistentKeepaliveSeconds: 25 })]
  assert.deepEqual(change(wanted, []), [`${A} persistent-keepalive 25 allowed-ips ''`])
  assert.deepEqual(change(wanted, have, paths('probing')), [])
  assert.deepEqual(change(wanted, have, paths('installed')), [`${A} allowed-ips 10.0.0.2/32`])
  assert.deepEqual(change(wanted, have, paths('silent')), [`${A} remove`])
})

test('a peer that had a session is woken when it is made again, and the next round takes the keepalive away', () => {
  const alive = { alive: new Set([`wg0 ${A}`]), endpoints: new Map([[`wg0 ${A}`, '198.51.100.7:4']]) }
  const woken = `${A} endpoint 198.51.100.7:4 persistent-keepalive 1 allowed-ips 10.0.0.2/32`
  assert.deepEqual(change([peer('A')], [], alive), [woken])
  const have = [seen('A', { endpoint: '198.51.100.7:4', persistentKeepaliveSeconds: 1 })]
  assert.deepEqual(change([peer('A')], have, alive), [`${A} persistent-keepalive off`])
})

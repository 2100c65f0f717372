/** What is taken over from an interface that runs, and what is left to whoever made it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { configOfRunning, importOptionsOf } from './config-of-running.ts'
import type { RunningInterface } from './running.ts'

const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

const address = (
  local: string,
  prefixLength: number,
  change: object = {},
): RunningInterface['addresses'][number] => ({
  family: local.includes(':') ? 'inet6' : 'inet',
  linkIndex: 7,
  local,
  prefixLength,
  protocol: 0,
  scope: 0,
  flags: 0,
  ...change,
})

const route = (destination: string, change: object = {}): RunningInterface['routes'][number] => ({
  family: destination.includes(':') ? 'inet6' : 'inet',
  destination,
  table: 254,
  linkIndex: 7,
  gateway: undefined,
  preferredSource: undefined,
  metric: 0,
  protocol: 3,
  scope: 253,
  type: 1,
  ...change,
})

const running = (change: Partial<RunningInterface>): RunningInterface => ({
  name: 'wg0',
  backend: 'kernel',
  up: true,
  mtuBytes: 1420,
  addresses: [address('10.9.0.2', 24)],
  routes: [],
  device: {
    privateKey: undefined,
    listenPort: 51820,
    fwmark: 0,
    peers: [
      {
        publicKey: PEER,
        presharedKey: undefined,
        endpoint: '[fe80::1%eth0]:51820',
        allowedIPs: ['10.9.0.0/24', '192.168.7.0/24'],
        persistentKeepaliveSeconds: 0,
        lastHandshakeSeconds: 0,
        lastHandshakeNanoseconds: 0,
        rxBytes: 0,
        txBytes: 0,
        protocolVersion: 1,
      },
    ],
  },
  ...change,
})

test('routes are taken over only when all of them are there, in one table', () => {
  const connected = route('10.9.0.0/24', { protocol: 2 })
  const rows: readonly [readonly RunningInterface['routes'][number][], 'main' | 'off' | number][] = [
    [[], 'off'],
    [[connected], 'off'],
    [[connected, route('192.168.7.0/24')], 'main'],
    [[connected, route('192.168.8.0/24')], 'off'],
    [[route('192.168.7.0/24', { table: 42 })], 'off'],
    [[route('192.168.7.0/24', { table: 42 }), route('10.9.0.0/24', { table: 42 })], 42],
  ]
  for (const [routes, want] of rows) assert.equal(importOptionsOf(running({ routes })).table, want)
})

test("the kernel's own link-local addresses stay the kernel's, and pairs keep their other end", () => {
  const addresses = [
    address('10.4.0.1', 32, { peer: '10.4.0.2' }),
    address('fe80::1', 64, { protocol: 3 }),
    address('fe80::1771', 64, { peer: 'fe80::a:1771' }),
  ]
  const one = running({ addresses })
  assert.deepEqual(configOfRunning(one).interface.addresses, [])
  assert.deepEqual(importOptionsOf(one).pairs, [
    { local: '10.4.0.1', peer: '10.4.0.2/32' },
    { local: 'fe80::1771', peer: 'fe80::a:1771/64' },
  ])
  const old = running({ backend: 'userspace', addresses: [address('fe80::1234', 64)] })
  assert.deepEqual(configOfRunning(old).interface.addresses, [])
})

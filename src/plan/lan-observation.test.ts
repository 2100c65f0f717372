/** Which of a host's addresses count as its LAN. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedAddress, ObservedLink } from '../model/index.ts'
import { formatProblems, planOf } from './fixture.ts'
import { lanObservationOf } from './lan-observation.ts'

const link = (name: string, kind = '', altNames: readonly string[] = []): ObservedLink => ({
  index: 1,
  name,
  kind,
  up: true,
  mtuBytes: 1500,
  altNames,
  operState: 'up',
  flags: ['UP'],
  settings: {},
})
const address = (of: string, local: string, prefixLength: number, peer?: string): ObservedAddress => ({
  link: of,
  local,
  prefixLength,
  ...(peer === undefined ? {} : { peer }),
  protocol: 0,
  scope: 0,
})

const HOST = {
  links: [
    link('lo'),
    link('eth0'),
    link('ppp0'),
    link('wg0', 'wireguard'),
    link('tun3', 'tun'),
    link('ours', 'veth', ['warren-ours']),
  ],
  addresses: [
    address('lo', '127.0.0.1', 8),
    address('lo', '::1', 128),
    address('eth0', '10.0.0.17', 16),
    address('eth0', 'fe80::7', 64),
    address('eth0', '2001:db8:7::9', 64),
    address('ppp0', '198.51.100.2', 32, '198.51.100.1'),
    address('wg0', '10.0.0.2', 24),
    address('tun3', '10.0.0.2', 24),
    address('ours', '10.0.0.2', 24),
  ],
}

test('lanObservationOf() takes the prefixes of links that are no tunnels and not ours', () => {
  assert.deepEqual(lanObservationOf('a', HOST), {
    node: 'a',
    networks: [
      { prefix: '10.0.0.0/16', link: 'eth0' },
      { prefix: '2001:db8:7::/64', link: 'eth0' },
      { prefix: '198.51.100.1/32', link: 'ppp0' },
    ],
  })
})

test('plan() refuses a CIDR that the observed LAN uses', () => {
  const text = 'cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h, endpoint: 192.0.2.1 }, { name: a }]'
  assert.deepEqual(formatProblems(planOf(text, { observations: [lanObservationOf('a', HOST)] })), [
    'LanUsesCidr WireGuardNetworkPlan/net spec.cidrs[0]: 10.0.0.0/24 overlaps 10.0.0.0/16, which a uses on its own link eth0',
  ])
  assert.deepEqual(formatProblems(planOf(text, { observations: [lanObservationOf('elsewhere', HOST)] })), [])
})

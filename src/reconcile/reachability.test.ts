/** What could cut a host off, and what could not: each row a host, a change, and the way that is lost with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '../model/index.ts'
import { behindTunnel, view, viewLink } from './reachability-samples.ts'
import type { RoutingView } from './reachability-view.ts'
import { cuts } from './reachability.ts'
import { render } from './render.ts'

interface Row {
  readonly name: string
  readonly view?: RoutingView
  readonly steps: readonly Step[]
  readonly to?: string
  readonly from?: string
  /** `after`, and the command since which. Undefined: nothing is cut. */
  readonly want: readonly [after: RegExp, because: RegExp] | undefined
}

const wireguard = (change: Extract<Step, { kind: 'wireguard-set' }>['change']): Step => ({
  ...{ kind: 'wireguard-set', link: 'wg0', backend: 'kernel', change },
})
const HUB = { kind: 'set', publicKey: 'HUB', create: false } as const
const route = (destination: string, more: { table?: number; link?: string; metric?: number } = {}): Step => ({
  kind: 'route-add',
  link: more.link ?? 'wg0',
  route: {
    destination,
    table: more.table ?? 254,
    ...(more.metric === undefined ? {} : { metric: more.metric }),
  },
})
const remake = (link: string): Step[] => [
  { kind: 'link-delete', link, backend: 'kernel' },
  { kind: 'link-create', link, backend: 'kernel', mtuBytes: 1420 },
  wireguard({
    privateKey: { kind: 'node' },
    listenPort: 51820,
    peers: [{ ...HUB, create: true, endpoint: '198.51.100.1:51820', allowedIPs: ['10.0.0.0/24'] }],
  }),
  { kind: 'address-add', link, address: { local: '10.0.0.2', prefixLength: 24 } },
  { kind: 'link-set', link, up: true },
]
const swallow: Step[] = [wireguard({ peers: [{ ...HUB, allowedIPs: ['0.0.0.0/0'] }] }), route('0.0.0.0/1')]

const ROWS: readonly Row[] = [
  {
    name: 'a new tunnel beside the way',
    steps: [
      { kind: 'link-create', link: 'wg1', backend: 'kernel', mtuBytes: 1420 },
      { kind: 'address-add', link: 'wg1', address: { local: '10.9.0.1', prefixLength: 24 } },
      { kind: 'link-set', link: 'wg1', up: true },
    ],
    want: undefined,
  },
  { name: 'a route for others', steps: [route('10.5.0.0/16')], want: undefined },
  {
    name: 'the link is deleted',
    steps: [{ kind: 'link-delete', link: 'wg0', backend: 'kernel' }],
    want: [/^through eth0 by 192\.0\.2\.1$/, /link delete dev wg0/],
  },
  {
    name: 'the link is deleted and made anew',
    steps: remake('wg0'),
    want: [/made anew/, /link delete dev wg0/],
  },
  {
    name: 'the link is set down',
    steps: [{ kind: 'link-set', link: 'wg0', up: false }],
    want: [/^through eth0/, /set dev wg0 down/],
  },
  {
    name: 'the address goes',
    steps: [{ kind: 'address-delete', link: 'wg0', address: { local: '10.0.0.2', prefixLength: 24 } }],
    want: [/^through eth0/, /address delete 10\.0\.0\.2/],
  },
  {
    name: 'the address goes and comes back',
    steps: [
      { kind: 'address-delete', link: 'wg0', address: { local: '10.0.0.2', prefixLength: 24 } },
      { kind: 'address-add', link: 'wg0', address: { local: '10.0.0.2', prefixLength: 24 } },
    ],
    want: undefined,
  },
  {
    name: 'the peer is removed',
    steps: [wireguard({ peers: [{ kind: 'remove', publicKey: 'HUB' }] })],
    want: [/no peer of wg0 takes packets to 10\.0\.0\.9/, /wg set wg0/],
  },
  {
    name: 'the allowed IPs no longer cover it',
    steps: [wireguard({ peers: [{ ...HUB, allowedIPs: ['10.0.0.1/32'] }] })],
    want: [/no peer of wg0/, /wg set/],
  },
  {
    name: 'another peer gets its allowed IPs',
    steps: [
      wireguard({
        peers: [
          {
            kind: 'set',
            publicKey: 'OTHER',
            create: true,
            allowedIPs: ['10.0.0.9/32'],
            endpoint: '198.51.100.7:1',
          },
        ],
      }),
    ],
    want: [/peer OTHER/, /wg set/],
  },
  {
    name: 'the endpoint moves',
    steps: [wireguard({ peers: [{ ...HUB, endpoint: '198.51.100.1:4000' }] })],
    want: [/198\.51\.100\.1:4000/, /wg set/],
  },
  {
    name: 'the preshared key changes',
    steps: [wireguard({ peers: [{ ...HUB, presharedKey: { kind: 'node' } }] })],
    want: [/no longer so: .*HUB/, /wg set/],
  },
  {
    name: 'the private key changes',
    steps: [wireguard({ privateKey: { kind: 'node' }, peers: [] })],
    want: [/no longer so: wg0 has the key/, /wg set/],
  },
  {
    name: 'the port changes',
    steps: [wireguard({ listenPort: 4000, peers: [] })],
    want: [/no longer so: wg0 has the key/, /wg set/],
  },
  {
    name: 'only the keepalive changes',
    steps: [wireguard({ peers: [{ ...HUB, persistentKeepaliveSeconds: 25 }] })],
    want: undefined,
  },
  {
    name: 'a tunnel swallows the way',
    to: '100.64.0.9',
    steps: swallow,
    want: [/would carry its own packets|through wg0/, /ip route add 0\.0\.0\.0\/1/],
  },
  {
    name: 'a tunnel swallows its own endpoint',
    steps: [route('198.51.100.0/24')],
    want: [/wg0 would carry its own packets to 198\.51\.100\.1/, /route add 198\.51\.100\.0\/24/],
  },
  {
    name: 'a default route in a table that only unmarked packets see takes a foreign session',
    view: behindTunnel({}),
    to: '203.0.113.7',
    steps: [
      wireguard({ fwmark: 51820, peers: [{ ...HUB, allowedIPs: ['0.0.0.0/0'] }] }),
      route('0.0.0.0/0', { table: 51820 }),
      { kind: 'rule-add', rule: { family: 'inet', table: 51820, fwmark: 51820, invert: true } },
      { kind: 'rule-add', rule: { family: 'inet', table: 254, suppressPrefixLength: 0 } },
    ],
    want: [/^through wg0, peer HUB/, /ip -4 rule add|ip rule add/],
  },
  {
    name: 'the same leaves a neighbour alone, whose route is more than the default',
    view: behindTunnel({}),
    to: '192.0.2.7',
    steps: [
      wireguard({ fwmark: 51820, peers: [{ ...HUB, allowedIPs: ['0.0.0.0/0'] }] }),
      route('0.0.0.0/0', { table: 51820 }),
      { kind: 'rule-add', rule: { family: 'inet', table: 51820, fwmark: 51820, invert: true } },
      { kind: 'rule-add', rule: { family: 'inet', table: 254, suppressPrefixLength: 0 } },
    ],
    want: undefined,
  },
  {
    name: 'and the tunnel itself, whose packets are marked',
    view: behindTunnel({}),
    to: '10.0.0.9',
    steps: [
      route('0.0.0.0/0', { table: 51820 }),
      wireguard({ fwmark: 51820, peers: [{ ...HUB, allowedIPs: ['0.0.0.0/0'] }] }),
      { kind: 'rule-add', rule: { family: 'inet', table: 51820, fwmark: 51820, invert: true } },
      { kind: 'rule-add', rule: { family: 'inet', table: 254, suppressPrefixLength: 0 } },
    ],
    want: undefined,
  },
  {
    name: 'the link becomes a port of a bridge',
    view: view({ links: [viewLink('br0', { kind: 'bridge' })] }),
    to: '192.0.2.7',
    steps: [{ kind: 'link-set', link: 'eth0', master: 'br0' }],
    want: [/eth0 is a port of br0/, /set dev eth0/],
  },
  {
    name: 'a macvlan takes every frame of the link',
    to: '192.0.2.7',
    steps: [{ kind: 'link-add', link: 'all', type: 'macvlan', settings: { link: 'eth0', mode: 'passthru' } }],
    want: [/all takes every frame of eth0/, /link add link eth0 all/],
  },
  {
    name: 'a macvlan beside the link',
    to: '192.0.2.7',
    steps: [{ kind: 'link-add', link: 'one', type: 'macvlan', settings: { link: 'eth0', mode: 'bridge' } }],
    want: undefined,
  },
  {
    name: 'the link goes into a VRF',
    view: view({ links: [viewLink('blue', { kind: 'vrf', settings: { table: 10 } })] }),
    to: '192.0.2.7',
    steps: [{ kind: 'link-set', link: 'eth0', master: 'blue' }],
    want: [/no route|down/, /set dev eth0/],
  },
  {
    name: 'the bridge loses the port',
    view: view({
      links: [viewLink('br0', { kind: 'bridge' }), viewLink('eth1', { master: 'br0' })],
      addresses: ['10.3.0.1/24 br0'],
      routes: ['10.3.0.0/24 dev br0 src 10.3.0.1'],
    }),
    to: '10.3.0.7',
    steps: [{ kind: 'link-set', link: 'eth1', master: null }],
    want: [/no longer so: eth1 is a port of br0/, /set dev eth1/],
  },
  {
    name: 'the bridge gets one more',
    view: view({
      links: [viewLink('br0', { kind: 'bridge' }), viewLink('eth1', { master: 'br0' }), viewLink('v1')],
      addresses: ['10.3.0.1/24 br0'],
      routes: ['10.3.0.0/24 dev br0 src 10.3.0.1'],
    }),
    to: '10.3.0.7',
    steps: [{ kind: 'link-set', link: 'v1', master: 'br0' }],
    want: undefined,
  },
  {
    name: 'the link below goes down',
    view: view({
      links: [viewLink('eth1'), viewLink('lan', { kind: 'vlan', settings: { link: 'eth1', id: 7 } })],
      addresses: ['10.3.0.1/24 lan'],
      routes: ['10.3.0.0/24 dev lan src 10.3.0.1'],
    }),
    to: '10.3.0.7',
    steps: [{ kind: 'link-set', link: 'eth1', up: false }],
    want: [/eth1, which lan is on, is down/, /set dev eth1 down/],
  },
  {
    name: 'the other end of a veth is deleted',
    view: view({
      links: [
        viewLink('v1', { kind: 'veth', index: 50, peerIndex: 51 }),
        viewLink('v2', { kind: 'veth', index: 51, peerIndex: 50 }),
      ],
      addresses: ['10.3.0.1/24 v1'],
      routes: ['10.3.0.0/24 dev v1 src 10.3.0.1'],
    }),
    to: '10.3.0.7',
    steps: [{ kind: 'link-delete', link: 'v2' }],
    want: [/^through eth0/, /link delete dev v2/],
  },
  {
    name: 'a vxlan loses the tunnel that it is in',
    view: behindTunnel({
      links: [viewLink('vx', { kind: 'vxlan', settings: { id: 5, remote: '10.0.0.9' } })],
      addresses: ['10.7.0.1/24 vx'],
      routes: ['10.7.0.0/24 dev vx src 10.7.0.1'],
    }),
    to: '10.7.0.7',
    steps: [wireguard({ peers: [{ kind: 'remove', publicKey: 'HUB' }] })],
    want: [/no peer of wg0/, /wg set/],
  },
  {
    name: 'a session loses the address it has',
    to: '203.0.113.7',
    from: '192.0.2.3',
    view: view({ addresses: ['192.0.2.3/24 eth0'] }),
    steps: [{ kind: 'address-delete', link: 'eth0', address: { local: '192.0.2.3', prefixLength: 24 } }],
    want: [/192\.0\.2\.3 is no address of this host/, /address delete/],
  },
  {
    name: 'a step in a container',
    steps: [{ kind: 'link-delete', link: 'wg0', in: { kind: 'docker', name: 'x' } }],
    want: undefined,
  },
  {
    name: 'an address that nothing leads to anyway',
    to: '2001:db8:9::1',
    view: { ...behindTunnel(), routes: [] },
    steps: [{ kind: 'link-delete', link: 'wg0' }],
    want: undefined,
  },
  {
    name: 'the plan gives this host the address of the other',
    to: '192.0.2.7',
    steps: [{ kind: 'address-add', link: 'wg0', address: { local: '192.0.2.7', prefixLength: 32 } }],
    want: [/192\.0\.2\.7 is an address of this host/, /address add/],
  },
]

for (const row of ROWS)
  test(`cuts(): ${row.name}${row.want === undefined ? ' is none' : ''}`, () => {
    const to = row.to ?? '10.0.0.9'
    const keep = [{ address: to, ...(row.from === undefined ? {} : { from: row.from }) }]
    const got = cuts({ view: row.view ?? behindTunnel(), steps: row.steps, keep })
    if (row.want === undefined) {
      assert.deepEqual(got, [])
      return
    }
    const [cut] = got
    assert.equal(cut?.address, to)
    assert.match(cut?.after ?? '', row.want[0])
    assert.match(cut === undefined ? '' : render(cut.because), row.want[1])
  })

test('cuts(): says how an address is reached now', () => {
  const steps: Step[] = [{ kind: 'link-delete', link: 'wg0' }]
  const keep = [{ address: '10.0.0.9' }, { address: '192.0.2.7' }, { address: '203.0.113.7' }]
  assert.deepEqual(
    cuts({ view: behindTunnel(), steps, keep }).map((c) => c.before),
    ['through wg0, peer HUB… at 198.51.100.1:51820'],
  )
})

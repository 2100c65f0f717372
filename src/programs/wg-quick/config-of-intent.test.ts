/** Intents → files: routes as wg-quick makes them where that is the same, otherwise as commands. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseObjects, type RouteIntent, type WireGuardIntent } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { formatWgConfig } from '../../protocols/wireguard/formats/index.ts'
import { configOfIntent } from './config-of-intent.ts'

const KEY = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

const intent: WireGuardIntent = {
  name: 'wg0',
  owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
  privateKey: { kind: 'node' },
  publicKey: KEY,
  listenPort: 51820,
  fwmark: undefined,
  mtuBytes: 1420,
  addresses: [{ local: '10.6.0.7', prefixLength: 24 }],
  peers: [
    {
      publicKey: PEER,
      node: 'hub',
      presharedKey: undefined,
      endpoint: { host: '2001:db8::1', port: 15220 },
      allowedIPs: ['10.6.0.0/24', '192.168.7.0/24'],
      persistentKeepaliveSeconds: 25,
      path: 'always',
    },
  ],
  routes: [{ destination: '192.168.7.0/24', table: 254 }],
  rules: [],
  forwards: { inet: false, inet6: false },
  container: undefined,
}

const render = (change: Partial<WireGuardIntent>, direct = false): string =>
  formatWgConfig(
    configOfIntent(
      'rpi4',
      { ...intent, ...change },
      { privateKey: { text: KEY }, presharedKey: () => PEER, direct },
    ),
  )

test('BS-02: a peer file has address, key, its public half as a comment, the hub with its public port, and keepalive', () => {
  assert.equal(
    render({}),
    `[Interface]
# rpi4
# PublicKey = ${KEY}
Address = 10.6.0.7/24
PrivateKey = ${KEY}
ListenPort = 51820
MTU = 1420

[Peer]
# hub
PublicKey = ${PEER}
Endpoint = [2001:db8::1]:15220
AllowedIPs = 10.6.0.0/24, 192.168.7.0/24
PersistentKeepalive = 25
`,
  )
})

test('HC-01: what a relay switches on when it comes up, it takes back when it goes down', () => {
  const lines = render({ forwards: { inet: true, inet6: true } }).split('\n')
  const filters = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} = if command -v`)).map((line) => line.slice(key.length))
  assert.equal(filters('PostUp').length, 2)
  assert.deepEqual(
    filters('PostUp').map((line) => line.replace(' -I FORWARD', ' -D FORWARD')),
    filters('PostDown'),
  )
})

test('routes that wg-quick would not make itself are commands, and then it makes none', () => {
  const lines = (routes: readonly RouteIntent[]): string[] =>
    render({ routes })
      .split('\n')
      .filter((line) => /^(?:Table|PostUp)/.test(line))
  assert.deepEqual(lines([]), ['Table = off'])
  assert.deepEqual(lines([{ destination: '192.168.7.0/24', table: 42 }]), [
    'Table = off',
    'PostUp = ip -4 route add 192.168.7.0/24 dev %i table 42',
  ])
  const everything = ['10.6.0.0/24', '192.168.7.0/24'].map((destination) => ({ destination, table: 42 }))
  assert.deepEqual(lines(everything), ['Table = 42'])
  assert.deepEqual(lines([{ destination: '192.168.7.0/24', table: 254, metric: 7 }]), [
    'Table = off',
    'PostUp = ip -4 route add 192.168.7.0/24 dev %i metric 7',
  ])
})

test('a direct path beside a relay is left out, unless it is asked for', () => {
  const [hub] = intent.peers
  assert.ok(hub)
  const peers = [
    hub,
    { ...hub, node: 'neighbour', publicKey: KEY, allowedIPs: ['10.6.0.8/32'], path: 'while-alive' as const },
  ]
  assert.equal(render({ peers }).includes('neighbour'), false)
  assert.equal(render({ peers }, true).includes('neighbour'), true)
})

test('point-to-point addresses, which wg-quick has no word for, are commands', () => {
  const text = render({ addresses: [{ local: 'fe80::1', prefixLength: 64, peer: 'fe80::2' }] })
  assert.ok(text.includes('PostUp = ip -6 address add fe80::1 peer fe80::2/64 dev %i\n'))
  assert.ok(!text.includes('Address ='))
})

test('a default route of the plan is left to wg-quick, whose way the planner follows', () => {
  const text = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  nodes:
  - { name: hub, endpoint: "hub.example.net:51820", publicKey: "${PEER}" }
  - { name: laptop, defaultRoute: { via: hub }, publicKey: "${KEY}" }
`
  const result = plan(parseObjects(text, { file: 'x' }).objects, { networks: {} })
  assert.deepEqual(
    result.problems.filter((problem) => problem.severity !== 'warning'),
    [],
  )
  const wanted = result.intents.get('laptop')?.interfaces[0]
  assert.ok(wanted)
  const file = render(wanted)
  assert.match(file, /AllowedIPs = .*0\.0\.0\.0\/0/)
  assert.ok(!file.includes('Table'))
})

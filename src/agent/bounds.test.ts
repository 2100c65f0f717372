/** The local bounds: what is allowed by default, what each field forbids, and that a mistake in them is never a loophole. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LinkIntent, WireGuardIntent } from '../model/index.ts'
import { askedTogether, beyondBounds, contains } from './beyond-bounds.ts'
import { loadBounds, NO_BOUNDS } from './bounds.ts'

const wg = (change: Partial<WireGuardIntent> = {}): WireGuardIntent => ({
  name: 'wg0',
  owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
  privateKey: { kind: 'node' },
  publicKey: undefined,
  listenPort: 51820,
  fwmark: undefined,
  mtuBytes: 1420,
  addresses: [{ local: '10.0.0.1', prefixLength: 24 }],
  peers: [],
  routes: [],
  rules: [],
  forwards: { inet: false, inet6: false },
  container: undefined,
  ...change,
})

const peers = (...allowedIPs: string[]) => [
  {
    publicKey: 'k',
    node: 'b',
    presharedKey: undefined,
    endpoint: undefined,
    allowedIPs,
    persistentKeepaliveSeconds: 0,
    path: 'always' as const,
  },
]
const routes = (...destinations: string[]) => destinations.map((destination) => ({ destination, table: 254 }))

const rows = [
  { name: 'nothing special', bounds: {}, intent: wg(), want: [] },
  {
    name: 'a default route in two halves',
    bounds: {},
    intent: wg({ routes: routes('0.0.0.0/1', '128.0.0.0/1') }),
    want: ['default route 0.0.0.0/1', 'default route 128.0.0.0/1'],
  },
  {
    name: 'all of the global IPv6 internet',
    bounds: {},
    intent: wg({ routes: routes('2000::/3') }),
    want: ['default route 2000::/3'],
  },
  {
    name: 'a default route with consent',
    bounds: { defaultRoute: true },
    intent: wg({ routes: routes('0.0.0.0/0', '::/0') }),
    want: [],
  },
  {
    name: 'everything allowed through the tunnel, without a route',
    bounds: {},
    intent: wg({ peers: peers('0.0.0.0/0', '::/0') }),
    want: [],
  },
  {
    name: 'the same where networks are bounded',
    bounds: { cidrs: ['10.0.0.0/8'] },
    intent: wg({ peers: peers('0.0.0.0/0', '10.1.0.0/16') }),
    want: ['allowed network 0.0.0.0/0'],
  },
  {
    name: 'an address and a route outside',
    bounds: { cidrs: ['10.0.0.0/24', 'fd00::/8'] },
    intent: wg({
      addresses: [
        { local: '10.0.1.1', prefixLength: 24 },
        { local: 'fe80::1', prefixLength: 64 },
      ],
      routes: routes('192.168.0.0/16', 'fd07::/16'),
    }),
    want: ['address 10.0.1.1/32', 'route 192.168.0.0/16'],
  },
  {
    name: 'a default route in sixteen pieces',
    bounds: {},
    intent: wg({ routes: routes(...Array.from({ length: 16 }, (_, i) => `${i * 16}.0.0.0/4`)) }),
    want: ['default route in pieces (IPv4)'],
  },
  {
    name: 'the global IPv6 internet in pieces',
    bounds: {},
    intent: wg({
      routes: routes(...Array.from({ length: 32 }, (_, i) => `${(0x20 + i).toString(16)}00::/8`)),
    }),
    want: ['default route in pieces (IPv6)'],
  },
  {
    name: 'every private network, and some of them twice',
    bounds: {},
    intent: wg({
      routes: routes(
        '10.0.0.0/8',
        '10.1.0.0/16',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '100.64.0.0/10',
        'fd00::/8',
      ),
    }),
    want: [],
  },
  {
    name: 'addresses whose own networks are a default route',
    bounds: {},
    intent: wg({
      addresses: [
        { local: '10.0.0.1', prefixLength: 1 },
        { local: '10.0.0.1', peer: '200.0.0.1', prefixLength: 1 },
      ],
    }),
    want: ['default route 0.0.0.0/1', 'default route 128.0.0.0/1'],
  },
  {
    name: 'an address inside whose network is outside',
    bounds: { cidrs: ['10.0.0.0/24'] },
    intent: wg({
      addresses: [
        { local: '10.0.0.1', prefixLength: 16 },
        { local: '10.0.0.1', peer: '192.0.2.9', prefixLength: 32 },
        { local: 'fe80::1', peer: '2001:db8::1', prefixLength: 64 },
      ],
    }),
    want: [
      'network 10.0.0.0/16 of the address 10.0.0.1',
      'network 192.0.2.9/32 of the address 10.0.0.1',
      'network 2001:db8::/64 of the address fe80::1',
    ],
  },
  {
    name: 'a route before the host’s own addresses',
    bounds: {},
    intent: wg({ routes: [{ destination: '192.168.1.7/32', table: 255 }] }),
    want: ['route 192.168.1.7/32 in the table local'],
  },
  {
    name: 'a name',
    bounds: { interfaces: ['wg*'] },
    intent: wg({ name: 'eth0' }),
    want: ['interface name eth0'],
  },
  { name: 'a dot is a dot', bounds: { interfaces: ['wg.*'] }, intent: wg(), want: ['interface name wg0'] },
  {
    name: 'a port',
    bounds: { ports: { start: 51_900, end: 51_999 } },
    intent: wg(),
    want: ['port 51820'],
  },
]

for (const { name, bounds, intent, want } of rows)
  test(`beyondBounds(): ${name}`, () => {
    const found = beyondBounds(intent, { ...NO_BOUNDS, ...bounds })
    assert.deepEqual(
      found.map((p) => p.message),
      want.map((w) => `${w} is beyond what this node allows`),
    )
  })

test('a default route in pieces is one over several interfaces too', () => {
  const piece = (i: number) => wg({ name: `wg${i}`, routes: routes(`${i * 16}.0.0.0/4`) })
  const both = [piece(1), piece(2)]
  for (const one of both) {
    assert.deepEqual(beyondBounds(one, NO_BOUNDS), [])
    assert.equal(beyondBounds(one, NO_BOUNDS, askedTogether(both)).length, 1)
  }
})

test('loadBounds(): a file that others may write bounds nobody, so it is refused', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-bounds-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'agent.yaml')
  writeFileSync(path, 'defaultRoute: true')
  chmodSync(path, 0o644)
  assert.equal((await loadBounds(path)).kind, 'bounds')
  chmodSync(path, 0o646)
  assert.equal((await loadBounds(path)).kind, 'problems')
  if (process.geteuid?.() !== 0) return
  chmodSync(path, 0o644)
  chownSync(path, 65534, 65534)
  assert.equal((await loadBounds(path)).kind, 'problems')
  chownSync(path, 0, 65534)
  chmodSync(path, 0o664)
  assert.equal((await loadBounds(path)).kind, 'problems')
})

test('contains() compares families and lengths', () => {
  assert.equal(contains('10.0.0.0/8', '10.9.0.0/16'), true)
  assert.equal(contains('10.0.0.0/16', '10.0.0.0/8'), false)
  assert.equal(contains('0.0.0.0/0', '::/0'), false)
})

test('loadBounds(): no file is the defaults; a mistake is a problem with its field, never fewer bounds', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-bounds-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'agent.yaml')
  assert.deepEqual(await loadBounds(path), { kind: 'bounds', bounds: NO_BOUNDS })
  for (const [text, field] of [
    ['cidr: 10.0.0.0/8', ''],
    ['cidrs: [10.0.0.0/99]', 'cidrs.0'],
    ['defaultRoute: maybe', 'defaultRoute'],
    ['ports: { start: 1 }', 'ports.end'],
    ['[', ''],
    ['just words', ''],
  ] as const) {
    writeFileSync(path, text)
    const loaded = await loadBounds(path)
    assert.equal(loaded.kind, 'problems', text)
    assert.ok(loaded.kind === 'problems' && loaded.problems[0]?.path.includes(field), text)
  }
  writeFileSync(path, '# all defaults\n')
  assert.deepEqual(await loadBounds(path), { kind: 'bounds', bounds: NO_BOUNDS })
})

const bridge = (change: Partial<LinkIntent>): LinkIntent => ({
  name: 'br0',
  owner: { kind: 'NetlinkInterface', namespace: 'default', name: 'br0' },
  container: undefined,
  kind: 'bridge',
  settings: {},
  up: true,
  mtuBytes: undefined,
  hardwareAddress: undefined,
  master: undefined,
  ports: undefined,
  forwarding: undefined,
  addresses: [],
  routes: [],
  adopt: false,
  replacePolicy: 'Never',
  ...change,
})

const docker = { kind: 'docker', name: 'web' } as const

for (const { name, bounds, intent, want } of [
  { name: 'a bridge', bounds: {}, intent: bridge({}), want: [] },
  { name: 'a kind', bounds: { kinds: ['wireguard' as const] }, intent: bridge({}), want: ['kind bridge'] },
  {
    name: 'a port of a bridge',
    bounds: { interfaces: ['br*', 'v*'] },
    intent: bridge({ ports: ['v1', 'eth0'] }),
    want: ['interface name eth0'],
  },
  { name: 'any container', bounds: {}, intent: bridge({ container: docker }), want: [] },
  {
    name: 'no container',
    bounds: { containers: false },
    intent: bridge({ container: docker }),
    want: ['container docker:web'],
  },
  {
    name: 'a container by its name',
    bounds: { containers: ['docker:w*'] },
    intent: bridge({ container: docker }),
    want: [],
  },
  {
    name: 'another container',
    bounds: { containers: ['pod:default/*'] },
    intent: bridge({ container: docker }),
    want: ['container docker:web'],
  },
  {
    name: 'a default route of a container',
    bounds: { cidrs: ['10.0.0.0/8'] },
    intent: bridge({ container: docker, routes: routes('0.0.0.0/0') }),
    want: [],
  },
  {
    name: 'taking over',
    bounds: { adopt: ['dummy*'] },
    intent: bridge({ adopt: true }),
    want: ['taking over br0'],
  },
  {
    name: 'the table of a VRF',
    bounds: { tables: { start: 100, end: 199 } },
    intent: bridge({ kind: 'vrf', settings: { table: 7 } }),
    want: ['table 7'],
  },
  {
    name: 'the table main, whatever the bounds',
    bounds: { tables: { start: 100, end: 199 } },
    intent: bridge({ routes: routes('10.1.0.0/16') }),
    want: [],
  },
  {
    name: 'a VRF over the table local',
    bounds: {},
    intent: bridge({ kind: 'vrf', settings: { table: 255 } }),
    want: ['table 255'],
  },
  {
    name: 'a macvlan that takes every frame of a link',
    bounds: { interfaces: ['br*'] },
    intent: bridge({ kind: 'macvlan', settings: { mode: 'passthru', link: 'eth0' } }),
    want: ['interface name eth0'],
  },
  {
    name: 'a macvlan beside a link',
    bounds: { interfaces: ['br*'] },
    intent: bridge({ kind: 'macvlan', settings: { mode: 'bridge', link: 'eth0' } }),
    want: [],
  },
  {
    name: 'the port of a vxlan',
    bounds: { ports: { start: 51800, end: 51899 } },
    intent: bridge({ kind: 'vxlan', settings: { id: 7, port: 4789 } }),
    want: ['port 4789'],
  },
  {
    name: 'a mark and the table that a rule leads to',
    bounds: { fwmarks: { start: 1, end: 255 }, tables: { start: 1, end: 255 } },
    intent: wg({ fwmark: 51820, rules: [{ family: 'inet', table: 51820, fwmark: 51820, invert: true }] }),
    want: ['mark 51820', 'table 51820'],
  },
])
  test(`beyondBounds() of links: ${name}`, () => {
    const reasons = beyondBounds(intent, { ...NO_BOUNDS, ...bounds }).map((p) => p.message)
    assert.deepEqual(
      reasons,
      want.map((reason) => `${reason} is beyond what this node allows`),
    )
  })

/** diff() compared as text: what one would type to get from the observed host to the wanted one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diff } from './diff.ts'
import { commands, device, EMPTY, host, KEY, link, node, peer, seen, wg } from './samples.ts'

const [A, B] = [KEY('A'), KEY('B')]

test('an empty host gets link, keys, peers, addresses, up, sysctls and routes, in this order', () => {
  const intent = wg({
    addresses: [
      { local: '10.4.0.1', prefixLength: 32, peer: '10.4.0.2' },
      { local: 'fe80::1771', prefixLength: 64, peer: 'fe80::a:1771' },
    ],
    peers: [
      peer('A', {
        endpoint: { host: '192.0.2.1', port: 51820 },
        persistentKeepaliveSeconds: 25,
        presharedKey: { kind: 'secret', namespace: 'default', name: 'psk', key: 'key' },
      }),
    ],
    routes: [{ destination: '192.168.7.0/24', table: 254 }],
    rules: [{ family: 'inet', table: 51820, fwmark: 51820, invert: true }],
    fwmark: 51820,
    forwards: { inet: true, inet6: true },
  })
  const observed = { ...EMPTY, sysctls: { 'net/ipv6/conf/all/force_forwarding': '0' } }
  const endpoints = new Map([[`wg0 ${A}`, '192.0.2.1:51820']])
  assert.deepEqual(commands(node(intent), observed, { endpoints }), [
    'ip link add wg0 mtu 1420 type wireguard',
    'ip link property add dev wg0 altname warren-wg0',
    'wg set wg0 private-key ./node.key listen-port 51820 fwmark 51820',
    `wg set wg0 peer ${A} preshared-key ./psk.key endpoint 192.0.2.1:51820 persistent-keepalive 25 allowed-ips 10.0.0.2/32`,
    'ip address add 10.4.0.1 peer 10.4.0.2/32 dev wg0',
    'ip address add fe80::1771 peer fe80::a:1771/64 dev wg0',
    'ip link set dev wg0 up',
    'sysctl -w net.ipv4.conf.wg0.forwarding=1',
    'sysctl -w net.ipv6.conf.wg0.force_forwarding=1',
    'sysctl -w net.ipv4.conf.all.src_valid_mark=1',
    'ip route add 192.168.7.0/24 dev wg0 proto 87',
    'ip rule add not fwmark 51820 table 51820 protocol 87',
  ])
})

test('a host that is as wanted needs nothing', () => {
  assert.deepEqual(commands(node(wg()), host()), [])
})

test('GC-12: each drift is repaired by what it takes and nothing else', () => {
  const rows = [
    { name: 'link down', given: host({ links: [link({ up: false })] }), want: ['ip link set dev wg0 up'] },
    {
      name: 'mtu changed',
      given: host({ links: [link({ mtuBytes: 1280 })] }),
      want: ['ip link set dev wg0 mtu 1420'],
    },
    {
      name: 'address flushed',
      given: host({ addresses: [] }),
      want: ['ip address add 10.0.0.1/24 dev wg0'],
    },
    {
      name: 'private key replaced',
      given: host({ wireguard: [device({ publicKey: KEY('X') })] }),
      want: ['wg set wg0 private-key ./node.key'],
    },
    {
      name: 'listen port changed',
      given: host({ wireguard: [device({ listenPort: 1 })] }),
      want: ['wg set wg0 listen-port 51820'],
    },
    {
      name: 'peer added by hand',
      given: host({ wireguard: [device({ peers: [seen('B')] })] }),
      want: [`wg set wg0 peer ${B} remove`],
    },
    {
      name: 'mark set by hand',
      given: host({ wireguard: [device({ fwmark: 7 })] }),
      want: ['wg set wg0 fwmark off'],
    },
  ]
  for (const { name, given, want } of rows) assert.deepEqual(commands(node(wg()), given), want, name)
})

test('a userspace link whose process is gone gets a new process and its whole configuration', () => {
  const given = host({ links: [link({ kind: 'tun' })], wireguard: [] })
  assert.deepEqual(commands(node(wg({ peers: [peer('A')] })), given), [
    'warren device wg0 &',
    'wg set wg0 private-key ./node.key listen-port 51820',
    `wg set wg0 peer ${A} allowed-ips 10.0.0.2/32`,
  ])
})

test('a link of ours that nobody wants is deleted, and its routes go with it', () => {
  const routes = [
    {
      destination: '10.9.0.0/24',
      table: 254,
      link: 'wg0',
      gateway: undefined,
      metric: 0,
      protocol: 87,
      type: 1,
    },
  ]
  assert.deepEqual(commands(node(), host({ routes })), ['ip link delete dev wg0'])
})

test('what is not marked as ours is neither changed nor removed', () => {
  const foreign = {
    ...host(),
    links: [link(), link({ name: 'eth0', kind: '', altNames: [] }), link({ name: 'wg9', altNames: [] })],
    routes: [
      {
        destination: '10.9.0.0/24',
        table: 254,
        link: 'wg0',
        gateway: undefined,
        metric: 0,
        protocol: 4,
        type: 1,
      },
    ],
    rules: [{ family: 'inet' as const, priority: 9, table: 9, protocol: 4 }],
  }
  assert.deepEqual(commands(node(wg()), foreign), [])
})

test('an unmarked link that differs is a conflict, with what would be done and how to hand it over', () => {
  const given = host({ links: [link({ altNames: [], up: false })] })
  const { steps, conflicts } = diff({ intent: node(wg()), observed: given, backend: 'kernel' })
  assert.deepEqual(steps, [])
  assert.equal(conflicts[0]?.wouldBe.length, 1)
  assert.match(conflicts[0]?.hint ?? '', /altname warren-wg0/)
})

test('an unmarked link that is as wanted is left as it is: the first diff after an import is empty', () => {
  const given = host({ links: [link({ altNames: [] })] })
  assert.deepEqual(diff({ intent: node(wg()), observed: given, backend: 'kernel' }), {
    steps: [],
    conflicts: [],
    waiting: [],
    adoptions: [],
  })
})

test('a link of another kind under the wanted name is a conflict', () => {
  const given = { ...EMPTY, links: [link({ kind: 'bridge', altNames: [] })] }
  const { steps, conflicts } = diff({ intent: node(wg()), observed: given, backend: 'kernel' })
  assert.deepEqual(steps, [])
  assert.match(conflicts[0]?.message ?? '', /not a WireGuard interface but bridge/)
})

test('a blank WireGuard link is what a crash between making and marking leaves, and is taken', () => {
  const given = {
    ...EMPTY,
    links: [link({ altNames: [], up: false })],
    wireguard: [device({ publicKey: undefined, listenPort: 0 })],
  }
  assert.equal(commands(node(wg()), given)[0], 'ip link property add dev wg0 altname warren-wg0')
})

test('links to be left alone are left alone, and so is whatever nobody wants meanwhile', () => {
  const given = host({ links: [link({ up: false }), link({ name: 'wg1' })], addresses: [] })
  assert.deepEqual(commands(node(wg()), given, { leave: new Set(['wg0']) }), [])
})

test('another backend than the wanted one is replaced only when that is enforced', () => {
  const given = host({
    links: [link({ kind: 'tun' })],
    wireguard: [device({ backend: 'userspace' })],
  })
  assert.deepEqual(commands(node(wg()), given), [])
  assert.deepEqual(commands(node(wg()), given, { enforceBackend: true }).slice(0, 2), [
    'ip link delete dev wg0',
    'ip link add wg0 mtu 1420 type wireguard',
  ])
})

test('addresses of the kernel’s own making stay; others of ours and of anybody’s go from our links', () => {
  const observed = host({
    addresses: [
      { link: 'wg0', local: 'fe80::1', prefixLength: 64, protocol: 0, scope: 253 },
      { link: 'wg0', local: 'fe80::2', prefixLength: 64, protocol: 3, scope: 253 },
      { link: 'wg0', local: 'fe80::3', prefixLength: 64, protocol: 87, scope: 253 },
      { link: 'wg0', local: '10.0.0.9', prefixLength: 24, protocol: 0, scope: 0 },
      { link: 'wg0', local: '10.0.0.1', prefixLength: 16, protocol: 0, scope: 0 },
      { link: 'eth0', local: '10.0.0.8', prefixLength: 24, protocol: 0, scope: 0 },
    ],
  })
  assert.deepEqual(commands(node(wg()), observed), [
    'ip address delete 10.0.0.1/16 dev wg0',
    'ip address delete 10.0.0.9/24 dev wg0',
    'ip address delete fe80::3/64 dev wg0',
    'ip address add 10.0.0.1/24 dev wg0',
  ])
})

test('a stale route and a stale rule of ours go; an equal route of somebody else’s satisfies us', () => {
  const route = (destination: string, protocol: number) => ({
    destination,
    table: 254,
    link: 'wg0',
    gateway: undefined,
    metric: 0,
    protocol,
    type: 1,
  })
  const observed = host({
    routes: [route('10.8.0.0/24', 3), route('10.9.0.0/24', 87)],
    rules: [
      { family: 'inet', priority: 5, table: 7, protocol: 87 },
      { family: 'inet', priority: 6, table: 7, protocol: 87 },
    ],
  })
  const intent = wg({
    routes: [{ destination: '10.8.0.0/24', table: 254 }],
    rules: [{ family: 'inet', table: 7 }],
  })
  assert.deepEqual(commands(node(intent), observed), [
    'ip rule delete table 7 priority 6 protocol 87',
    'ip route delete 10.9.0.0/24 dev wg0 proto 87',
  ])
})

test('a userspace device is started with its mark, and anew when the mark is another', () => {
  const marked = wg({ fwmark: 51820 })
  const given = host({ links: [link({ kind: 'tun' })], wireguard: [device({ backend: 'userspace' })] })
  const steps = commands(node(marked), given, { backend: 'userspace' })
  assert.equal(steps[0], 'ip link delete dev wg0')
  assert.equal(steps[1], 'warren device wg0 --mtu 1420 --fwmark 51820 &')
})

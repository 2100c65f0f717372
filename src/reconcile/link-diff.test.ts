/** diff() over links that are not WireGuard, in one namespace, compared as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkIntent, ObservedHost, ObservedLink } from '../model/index.ts'
import { diff } from './diff.ts'
import { commands, EMPTY, link, node, nodeWith, wantedLink, wg } from './samples.ts'

const seen = (kind: string, name: string, change: Partial<ObservedLink> = {}): ObservedLink =>
  link({ kind, name, mtuBytes: 1500, ...change })

const having = (...links: ObservedLink[]): ObservedHost => ({ ...EMPTY, links })

const decide = (observed: ObservedHost, ...links: LinkIntent[]) =>
  diff({ intent: nodeWith(...links), observed, backend: 'kernel' })

const lines = (observed: ObservedHost, ...links: LinkIntent[]): string[] =>
  commands(nodeWith(...links), observed)

test('GC-09: a link of each kind is made, marked, given all its fields, and brought up', () => {
  const observed = having(seen('', 'eth0', { altNames: [] }))
  const made = (intent: LinkIntent): string | undefined => lines(observed, intent)[0]
  const rows: readonly (readonly [LinkIntent, string])[] = [
    [wantedLink('dummy', 'd0', { mtuBytes: 1400 }), 'ip link add d0 mtu 1400 type dummy'],
    [
      wantedLink('bridge', 'br0', { settings: { stp: true, forwardDelay: 4, vlanFiltering: true } }),
      'ip link add br0 type bridge forward_delay 400 stp_state 1 vlan_filtering 1',
    ],
    [
      wantedLink('vxlan', 'vx0', {
        settings: { id: 7, link: 'eth0', group: '239.1.1.1', port: 4789, learning: false },
      }),
      'ip link add vx0 mtu 1450 type vxlan id 7 dev eth0 dstport 4789 group 239.1.1.1 nolearning',
    ],
    [
      wantedLink('vlan', 'vl0', { settings: { link: 'eth0', id: 5, protocol: '802.1ad' } }),
      'ip link add link eth0 vl0 mtu 1500 type vlan protocol 802.1ad id 5',
    ],
    [wantedLink('vrf', 'blue', { settings: { table: 10 } }), 'ip link add blue type vrf table 10'],
    [
      wantedLink('macvlan', 'mv0', {
        settings: { link: 'eth0', mode: 'bridge' },
        hardwareAddress: '02:00:00:00:00:01',
      }),
      'ip link add link eth0 mv0 mtu 1500 address 02:00:00:00:00:01 type macvlan mode bridge',
    ],
    [
      wantedLink('gre', 'gre0', {
        settings: { local: '10.0.0.1', remote: '10.0.0.2', outputKey: 9, inputKey: 9, link: 'eth0' },
      }),
      'ip link add gre0 mtu 1472 type gre local 10.0.0.1 remote 10.0.0.2 dev eth0 ikey 9 okey 9',
    ],
    [
      wantedLink('ip6tnl', 't6', {
        settings: { local: 'fd00::1', remote: 'fd00::2', ttl: 64, link: 'eth0' },
      }),
      'ip link add t6 mtu 1452 type ip6tnl local fd00::1 remote fd00::2 dev eth0 hoplimit 64',
    ],
  ]
  for (const [intent, want] of rows) assert.equal(made(intent), want)
  assert.deepEqual(
    lines(EMPTY, wantedLink('dummy', 'd0', { addresses: [{ local: '10.2.3.1', prefixLength: 24 }] })),
    [
      'ip link add d0 type dummy',
      'ip link property add dev d0 altname warren-d0',
      'ip address add 10.2.3.1/24 dev d0',
      'ip link set dev d0 up',
    ],
  )
})

test('GC-09: `up: false`, an MTU, a hardware address and addresses are set exactly', () => {
  const d0 = wantedLink('dummy', 'd0', {
    up: false,
    mtuBytes: 1400,
    hardwareAddress: '02:00:00:00:00:01',
    addresses: [{ local: '10.2.3.1', prefixLength: 24 }],
  })
  const observed: ObservedHost = {
    ...having(seen('dummy', 'd0', { hardwareAddress: '02:00:00:00:00:02' })),
    addresses: [
      { link: 'd0', local: '10.9.9.9', prefixLength: 24, protocol: 0, scope: 0 },
      { link: 'd0', local: 'fe80::1', prefixLength: 64, protocol: 3, scope: 253 },
      { link: 'd0', local: '2001:db8::5', prefixLength: 64, protocol: 0, scope: 0, dynamic: true },
    ],
  }
  assert.deepEqual(lines(observed, d0), [
    'ip address delete 10.9.9.9/24 dev d0',
    'ip link set dev d0 down',
    'ip link set dev d0 mtu 1400 address 02:00:00:00:00:01',
    'ip address add 10.2.3.1/24 dev d0',
  ])
})

test('GC-10: ports of a bridge are exact, a missing one is reported, and the rest is applied', () => {
  const br0 = wantedLink('bridge', 'br0', { ports: ['eth1', 'eth2', 'gone'] })
  const observed = having(
    seen('bridge', 'br0', { up: false }),
    seen('', 'eth1', { altNames: [] }),
    seen('', 'eth2', { altNames: [], master: 'bond0' }),
    seen('', 'eth3', { altNames: [], master: 'br0' }),
    seen('bond', 'bond0', { altNames: [] }),
  )
  assert.deepEqual(lines(observed, br0), [
    'ip link set dev eth3 nomaster',
    'ip link set dev eth1 master br0',
    'ip link set dev br0 up',
  ])
  const { waiting } = decide(observed, br0)
  assert.deepEqual(
    waiting.map(({ link, reason, message }) => ({ link, reason, message })),
    [
      {
        link: 'br0',
        reason: 'PortMissing',
        message: 'Of the ports of br0, eth2 is a port of bond0 already, gone is not there',
      },
    ],
  )
})

test('GC-10: a port of ours joins as soon as it is made, whether the bridge lists it or it names the bridge', () => {
  const links = [
    wantedLink('bridge', 'br0', { ports: ['a'] }),
    wantedLink('dummy', 'a'),
    wantedLink('dummy', 'b', { master: 'br0' }),
  ]
  const joins = lines(EMPTY, ...links).filter((line) => line.includes('master'))
  assert.deepEqual(joins, ['ip link set dev a master br0', 'ip link set dev b master br0'])
  const done = having(
    seen('bridge', 'br0'),
    seen('dummy', 'a', { master: 'br0' }),
    seen('dummy', 'b', { master: 'br0' }),
  )
  assert.deepEqual(lines(done, ...links), [])
})

test('a link of ours is a port of nothing that it was not told to be', () => {
  const observed = having(
    seen('dummy', 'd0', { master: 'docker0' }),
    seen('bridge', 'docker0', { altNames: [] }),
  )
  assert.deepEqual(lines(observed, wantedLink('dummy', 'd0')), ['ip link set dev d0 nomaster'])
  assert.deepEqual(lines(observed, wantedLink('dummy', 'd0', { master: 'docker0' })), [])
  const [waiting] = decide(observed, wantedLink('dummy', 'd0', { master: 'br9' })).waiting
  assert.equal(waiting?.reason, 'MasterMissing')
})

test('what the kernel can change is changed, and only what is asked for is compared', () => {
  const vx0 = (settings: LinkIntent['settings']) =>
    wantedLink('vxlan', 'vx0', { settings: { id: 7, port: 4789, ...settings } })
  const observed = having(
    seen('vxlan', 'vx0', { settings: { id: 7, port: 4789, learning: true, ageing: 300, group: '10.0.0.2' } }),
  )
  assert.deepEqual(lines(observed, vx0({})), [])
  assert.deepEqual(lines(observed, vx0({ learning: false, group: '10.0.0.3' })), [
    'ip link set dev vx0 type vxlan remote 10.0.0.3 nolearning',
  ])
  assert.deepEqual(lines(observed, vx0({ proxy: false })), [])
})

test('a tunnel is told everything again, because a change resets what it leaves out', () => {
  const settings = { local: '10.0.0.1', remote: '10.0.0.2', ttl: 64, tos: 0 }
  const observed = having(seen('gre', 'gre0', { settings, mtuBytes: 1476 }))
  const gre0 = wantedLink('gre', 'gre0', { settings: { remote: '10.0.0.3' } })
  assert.deepEqual(lines(observed, gre0), [
    'ip link set dev gre0 type gre local 10.0.0.1 remote 10.0.0.3 ttl 64 tos 0x0',
  ])
})

test('what the kernel cannot change waits for consent; everything else is applied meanwhile', () => {
  const wanted = (replacePolicy: LinkIntent['replacePolicy']) =>
    wantedLink('vxlan', 'vx0', { settings: { id: 8, port: 4789, learning: false }, replacePolicy })
  const observed = having(seen('vxlan', 'vx0', { settings: { id: 7, port: 4789, learning: true } }))
  assert.deepEqual(lines(observed, wanted('Never')), ['ip link set dev vx0 type vxlan nolearning'])
  const [waiting] = decide(observed, wanted('Never')).waiting
  assert.equal(waiting?.reason, 'ReplaceNeeded')
  assert.match(waiting.message, /cannot change id of a vxlan/)
  assert.match(waiting.hint, /DeleteAndCreate/)
  assert.deepEqual(lines(observed, wanted('DeleteAndCreate')).slice(0, 2), [
    'ip link delete dev vx0',
    'ip link add vx0 type vxlan id 8 dstport 4789 nolearning',
  ])
})

test('another kind under our mark waits for consent too, and a link that is not ours is a conflict', () => {
  const wanted = (replacePolicy: LinkIntent['replacePolicy']) => wantedLink('bridge', 'x0', { replacePolicy })
  const ours = having(seen('dummy', 'x0'))
  assert.deepEqual(lines(ours, wanted('Never')), [])
  assert.equal(decide(ours, wanted('Never')).waiting[0]?.reason, 'ReplaceNeeded')
  assert.deepEqual(lines(ours, wanted('DeleteAndCreate')).slice(0, 2), [
    'ip link delete dev x0',
    'ip link add x0 type bridge',
  ])
  const theirs = having(seen('dummy', 'x0', { altNames: [] }))
  assert.deepEqual(lines(theirs, wanted('DeleteAndCreate')), [])
  assert.match(decide(theirs, wanted('Never')).conflicts[0]?.message ?? '', /not a bridge but dummy/)
})

test('what is made anew takes its dependants down first and brings them back in the same pass', () => {
  const links = [
    wantedLink('dummy', 'x0'),
    wantedLink('vlan', 'vl0', { settings: { link: 'x0', id: 5 } }),
    wantedLink('macvlan', 'mv0', { settings: { link: 'vl0', mode: 'bridge' } }),
  ].map((l): LinkIntent => ({ ...l, replacePolicy: 'DeleteAndCreate' }))
  const observed = having(
    seen('bridge', 'x0'),
    seen('vlan', 'vl0', { settings: { link: 'x0', id: 5 } }),
    seen('macvlan', 'mv0', { settings: { link: 'vl0', mode: 'bridge' } }),
  )
  const text = lines(observed, ...links)
  assert.deepEqual(
    text.slice(0, 3),
    ['mv0', 'vl0', 'x0'].map((name) => `ip link delete dev ${name}`),
  )
  assert.deepEqual(
    text
      .filter((line) => line.includes(' add ') && line.includes('type'))
      .map((line) => line.split(' type ')[1]),
    ['dummy', 'vlan id 5', 'macvlan mode bridge'],
  )
})

test('a link is not made anew under one that is somebody else’s', () => {
  const observed = having(
    seen('bridge', 'x0'),
    seen('vlan', 'theirs', { altNames: [], settings: { link: 'x0', id: 9 } }),
  )
  const x0 = wantedLink('dummy', 'x0', { replacePolicy: 'DeleteAndCreate' })
  assert.deepEqual(lines(observed, x0), [])
  assert.match(decide(observed, x0).waiting[0]?.message ?? '', /theirs on it would go with it/)
})

test('GC-12: a link that was renamed gets its name back; one that nobody wants goes, whatever it is called', () => {
  const renamed = having(seen('dummy', 'other', { altNames: ['warren-d0'] }))
  assert.deepEqual(lines(renamed, wantedLink('dummy', 'd0')), [
    'ip link set dev other down',
    'ip link set dev other name d0',
    'ip link set dev d0 up',
  ])
  assert.deepEqual(lines(renamed), ['ip link delete dev other'])
  const taken = having(...renamed.links, seen('', 'd0', { altNames: [] }))
  assert.deepEqual(lines(taken, wantedLink('dummy', 'd0')), [])
  assert.equal(decide(taken, wantedLink('dummy', 'd0')).conflicts.length, 1)
})

test('stale links go dependants first, before anything is made', () => {
  const observed = having(
    seen('dummy', 'a'),
    seen('vlan', 'b', { settings: { link: 'a', id: 1 } }),
    seen('vxlan', 'c', { settings: { link: 'b', id: 1 } }),
  )
  assert.deepEqual(lines(observed, wantedLink('dummy', 'z')).slice(0, 4), [
    'ip link delete dev c',
    'ip link delete dev b',
    'ip link delete dev a',
    'ip link add z type dummy',
  ])
})

test('a link waits for the one below it, and so does what is on top of it', () => {
  const links = [
    wantedLink('vlan', 'vl0', { settings: { link: 'eth9', id: 5 } }),
    wantedLink('macvlan', 'mv0', { settings: { link: 'vl0', mode: 'bridge' } }),
    wantedLink('dummy', 'd0'),
  ]
  const { waiting } = decide(EMPTY, ...links)
  assert.deepEqual(
    waiting.map(({ link, reason }) => `${link} ${reason}`),
    ['vl0 ParentMissing', 'mv0 ParentMissing'],
  )
  assert.match(waiting[0]?.message ?? '', /vl0 is to be on top of eth9, which is not there/)
  assert.equal(lines(EMPTY, ...links)[0], 'ip link add d0 type dummy')
})

test('links that stand on each other wait, and nothing hangs', () => {
  const a = wantedLink('macvlan', 'a', { settings: { link: 'b' } })
  const b = wantedLink('macvlan', 'b', { settings: { link: 'a' } })
  assert.deepEqual(lines(EMPTY, a, b), [])
  assert.equal(decide(EMPTY, a, b).waiting.length, 2)
})

test('a VLAN is not brought up while the link below it is down', () => {
  const observed = having(
    seen('', 'eth0', { altNames: [], up: false }),
    seen('vlan', 'vl0', { up: false, settings: { link: 'eth0', id: 5 } }),
  )
  const vl0 = wantedLink('vlan', 'vl0', { settings: { link: 'eth0', id: 5 } })
  assert.deepEqual(lines(observed, vl0), [])
  assert.match(decide(observed, vl0).waiting[0]?.message ?? '', /cannot be up while eth0 is down/)
})

test('`adopt` takes over a link of the right kind: as it is when it matches, otherwise settled', () => {
  const d0 = wantedLink('dummy', 'd0', { adopt: true })
  const theirs = (up: boolean) => ({
    ...having(seen('dummy', 'd0', { altNames: [], up })),
    addresses: [address('10.1.1.1')],
  })
  const address = (local: string) => ({ link: 'd0', local, prefixLength: 24, protocol: 0, scope: 0 })
  const same = wantedLink('dummy', 'd0', {
    adopt: true,
    addresses: [{ local: '10.1.1.1', prefixLength: 24 }],
  })
  const adopted = decide(theirs(true), same)
  assert.deepEqual(adopted.steps, [])
  assert.deepEqual(adopted.adoptions, [{ kind: 'link-mark', link: 'd0' }])
  assert.deepEqual(lines(theirs(true), d0), [
    'ip link property add dev d0 altname warren-d0',
    'ip address delete 10.1.1.1/24 dev d0',
  ])
  const refused = decide(theirs(true), { ...d0, adopt: false })
  assert.deepEqual(refused.steps, [])
  assert.match(refused.conflicts[0]?.hint ?? '', /altname warren-d0/)
  const wrong = having(seen('bridge', 'd0', { altNames: [] }))
  assert.equal(decide(wrong, d0).conflicts.length, 1)
})

test('an interface of WireGuard that matches is adopted without a change', () => {
  const wanted = wg({ adopt: true, addresses: [] })
  const observed: ObservedHost = {
    ...having(link({ altNames: [] })),
    wireguard: [
      {
        link: 'wg0',
        backend: 'kernel',
        publicKey: wanted.publicKey,
        listenPort: 51820,
        fwmark: 0,
        peers: [],
      },
    ],
  }
  const { steps, adoptions } = diff({ intent: node(wanted), observed, backend: 'kernel' })
  assert.deepEqual(steps, [])
  assert.deepEqual(adoptions, [{ kind: 'link-mark', link: 'wg0' }])
})

test('what a crash left between making and marking is taken', () => {
  const blank = having(seen('bridge', 'br0', { altNames: [], up: false, settings: { stp: false } }))
  const br0 = wantedLink('bridge', 'br0', { settings: { stp: false } })
  assert.deepEqual(lines(blank, br0), [
    'ip link property add dev br0 altname warren-br0',
    'ip link set dev br0 up',
  ])
})

test('permanent forwarding entries are exact; learned ones and the one of `remote` are left alone', () => {
  const vx0 = wantedLink('vxlan', 'vx0', {
    settings: { id: 7, group: '10.0.0.2' },
    forwarding: [{ hardwareAddress: '00:00:00:00:00:00', destination: '10.0.0.3' }],
  })
  const entry = (hardwareAddress: string, destination: string, learned = false) => ({
    ...{ link: 'vx0', hardwareAddress, destination, learned },
  })
  const observed: ObservedHost = {
    ...having(seen('vxlan', 'vx0', { settings: { id: 7, group: '10.0.0.2' } })),
    forwarding: [
      entry('00:00:00:00:00:00', '10.0.0.2'),
      entry('02:00:00:00:00:01', '10.0.0.2', true),
      entry('02:00:00:00:00:02', '10.0.0.9'),
    ],
  }
  assert.deepEqual(lines(observed, vx0), [
    'bridge fdb delete 02:00:00:00:00:02 dev vx0 dst 10.0.0.9 self permanent',
    'bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.3 self permanent',
  ])
  assert.deepEqual(lines(observed, { ...vx0, forwarding: undefined }), [])
})

test('routes: those without a gateway first, and another MTU on ours is a change', () => {
  const routes = [
    { destination: '10.5.0.0/16', table: 254, gateway: '10.2.3.9', metric: 10, mtuBytes: 1400 },
    { destination: '10.6.0.0/16', table: 254 },
  ]
  const d0 = wantedLink('dummy', 'd0', { routes })
  const observed = having(seen('dummy', 'd0'))
  assert.deepEqual(lines(observed, d0), [
    'ip route add 10.6.0.0/16 dev d0 proto 87',
    'ip route add 10.5.0.0/16 via 10.2.3.9 dev d0 proto 87 metric 10 mtu 1400',
  ])
  const have = (mtuBytes: number, protocol = 87) => ({
    ...observed,
    routes: routes
      .map((r) => ({ metric: 0, gateway: undefined, ...r, link: 'd0', protocol, type: 1 }))
      .map((r) => (r.gateway === undefined ? r : { ...r, mtuBytes })),
  })
  assert.deepEqual(lines(have(1400), d0), [])
  assert.deepEqual(lines(have(1300), d0), [
    'ip route delete 10.5.0.0/16 via 10.2.3.9 dev d0 proto 87 metric 10',
    'ip route add 10.5.0.0/16 via 10.2.3.9 dev d0 proto 87 metric 10 mtu 1400',
  ])
  assert.deepEqual(lines(have(1300, 4), d0), [])
})

test('an MTU that is not given follows the link below, less what each packet costs', () => {
  const costs: readonly (readonly [LinkIntent['kind'], LinkIntent['settings'], number])[] = [
    ['vxlan', { group: '10.0.0.2' }, 50],
    ['vxlan', { group: 'fd00::2' }, 70],
    ['vlan', {}, 0],
    ['macvlan', {}, 0],
    ['ipip', {}, 20],
    ['gre', {}, 24],
    ['gre', { outputKey: 1 }, 28],
    ['gretap', {}, 38],
    ['ip6tnl', {}, 48],
    ['ip6gre', {}, 52],
    ['ip6gretap', {}, 66],
  ]
  for (const [kind, rest, cost] of costs) {
    const settings = { link: 'eth0', ...rest }
    const observed = having(
      seen('', 'eth0', { altNames: [], mtuBytes: 1400 }),
      seen(kind, 'x0', { settings }),
    )
    assert.deepEqual(lines(observed, wantedLink(kind, 'x0', { settings })), [
      `ip link set dev x0 mtu ${1400 - cost}`,
    ])
  }
})

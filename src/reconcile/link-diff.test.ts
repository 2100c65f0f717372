/** diff() over links that are not WireGuard, in one namespace, compared as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkIntent, ObservedHost } from '../model/index.ts'
import { diff } from './diff.ts'
import {
  EMPTY,
  having,
  linesFor as lines,
  link,
  node,
  nodeWith,
  seenLink as see,
  wantedLink,
  wg,
} from './samples.ts'

const decide = (observed: ObservedHost, ...links: LinkIntent[]) =>
  diff({ intent: nodeWith(...links), observed, backend: 'kernel' })

test('GC-09: a link of each kind is made, marked, given all its fields, and brought up', () => {
  const observed = having(see('', 'eth0', { altNames: [] }))
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
    ...having(see('dummy', 'd0', { hardwareAddress: '02:00:00:00:00:02' })),
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
    see('bridge', 'br0', { up: false }),
    see('', 'eth1', { altNames: [] }),
    see('', 'eth2', { altNames: [], master: 'bond0' }),
    see('', 'eth3', { altNames: [], master: 'br0' }),
    see('bond', 'bond0', { altNames: [] }),
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
    see('bridge', 'br0'),
    see('dummy', 'a', { master: 'br0' }),
    see('dummy', 'b', { master: 'br0' }),
  )
  assert.deepEqual(lines(done, ...links), [])
})

test('a link of ours is a port of nothing that it was not told to be', () => {
  const observed = having(
    see('dummy', 'd0', { master: 'docker0' }),
    see('bridge', 'docker0', { altNames: [] }),
  )
  assert.deepEqual(lines(observed, wantedLink('dummy', 'd0')), ['ip link set dev d0 nomaster'])
  assert.deepEqual(lines(observed, wantedLink('dummy', 'd0', { master: 'docker0' })), [])
  const [waiting] = decide(observed, wantedLink('dummy', 'd0', { master: 'br9' })).waiting
  assert.equal(waiting?.reason, 'MasterMissing')
})

test('another kind under our mark waits for consent too, and a link that is not ours is a conflict', () => {
  const wanted = (replacePolicy: LinkIntent['replacePolicy']) => wantedLink('bridge', 'x0', { replacePolicy })
  const ours = having(see('dummy', 'x0'))
  assert.deepEqual(lines(ours, wanted('Never')), [])
  assert.equal(decide(ours, wanted('Never')).waiting[0]?.reason, 'ReplaceNeeded')
  assert.deepEqual(lines(ours, wanted('DeleteAndCreate')).slice(0, 2), [
    'ip link delete dev x0',
    'ip link add x0 type bridge',
  ])
  const theirs = having(see('dummy', 'x0', { altNames: [] }))
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
    see('bridge', 'x0'),
    see('vlan', 'vl0', { settings: { link: 'x0', id: 5 } }),
    see('macvlan', 'mv0', { settings: { link: 'vl0', mode: 'bridge' } }),
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
    see('bridge', 'x0'),
    see('vlan', 'theirs', { altNames: [], settings: { link: 'x0', id: 9 } }),
  )
  const x0 = wantedLink('dummy', 'x0', { replacePolicy: 'DeleteAndCreate' })
  assert.deepEqual(lines(observed, x0), [])
  assert.match(decide(observed, x0).waiting[0]?.message ?? '', /theirs on it would go with it/)
})

test('GC-12: a link that was renamed gets its name back; one that nobody wants goes, whatever it is called', () => {
  const renamed = having(see('dummy', 'other', { altNames: ['warren-d0'] }))
  assert.deepEqual(lines(renamed, wantedLink('dummy', 'd0')), [
    'ip link set dev other down',
    'ip link set dev other name d0',
    'ip link set dev d0 up',
  ])
  assert.deepEqual(lines(renamed), ['ip link delete dev other'])
  const taken = having(...renamed.links, see('', 'd0', { altNames: [] }))
  assert.deepEqual(lines(taken, wantedLink('dummy', 'd0')), [])
  assert.equal(decide(taken, wantedLink('dummy', 'd0')).conflicts.length, 1)
})

test('stale links go dependants first, before anything is made', () => {
  const observed = having(
    see('dummy', 'a'),
    see('vlan', 'b', { settings: { link: 'a', id: 1 } }),
    see('vxlan', 'c', { settings: { link: 'b', id: 1 } }),
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
    see('', 'eth0', { altNames: [], up: false }),
    see('vlan', 'vl0', { up: false, settings: { link: 'eth0', id: 5 } }),
  )
  const vl0 = wantedLink('vlan', 'vl0', { settings: { link: 'eth0', id: 5 } })
  assert.deepEqual(lines(observed, vl0), [])
  assert.match(decide(observed, vl0).waiting[0]?.message ?? '', /cannot be up while eth0 is down/)
})

test('`adopt` takes over a link of the right kind: as it is when it matches, otherwise settled', () => {
  const d0 = wantedLink('dummy', 'd0', { adopt: true })
  const theirs = (up: boolean) => ({
    ...having(see('dummy', 'd0', { altNames: [], up })),
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
  const wrong = having(see('bridge', 'd0', { altNames: [] }))
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
  const blank = having(see('bridge', 'br0', { altNames: [], up: false, settings: { stp: false } }))
  const br0 = wantedLink('bridge', 'br0', { settings: { stp: false } })
  assert.deepEqual(lines(blank, br0), [
    'ip link property add dev br0 altname warren-br0',
    'ip link set dev br0 up',
  ])
})

test('a bridge of somebody else’s that is down is not blank while it has a port', () => {
  const observed = having(
    see('bridge', 'br0', { altNames: [], up: false, settings: { stp: false } }),
    see('dummy', 'theirs', { altNames: [], master: 'br0' }),
  )
  const br0 = wantedLink('bridge', 'br0', { settings: { stp: false }, ports: [] })
  const { steps, conflicts } = diff({ intent: nodeWith(br0), observed, backend: 'kernel' })
  assert.deepEqual(steps, [])
  assert.deepEqual(
    conflicts.map((c) => c.link),
    ['br0'],
  )
})

/** What is on a link: settings, forwarding entries, routes and the MTU, compared as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkIntent, ObservedHost } from '../model/index.ts'
import { diff } from './diff.ts'
import { having, linesFor as lines, nodeWith, seenLink as see, wantedLink } from './samples.ts'

const decide = (observed: ObservedHost, ...links: LinkIntent[]) =>
  diff({ intent: nodeWith(...links), observed, backend: 'kernel' })

test('what the kernel can change is changed, and only what is asked for is compared', () => {
  const vx0 = (settings: LinkIntent['settings']) =>
    wantedLink('vxlan', 'vx0', { settings: { id: 7, port: 4789, ...settings } })
  const observed = having(
    see('vxlan', 'vx0', { settings: { id: 7, port: 4789, learning: true, ageing: 300, group: '10.0.0.2' } }),
  )
  assert.deepEqual(lines(observed, vx0({})), [])
  assert.deepEqual(lines(observed, vx0({ learning: false, group: '10.0.0.3' })), [
    'ip link set dev vx0 type vxlan remote 10.0.0.3 nolearning',
  ])
  assert.deepEqual(lines(observed, vx0({ proxy: false })), [])
})

test('a tunnel is told everything again, because a change resets what it leaves out', () => {
  const settings = { local: '10.0.0.1', remote: '10.0.0.2', ttl: 64, tos: 0 }
  const observed = having(see('gre', 'gre0', { settings, mtuBytes: 1476 }))
  const gre0 = wantedLink('gre', 'gre0', { settings: { remote: '10.0.0.3' } })
  assert.deepEqual(lines(observed, gre0), [
    'ip link set dev gre0 type gre local 10.0.0.1 remote 10.0.0.3 ttl 64 tos 0x0',
  ])
})

test('what the kernel cannot change waits for consent; everything else is applied meanwhile', () => {
  const wanted = (replacePolicy: LinkIntent['replacePolicy']) =>
    wantedLink('vxlan', 'vx0', { settings: { id: 8, port: 4789, learning: false }, replacePolicy })
  const observed = having(see('vxlan', 'vx0', { settings: { id: 7, port: 4789, learning: true } }))
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

test('permanent forwarding entries are exact; learned ones and the one of `remote` are left alone', () => {
  const vx0 = wantedLink('vxlan', 'vx0', {
    settings: { id: 7, group: '10.0.0.2' },
    forwarding: [{ hardwareAddress: '00:00:00:00:00:00', destination: '10.0.0.3' }],
  })
  const entry = (hardwareAddress: string, destination: string, learned = false) => ({
    ...{ link: 'vx0', hardwareAddress, destination, learned },
  })
  const observed: ObservedHost = {
    ...having(see('vxlan', 'vx0', { settings: { id: 7, group: '10.0.0.2' } })),
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
  const observed = having(see('dummy', 'd0'))
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

test('an MTU follows a link of ours up and down, and one that is not ours only down', () => {
  const vx0 = wantedLink('vxlan', 'vx0', { settings: { link: 'p0' } })
  const given = (below: number, own: number, altNames: string[]) =>
    having(
      see('dummy', 'p0', { mtuBytes: below, altNames }),
      see('vxlan', 'vx0', { mtuBytes: own, settings: { link: 'p0' } }),
    )
  const p0 = wantedLink('dummy', 'p0')
  assert.deepEqual(lines(given(1500, 1400, ['warren-p0']), p0, vx0), ['ip link set dev vx0 mtu 1450'])
  assert.deepEqual(lines(given(1500, 1400, []), vx0), [])
  assert.deepEqual(lines(given(1400, 1450, []), vx0), ['ip link set dev vx0 mtu 1350'])
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
    const observed = having(see('', 'eth0', { altNames: [], mtuBytes: 1400 }), see(kind, 'x0', { settings }))
    assert.deepEqual(lines(observed, wantedLink(kind, 'x0', { settings })), [
      `ip link set dev x0 mtu ${1400 - cost}`,
    ])
  }
})

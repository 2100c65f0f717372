/** What runs → objects that ask for nothing else, and a list of what cannot be declared. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedHost, ObservedLink, ObservedNamespace, WarrenObject } from '../../model/index.ts'
import { validateObject } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { diff } from '../../reconcile/index.ts'
import { readLiveLinks, type LiveFacts } from './live-links.ts'
import { objectsOf } from './objects-of-draft.ts'

const NOTHING: ObservedNamespace = {
  ...{ links: [], addresses: [], routes: [], rules: [], wireguard: [], forwarding: [], sysctls: {} },
}
const FACTS: LiveFacts = { addressSet: new Set(), endsElsewhere: new Map() }

const link = (index: number, name: string, kind: string, more: Partial<ObservedLink> = {}): ObservedLink => ({
  ...{ index, name, kind, up: true, mtuBytes: 1500, altNames: [], operState: 'up', flags: [], settings: {} },
  ...more,
})

const hostOf = (part: Partial<ObservedNamespace>): ObservedHost => ({ ...NOTHING, ...part, containers: {} })

interface WithSpec {
  readonly spec: Readonly<Record<string, unknown>>
}

function imported(host: ObservedHost, facts: LiveFacts = FACTS) {
  const { objects, leftOut } = objectsOf(readLiveLinks(host, facts), 'host')
  const specs = (objects as readonly WithSpec[]).map(({ spec }) =>
    Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'node' && key !== 'adopt')),
  )
  return { objects, specs, left: leftOut.map(({ what }) => what) }
}

/** What an agent would change on the same host. */
function stepsFor(host: ObservedHost, objects: readonly object[]): readonly unknown[] {
  const parsed: WarrenObject[] = objects.flatMap((object) => [
    ...validateObject(object, { file: 'x' }).objects,
  ])
  const { intents, problems } = plan(parsed, { networks: {} })
  assert.deepEqual(problems, [])
  const intent = intents.get('host') ?? { node: 'host', interfaces: [], links: [] }
  const { steps, conflicts, waiting } = diff({ intent, observed: host, backend: 'kernel' })
  return [...steps, ...conflicts, ...waiting]
}

test('settings that are as they always are stay out, and so does what the kernel made itself', () => {
  const host = hostOf({
    links: [
      link(1, 'lo', ''),
      link(2, 'eth0', ''),
      link(3, 'br0', 'bridge', { settings: { stp: false, forwardDelay: 15, priority: 4096 } }),
      link(4, 'vx', 'vxlan', {
        mtuBytes: 1450,
        settings: { id: 7, port: 8472, link: 'eth0', group: '239.1.1.1', learning: true, ageing: 0, ttl: 0 },
      }),
      link(5, 'tunl0', 'ipip', { settings: { local: '0.0.0.0', remote: '0.0.0.0' } }),
      link(6, 't6', 'ip6gretap', {
        mtuBytes: 1400,
        settings: { local: 'fd00::1', remote: 'fd00::2', encapLimit: 4, inputKey: 9, outputKey: 9 },
      }),
    ],
    addresses: [
      { link: 'br0', local: '10.0.0.1', prefixLength: 24, protocol: 0, scope: 0 },
      { link: 'br0', local: 'fe80::1234', prefixLength: 64, protocol: 3, scope: 253 },
      { link: 'br0', local: '10.0.0.77', prefixLength: 24, protocol: 0, scope: 0, dynamic: true },
    ],
    routes: [
      {
        destination: '10.0.0.0/24',
        table: 254,
        link: 'br0',
        gateway: undefined,
        metric: 0,
        protocol: 2,
        type: 1,
      },
      {
        destination: 'fd05::/64',
        table: 254,
        link: 'br0',
        gateway: 'fe80::9',
        metric: 1024,
        protocol: 4,
        type: 1,
      },
      {
        destination: '10.9.0.0/16',
        table: 100,
        link: 'br0',
        gateway: '10.0.0.9',
        metric: 5,
        protocol: 3,
        type: 1,
      },
      {
        destination: '10.8.0.0/16',
        table: 254,
        link: 'br0',
        gateway: '10.0.0.9',
        metric: 0,
        protocol: 186,
        type: 1,
      },
    ],
    forwarding: [
      { link: 'vx', hardwareAddress: '00:00:00:00:00:00', destination: '239.1.1.1', learned: false },
      { link: 'vx', hardwareAddress: '02:00:00:00:00:05', destination: '10.0.0.5', learned: true },
    ],
  })
  const { objects, specs, left } = imported(host, { ...FACTS, addressSet: new Set(['br0']) })
  assert.deepEqual(specs, [
    {
      interfaceName: 'br0',
      type: 'bridge',
      addresses: ['10.0.0.1/24'],
      routes: [
        { to: 'fd05::/64', via: 'fe80::9' },
        { to: '10.9.0.0/16', via: '10.0.0.9', table: 100, metric: 5 },
      ],
      bridge: { priority: 4096 },
    },
    {
      interfaceName: 't6',
      type: 'gre',
      mtu: 1400,
      gre: { ethernet: true, local: 'fd00::1', remote: 'fd00::2', key: 9 },
    },
    {
      interfaceName: 'vx',
      type: 'vxlan',
      mtu: 1450,
      vxlan: { vni: 7, link: 'eth0', group: '239.1.1.1', port: 8472, noAge: true },
    },
  ])
  assert.deepEqual(left, [
    'br0: 10.0.0.77, which expires: whoever renews it goes on doing so',
    'br0: the route to 10.8.0.0/16, which some daemon looks after',
  ])
  assert.deepEqual(stepsFor(host, objects), [])
})

test('hardware in a bridge is listed among its ports, unless a list would put out a port that cannot be declared', () => {
  const bridged = [
    link(2, 'eth0', '', { master: 'br0' }),
    link(3, 'br0', 'bridge'),
    link(4, 'd0', 'dummy', { master: 'br0' }),
  ]
  const whole = imported(hostOf({ links: bridged }))
  assert.deepEqual(whole.specs, [
    { interfaceName: 'br0', type: 'bridge', bridge: { ports: ['d0', 'eth0'] } },
    { interfaceName: 'd0', type: 'dummy', master: 'br0' },
  ])
  assert.deepEqual(whole.left, [])
  assert.deepEqual(stepsFor(hostOf({ links: bridged }), whole.objects), [])
  const inContainer = link(5, 'veth9', 'veth', { master: 'br0', peerIndex: 77 })
  const { specs, left } = imported(hostOf({ links: [...bridged, inContainer] }))
  assert.deepEqual(specs, [
    { interfaceName: 'br0', type: 'bridge' },
    { interfaceName: 'd0', type: 'dummy', master: 'br0' },
  ])
  assert.deepEqual(left, [
    'veth9: its other end is in another network namespace (only namespaces of `ip netns` are looked into)',
    'br0: its port eth0, since some ports of it cannot be declared',
    'br0: its port veth9, since some ports of it cannot be declared',
  ])
})

test('both ends of a veth are one object; one that is in a namespace with a name is found there', () => {
  const pair = [
    link(2, 'v0', 'veth', { peerIndex: 3 }),
    link(3, 'v1', 'veth', { peerIndex: 2, mtuBytes: 1400 }),
  ]
  assert.deepEqual(imported(hostOf({ links: pair })).specs, [
    { interfaceName: 'v0', type: 'veth', veth: { peer: { interfaceName: 'v1', mtu: 1400 } } },
  ])
  const there: ObservedNamespace = {
    ...NOTHING,
    links: [link(2, 'eth0', 'veth', { peerIndex: 9 })],
    addresses: [{ link: 'eth0', local: '10.8.0.2', prefixLength: 24, protocol: 0, scope: 0 }],
  }
  const host = hostOf({ links: [link(9, 'w0', 'veth', { peerIndex: 2 }), link(2, 'eth0', '')] })
  const endsElsewhere = new Map([['w0', { name: 'eth0', namespace: 'web', there }]])
  assert.deepEqual(imported(host, { ...FACTS, endsElsewhere }).specs, [
    {
      interfaceName: 'w0',
      type: 'veth',
      veth: { peer: { interfaceName: 'eth0', addresses: ['10.8.0.2/24'], container: { netns: 'web' } } },
    },
  ])
})

test('links that no object can be are named', () => {
  const links = [
    link(2, 'bond0', 'bond'),
    link(3, 'vx', 'vxlan', { settings: { external: true } }),
    link(4, 'wg0', 'wireguard'),
    link(5, 'd0', 'dummy', { master: 'bond0' }),
  ]
  const { specs, left } = imported(hostOf({ links }))
  assert.deepEqual(specs, [{ interfaceName: 'd0', type: 'dummy' }])
  assert.deepEqual(left, [
    'bond0: links of the kind bond cannot be declared',
    'vx: a vxlan that takes its destination from each packet',
    'd0: it is a port of bond0',
  ])
})

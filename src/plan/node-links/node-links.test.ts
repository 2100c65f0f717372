/** What NetlinkInterfaces become on their nodes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LinkIntent, linkIdOf, NO_ALLOCATIONS, type RouteIntent } from '../../model/index.ts'
import { formatProblems, linksText, objectsOf, planOf, wireGuardText } from '../fixture.ts'
import { plan } from '../plan.ts'

const intentsOf = (text: string): readonly LinkIntent[] => {
  const result = planOf(text)
  assert.deepEqual(formatProblems(result), [])
  return result.intents.get('a')?.links ?? []
}

const routeText = ({ destination, gateway, table, metric, mtuBytes }: RouteIntent): string =>
  [
    destination,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(table === 254 ? [] : [`table ${table}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(mtuBytes === undefined ? [] : [`mtu ${mtuBytes}`]),
  ].join(' ')

/** As one would type it, more or less. */
const format = (one: LinkIntent): string =>
  [
    linkIdOf(one.name, one.container),
    one.kind,
    ...Object.entries(one.settings)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`),
    ...(one.peer === undefined ? [] : [`peer ${linkIdOf(one.peer.name, one.peer.container)}`]),
    ...(one.up ? [] : ['down']),
    ...(one.mtuBytes === undefined ? [] : [`mtu ${one.mtuBytes}`]),
    ...(one.hardwareAddress === undefined ? [] : [`address ${one.hardwareAddress}`]),
    ...(one.master === undefined ? [] : [`master ${one.master}`]),
    ...(one.ports === undefined ? [] : [`ports ${one.ports.join('+')}`]),
    ...(one.forwarding ?? []).map(
      ({ hardwareAddress, destination }) => `fdb ${hardwareAddress}>${destination}`,
    ),
    ...one.addresses.map(({ local, prefixLength, peer }) =>
      peer === undefined ? `${local}/${prefixLength}` : `${local}>${peer}/${prefixLength}`,
    ),
    ...one.routes.map((route) => `route ${routeText(route)}`),
    ...(one.adopt ? ['adopt'] : []),
    ...(one.replacePolicy === 'Never' ? [] : ['replace']),
  ].join(' ')

const made: readonly { name: string; given: string; want: readonly string[] }[] = [
  {
    name: 'a dummy with addresses, its object’s name when none is written',
    given:
      'dummy0: { type: dummy, mtu: 1420, addresses: [10.2.3.0/24, { local: 10.99.3.1, peer: 10.99.4.1/32 }] }',
    want: ['dummy0 dummy mtu 1420 10.2.3.0/24 10.99.3.1>10.99.4.1/32'],
  },
  {
    name: 'a bridge with its ports sorted, times in seconds',
    given:
      'x: { interfaceName: br0, type: bridge, up: false, hardwareAddress: "02:AA:00:00:00:01", bridge: { ports: [v2, v1, v2], stp: true, forwardDelay: 2.5, vlanFiltering: true } }',
    want: [
      'br0 bridge forwardDelay=2.5 stp=true vlanFiltering=true down address 02:aa:00:00:00:01 ports v1+v2',
    ],
  },
  {
    name: 'a bridge without a list leaves its ports to others',
    given: 'br0: { type: bridge }',
    want: ['br0 bridge'],
  },
  {
    name: 'a vxlan, remote in the kernel’s word for it',
    given:
      'vx: { type: vxlan, vxlan: { vni: 142, local: "FD00:0::1", remote: "fd00::2", noAge: true, sourcePortRange: { start: 1, end: 2 }, forwarding: [{ destination: "fd00::3" }, { destination: "fd00::2" }, { hardwareAddress: "02:00:00:00:00:0A", destination: "fd00::2" }] } }',
    want: [
      'vx vxlan ageing=0 group=fd00::2 id=142 learning=true local=fd00::1 port=4789 sourcePortHigh=2 sourcePortLow=1 fdb 00:00:00:00:00:00>fd00::3 fdb 02:00:00:00:00:0a>fd00::2',
    ],
  },
  {
    name: 'a veth is two links, each in its own namespace, up and MTU shared',
    given:
      'v: { type: veth, mtu: 1300, addresses: [10.0.0.1/24], master: br0, veth: { peer: { interfaceName: eth1, addresses: [10.0.0.2/24], routes: [{ to: 0.0.0.0/0, via: 10.0.0.1 }], container: { docker: { name: web } } } } }',
    want: [
      'eth1@docker:web veth peer v mtu 1300 10.0.0.2/24 route 0.0.0.0/0 via 10.0.0.1',
      'v veth peer eth1@docker:web mtu 1300 master br0 10.0.0.1/24',
    ],
  },
  {
    name: 'what veth.local says takes the place of what is said above',
    given:
      'v: { type: veth, mtu: 1300, addresses: [10.0.0.1/24], container: { podman: { name: p } }, veth: { local: { interfaceName: host0, addresses: [10.0.0.9/24], container: { netns: blue } } } }',
    want: [
      'host0 veth'.replace('host0', 'host0@netns:/run/netns/blue') +
        ' peer host0-peer@podman:p mtu 1300 10.0.0.9/24',
      'host0-peer@podman:p veth peer host0@netns:/run/netns/blue mtu 1300',
    ],
  },
  {
    name: 'a vlan and a macvlan without an MTU are left to follow what they lie on',
    given: `d: { type: dummy, mtu: 9000 }
      d.5: { type: vlan, vlan: { link: d, id: 5 } }
      m: { type: macvlan, macvlan: { link: d.5 } }
      n: { type: macvlan, macvlan: { link: eth0, mode: private } }`,
    want: [
      'd dummy mtu 9000',
      'd.5 vlan id=5 link=d protocol=802.1Q',
      'm macvlan link=d.5 mode=bridge',
      'n macvlan link=eth0 mode=private',
    ],
  },
  {
    name: 'a vrf, with its port and routes that go to the link first',
    given: `blue: { type: vrf, vrf: { table: 100 } }
      d: { type: dummy, master: blue, addresses: [10.1.0.1/24], routes: [{ to: 10.3.0.0/16, via: 10.2.0.7, table: 100, metric: 5, mtu: 1400 }, { to: 10.2.0.0/24, table: 100 }] }`,
    want: [
      'blue vrf table=100',
      'd dummy master blue 10.1.0.1/24 route 10.2.0.0/24 table 100 route 10.3.0.0/16 via 10.2.0.7 table 100 metric 5 mtu 1400',
    ],
  },
  {
    name: 'tunnels are of the kind that their addresses say',
    given: `t1: { type: ipip, ipip: { local: 192.0.2.1, remote: 192.0.2.2, ttl: 64 } }
      t2: { type: ipip, ipip: { remote: "2001:db8::2" } }
      t3: { type: gre, gre: { local: 192.0.2.1, key: 7 } }
      t4: { type: gre, gre: { remote: 192.0.2.2, ethernet: true, inputKey: 1 } }
      t5: { type: gre, gre: { remote: "2001:db8::2" } }
      t6: { type: gre, gre: { remote: "2001:db8::2", ethernet: true } }`,
    want: [
      't1 ipip local=192.0.2.1 remote=192.0.2.2 ttl=64',
      't2 ip6tnl remote=2001:db8::2',
      't3 gre inputKey=7 local=192.0.2.1 outputKey=7',
      't4 gretap inputKey=1 remote=192.0.2.2',
      't5 ip6gre remote=2001:db8::2',
      't6 ip6gretap remote=2001:db8::2',
    ],
  },
  {
    name: 'adopt and replacePolicy are passed on',
    given: 'd: { type: dummy, adopt: true, replacePolicy: DeleteAndCreate }',
    want: ['d dummy adopt replace'],
  },
  {
    name: 'every way to name a container',
    given: `a1: { type: dummy, container: { containerd: { id: c1 } } }
      a2: { type: dummy, container: { containerd: { id: c1, namespace: k8s.io } } }
      a3: { type: dummy, container: { cri: { id: c2 } } }
      a4: { type: dummy, container: { pod: { name: web } } }
      a5: { type: dummy, container: { pid: 42 } }
      a6: { type: dummy, container: { netns: /var/run/netns/blue } }`,
    want: [
      'a1@containerd:default/c1 dummy',
      'a2@containerd:k8s.io/c1 dummy',
      'a3@cri:c2 dummy',
      'a4@pod:default/web dummy',
      'a5@pid:42 dummy',
      'a6@netns:/run/netns/blue dummy',
    ],
  },
  {
    name: 'one name in several namespaces',
    given: `x: { interfaceName: eth1, type: dummy }
      y: { interfaceName: eth1, type: dummy, container: { pid: 7 } }`,
    want: ['eth1 dummy', 'eth1@pid:7 dummy'],
  },
]

for (const { name, given, want } of made) {
  test(`plan(): ${name}`, () => {
    assert.deepEqual(intentsOf(linksText(given)).map(format), want)
  })
}

test('plan(): a node may have NetlinkInterfaces only', () => {
  const result = plan(objectsOf(linksText('d: { type: dummy }')), NO_ALLOCATIONS)
  assert.deepEqual([...result.intents.keys()], ['a'])
  assert.deepEqual(result.intents.get('a')?.interfaces, [])
})

test('plan(): WireGuardInterface has adopt when it says so', () => {
  const given = wireGuardText('wg1', 'adopt: true').slice(4) + wireGuardText('wg2', '')
  const { intents } = planOf(given)
  assert.deepEqual(
    intents.get('a')?.interfaces.map(({ name, adopt }) => ({ name, adopt })),
    [
      { name: 'wg1', adopt: true },
      { name: 'wg2', adopt: undefined },
    ],
  )
})

test('plan(): WireGuard interfaces may share a name in different namespaces', () => {
  const given =
    wireGuardText('x', '').slice(4) +
    wireGuardText('y', 'container: { pid: 3 }').replace('interfaceName: y', 'interfaceName: x')
  const result = planOf(given)
  assert.deepEqual(formatProblems(result), [])
  assert.deepEqual(
    result.intents.get('a')?.interfaces.map((one) => linkIdOf(one.name, one.container)),
    ['x', 'x@pid:3'],
  )
})

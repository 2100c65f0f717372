/** What each topology gives to each node, as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlan, formatProblems, planOf } from './fixture.ts'

const HOME = `
cidrs: [10.0.0.0/24, "fd00:10::/64"]
topology: HubAndSpoke
hubs: [hub]
interface: { name: wg0, listenPort: 51820 }
nodes:
- { name: hub, endpoint: "hub.example.net:15220", addresses: [10.0.0.1] }
- { name: cloud }
- { name: a1, site: a, localEndpoint: "192.168.1.20:51820" }
- { name: a2, site: a, addresses: [10.0.0.200] }
`

const rows: readonly { name: string; given: string; nodes?: readonly string[]; want: string }[] = [
  {
    name: 'BS-02 a hub has each spoke with its own addresses, and spokes have the hub with the CIDRs',
    given: HOME,
    nodes: ['hub', 'cloud'],
    want: `
hub wg0 port 51820 mtu 1420
  address 10.0.0.1/24
  address fd00:10::1/64
  peer a1 allowed 10.0.0.2/32 fd00:10::2/128
  peer a2 allowed 10.0.0.200/32 fd00:10::c8/128
  peer cloud allowed 10.0.0.3/32 fd00:10::3/128
  forwards inet inet6
cloud wg0 port 51820 mtu 1420
  address 10.0.0.3/24
  address fd00:10::3/64
  peer hub allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:15220 keepalive 25`,
  },
  {
    name: 'GC-03 two nodes of one site have each other directly while that path is alive, and nobody else has an endpoint to them',
    given: HOME,
    nodes: ['a1', 'a2'],
    want: `
a1 wg0 port 51820 mtu 1420
  address 10.0.0.2/24
  address fd00:10::2/64
  peer a2 allowed 10.0.0.200/32 fd00:10::c8/128 keepalive 25 while-alive
  peer hub allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:15220 keepalive 25
a2 wg0 port 51820 mtu 1420
  address 10.0.0.200/24
  address fd00:10::c8/64
  peer a1 allowed 10.0.0.2/32 fd00:10::2/128 endpoint 192.168.1.20:51820 keepalive 25 while-alive
  peer hub allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:15220 keepalive 25`,
  },
  {
    name: 'directPeering None leaves only the hub',
    given: `${HOME}directPeering: None`,
    nodes: ['a2'],
    want: `
a2 wg0 port 51820 mtu 1420
  address 10.0.0.200/24
  address fd00:10::c8/64
  peer hub allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:15220 keepalive 25`,
  },
  {
    name: 'two hubs: the first has the CIDR, the second its own address, and both have every spoke',
    given: `
cidrs: [10.1.0.0/24]
hubs: [one, two]
nodes:
- { name: one, endpoint: 192.0.2.1 }
- { name: two, endpoint: "192.0.2.2:7000", listenPort: 7001 }
- { name: spoke }
`,
    want: `
one wg-net port 51820 mtu 1420
  address 10.1.0.1/24
  peer spoke allowed 10.1.0.2/32
  peer two allowed 10.1.0.3/32 endpoint 192.0.2.2:7000
  forwards inet
spoke wg-net port 51820 mtu 1420
  address 10.1.0.2/24
  peer one allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
  peer two allowed 10.1.0.3/32 endpoint 192.0.2.2:7000 keepalive 25
two wg-net port 7001 mtu 1420
  address 10.1.0.3/24
  peer one allowed 10.1.0.1/32 endpoint 192.0.2.1:51820
  peer spoke allowed 10.1.0.2/32
  forwards inet`,
  },
  {
    name: 'a network behind a spoke goes through the hub, and not to nodes of the same site',
    given: `
cidrs: [10.1.0.0/24]
hubs: [hub]
directPeering: None
nodes:
- { name: hub, endpoint: 192.0.2.1 }
- { name: router, site: b, allowedNetworks: [192.168.7.0/24, "fd77::/64"] }
- { name: mate, site: b }
- { name: other }
`,
    want: `
hub wg-net port 51820 mtu 1420
  address 10.1.0.1/24
  peer mate allowed 10.1.0.2/32
  peer other allowed 10.1.0.3/32
  peer router allowed 10.1.0.4/32 192.168.7.0/24 fd77::/64
  route 192.168.7.0/24 table 254
  route fd77::/64 table 254
  forwards inet inet6
mate wg-net port 51820 mtu 1420
  address 10.1.0.2/24
  peer hub allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
other wg-net port 51820 mtu 1420
  address 10.1.0.3/24
  peer hub allowed 10.1.0.0/24 192.168.7.0/24 fd77::/64 endpoint 192.0.2.1:51820 keepalive 25
  route 192.168.7.0/24 table 254
  route fd77::/64 table 254
router wg-net port 51820 mtu 1420
  address 10.1.0.4/24
  peer hub allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
  forwards inet inet6`,
  },
  {
    name: 'BS-08 a mesh has everyone with everyone who can be called; only callers keep holes open',
    given: `
cidrs: ["fd00::/64"]
nodes:
- { name: a, endpoint: "[2001:db8::1]:51820" }
- { name: b, endpoint: b.example.net }
- { name: c, site: s, localEndpoint: 192.168.0.3 }
- { name: d, site: s }
`,
    want: `
a wg-net port 51820 mtu 1420
  address fd00::1/64
  peer b allowed fd00::2/128 endpoint b.example.net:51820
  peer c allowed fd00::3/128
  peer d allowed fd00::4/128
b wg-net port 51820 mtu 1420
  address fd00::2/64
  peer a allowed fd00::1/128 endpoint [2001:db8::1]:51820
  peer c allowed fd00::3/128
  peer d allowed fd00::4/128
c wg-net port 51820 mtu 1420
  address fd00::3/64
  peer a allowed fd00::1/128 endpoint [2001:db8::1]:51820 keepalive 25
  peer b allowed fd00::2/128 endpoint b.example.net:51820 keepalive 25
  peer d allowed fd00::4/128
d wg-net port 51820 mtu 1420
  address fd00::4/64
  peer a allowed fd00::1/128 endpoint [2001:db8::1]:51820 keepalive 25
  peer b allowed fd00::2/128 endpoint b.example.net:51820 keepalive 25
  peer c allowed fd00::3/128 endpoint 192.168.0.3:51820 keepalive 25`,
  },
  {
    name: 'a relay of a mesh carries what cannot go directly',
    given: `
cidrs: [10.1.0.0/24]
relays: [r]
nodes:
- { name: r, endpoint: 192.0.2.1 }
- { name: x, allowedNetworks: [10.9.0.0/16] }
- { name: y }
- { name: z, endpoint: 192.0.2.9 }
`,
    nodes: ['x', 'y', 'z'],
    want: `
x wg-net port 51820 mtu 1420
  address 10.1.0.2/24
  peer r allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
  peer z allowed 10.1.0.4/32 endpoint 192.0.2.9:51820 keepalive 25
  forwards inet
y wg-net port 51820 mtu 1420
  address 10.1.0.3/24
  peer r allowed 10.1.0.0/24 10.9.0.0/16 endpoint 192.0.2.1:51820 keepalive 25
  peer z allowed 10.1.0.4/32 endpoint 192.0.2.9:51820 keepalive 25
  route 10.9.0.0/16 table 254
z wg-net port 51820 mtu 1420
  address 10.1.0.4/24
  peer r allowed 10.1.0.0/24 endpoint 192.0.2.1:51820
  peer x allowed 10.1.0.2/32 10.9.0.0/16
  peer y allowed 10.1.0.3/32
  route 10.9.0.0/16 table 254`,
  },
  {
    name: 'a default route is made as wg-quick makes it, and only where it is asked for',
    given: `
cidrs: [10.1.0.0/24, "fd00::/64"]
hubs: [hub]
nodes:
- { name: hub, endpoint: 192.0.2.1 }
- { name: plain }
- { name: roamer, defaultRoute: { via: hub } }
`,
    nodes: ['plain', 'roamer'],
    want: `
plain wg-net port 51820 mtu 1420
  address 10.1.0.2/24
  address fd00::2/64
  peer hub allowed 10.1.0.0/24 fd00::/64 endpoint 192.0.2.1:51820 keepalive 25
roamer wg-net port 51820 mtu 1420 fwmark 51820
  address 10.1.0.3/24
  address fd00::3/64
  peer hub allowed 0.0.0.0/0 10.1.0.0/24 ::/0 fd00::/64 endpoint 192.0.2.1:51820 keepalive 25
  route 0.0.0.0/0 table 51820
  route ::/0 table 51820
  rule {"family":"inet","priority":32764,"table":254,"suppressPrefixLength":0}
  rule {"family":"inet","priority":32765,"table":51820,"fwmark":51820,"invert":true}
  rule {"family":"inet6","priority":32764,"table":254,"suppressPrefixLength":0}
  rule {"family":"inet6","priority":32765,"table":51820,"fwmark":51820,"invert":true}`,
  },
  {
    name: 'GC-01 GC-06 a link is an interface at each end, with point-to-point addresses and no routes of its own',
    given: `
topology: Links
portRange: { start: 51800, end: 51819 }
nodes:
- { name: lax1, endpoint: 192.168.65.3, portRange: { start: 52820, end: 52839 } }
- { name: lax2, addresses: [10.255.0.2/32] }
links:
- ends:
  - { node: lax1, addresses: [{ local: 10.4.0.1, peer: 10.4.0.2/32 }, { local: "fe80::1771", peer: "fe80::a:1771/64" }] }
  - { node: lax2, addresses: [{ local: 10.4.0.2, peer: 10.4.0.1/32 }] }
`,
    want: `
lax1 wg-lax1-lax2-0 port 52820 mtu 1420
  address 10.4.0.1 peer 10.4.0.2/32
  address fe80::1771 peer fe80::a:1771/64
  peer lax2 allowed 0.0.0.0/0 ::/0
lax2 wg-lax2-lax1-0 port 51800 mtu 1420
  address 10.255.0.2/32
  address 10.4.0.2 peer 10.4.0.1/32
  peer lax1 allowed 0.0.0.0/0 ::/0 endpoint 192.168.65.3:52820 keepalive 25`,
  },
  {
    name: 'GC-04 links of one node have their own ports, parallel links too, and long names are hashed',
    given: `
topology: Links
nodes:
- { name: kubernetes-main, endpoint: 192.0.2.1 }
- { name: b }
- { name: c, endpoint: 192.0.2.3 }
links:
- { ends: [{ node: kubernetes-main }, { node: b }], allowedIPs: [10.2.0.0/16], mtu: 1380 }
- { ends: [{ node: b }, { node: kubernetes-main }], allowedIPs: [10.3.0.0/16], persistentKeepalive: 5 }
- { name: fast, ends: [{ node: c }, { node: kubernetes-main, endpoint: "198.51.100.1:443" }], allowedIPs: [10.4.0.7] }
`,
    want: `
b wg-74j8fybqxxti port 51821 mtu 1420
  peer kubernetes-main allowed 10.3.0.0/16 endpoint 192.0.2.1:51821 keepalive 5
b wg-nm64g9apznrq port 51820 mtu 1380
  peer kubernetes-main allowed 10.2.0.0/16 endpoint 192.0.2.1:51820 keepalive 25
c wg-fast port 51820 mtu 1420
  peer kubernetes-main allowed 10.4.0.7/32 endpoint 198.51.100.1:443
kubernetes-main wg-5gipcrggwd6y port 51820 mtu 1380
  peer b allowed 10.2.0.0/16
kubernetes-main wg-ecfdji5x6xbx port 51821 mtu 1420
  peer b allowed 10.3.0.0/16
kubernetes-main wg-fast port 51822 mtu 1420
  peer c allowed 10.4.0.7/32 endpoint 192.0.2.3:51820`,
  },
  {
    name: 'GC-19 a value of a node wins over that of the network',
    given: `
cidrs: [10.1.0.0/24]
interface: { name: wg7, mtu: 1400, listenPort: 4000, table: 100 }
nodes:
- { name: a, endpoint: 192.0.2.1, interface: { name: tunnel, mtu: 1300, table: off }, listenPort: 4001, allowedNetworks: [10.8.0.0/16] }
- { name: b, endpoint: b.example.net, mtu: 1360, addresses: [10.1.0.9/32, 10.77.0.1/24], container: { docker: { name: agent1 } } }
- { name: c, overrideAddresses: true, addresses: [10.1.0.77/24], container: { netns: /run/netns/x }, moveToContainer: false, persistentKeepalive: 10 }
`,
    want: `
a tunnel port 4001 mtu 1300
  address 10.1.0.1/24
  peer b allowed 10.1.0.9/32 10.77.0.1/32 endpoint b.example.net:4000
  peer c allowed 10.1.0.77/32
  forwards inet
b wg7 port 4000 mtu 1360
  address 10.1.0.9/32
  address 10.77.0.1/24
  peer a allowed 10.1.0.1/32 10.8.0.0/16 endpoint 192.0.2.1:4001
  peer c allowed 10.1.0.77/32
  route 10.1.0.0/24 table 100
  route 10.8.0.0/16 table 100
  container {"kind":"docker","name":"agent1"}
c wg7 port 4000 mtu 1400
  address 10.1.0.77/24
  peer a allowed 10.1.0.1/32 10.8.0.0/16 endpoint 192.0.2.1:4001 keepalive 10
  peer b allowed 10.1.0.9/32 10.77.0.1/32 endpoint b.example.net:4000 keepalive 10
  route 10.8.0.0/16 table 100
  route 10.77.0.1/32 table 100`,
  },
  {
    name: 'GC-19 addresses of a link come after those of its node, or replace them',
    given: `
topology: Links
nodes:
- { name: a, endpoint: 192.0.2.1, addresses: [10.255.0.1/32, "fe80::1/64"], mtu: 1400, portRange: { start: 7000, end: 7001 } }
- { name: b, endpoint: 192.0.2.2 }
links:
- { name: x, ends: [{ node: a, addresses: [10.4.0.1/31] }, { node: b }] }
- { name: y, ends: [{ node: a, addresses: [10.4.0.3/31], overrideAddresses: true }, { node: b }], mtu: 1380 }
`,
    nodes: ['a'],
    want: `
a wg-x port 7000 mtu 1400
  address 10.255.0.1/32
  address fe80::1/64
  address 10.4.0.1/31
  peer b allowed 0.0.0.0/0 ::/0 endpoint 192.0.2.2:51820
a wg-y port 7001 mtu 1380
  address 10.4.0.3/31
  peer b allowed 0.0.0.0/0 ::/0 endpoint 192.0.2.2:51821`,
  },
  {
    name: 'a link makes default routes in a numbered table only, and none with the table off',
    given: `
topology: Links
interface: { table: 100 }
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b, interface: { table: off } }]
links: [{ name: x, ends: [{ node: a }, { node: b }], allowedIPs: [10.7.0.0/16, 0.0.0.0/0, "::/0"] }]
`,
    want: `
a wg-x port 51820 mtu 1420
  peer b allowed 0.0.0.0/0 10.7.0.0/16 ::/0
  route 0.0.0.0/0 table 100
  route ::/0 table 100
  route 10.7.0.0/16 table 100
b wg-x port 51820 mtu 1420
  peer a allowed 0.0.0.0/0 10.7.0.0/16 ::/0 endpoint 192.0.2.1:51820 keepalive 25`,
  },
  {
    name: 'a peer without an agent has no direct path beside the hub',
    given: `
cidrs: [10.1.0.0/24]
hubs: [hub]
directPeering: WhereReachable
nodes:
- { name: hub, endpoint: 192.0.2.1 }
- { name: server, endpoint: 192.0.2.2 }
- { name: phone, agent: false }
- { name: laptop }
`,
    nodes: ['laptop', 'phone', 'server'],
    want: `
laptop wg-net port 51820 mtu 1420
  address 10.1.0.2/24
  peer hub allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
  peer server allowed 10.1.0.4/32 endpoint 192.0.2.2:51820 keepalive 25 while-alive
phone wg-net port 51820 mtu 1420
  address 10.1.0.3/24
  peer hub allowed 10.1.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
server wg-net port 51820 mtu 1420
  address 10.1.0.4/24
  peer hub allowed 10.1.0.0/24 endpoint 192.0.2.1:51820
  peer laptop allowed 10.1.0.2/32 keepalive 25 while-alive`,
  },
  {
    name: 'HC-01 an interface written by hand is taken as it is',
    given: `
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: lax1-wg2 }
spec:
  node: lax1
  interfaceName: wg2
  listenPort: 51022
  table: main
  addresses: [{ local: "fe80::a:1771", peer: "fe80::1771/64" }, 10.5.0.1/24]
  peers:
  - publicKey: TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=
    node: other
    endpoint: "192.0.2.1:51021"
    allowedIPs: ["::/0", 10.5.0.2, 10.6.0.0/16]
    persistentKeepalive: 15
`,
    want: `
lax1 wg2 port 51022 mtu 1420 fwmark 51820
  address fe80::a:1771 peer fe80::1771/64
  address 10.5.0.1/24
  peer other allowed 10.5.0.2/32 10.6.0.0/16 ::/0 endpoint 192.0.2.1:51021 keepalive 15
  route ::/0 table 51820
  route 10.6.0.0/16 table 254
  rule {"family":"inet6","priority":32764,"table":254,"suppressPrefixLength":0}
  rule {"family":"inet6","priority":32765,"table":51820,"fwmark":51820,"invert":true}`,
  },
]

for (const { name, given, nodes, want } of rows) {
  test(name, () => {
    const result = planOf(given)
    assert.deepEqual(formatProblems(result), [])
    assert.equal(`\n${formatPlan(result, nodes)}`, want)
  })
}

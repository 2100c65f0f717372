/** GC-02 and its kin: every mistake is named, with its path, and nothing is planned then. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblems, keyOf, planOf, type PlanOptions } from './fixture.ts'

const NET = 'WireGuardNetworkPlan/net'
const secret = (name: string, body: string): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\n${body}\n`
const network = (spec: string, name = 'net'): string =>
  `---\napiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: ${name} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`

const rows: readonly { name: string; given: string; options?: PlanOptions; want: readonly string[] }[] = [
  {
    name: 'a link without exactly two ends, and a link to itself',
    given: `
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b }, { name: c }]
links:
- ends: [{ node: a }]
- ends: [{ node: a }, { node: b }, { node: c }]
- ends: [{ node: a }, { node: a }]`,
    want: [
      `LinkEnds ${NET} spec.links[0].ends: a link has exactly two ends, this one has 1`,
      `LinkEnds ${NET} spec.links[1].ends: a link has exactly two ends, this one has 3`,
      `LinkEnds ${NET} spec.links[2].ends: both ends are a`,
    ],
  },
  {
    name: 'unknown nodes, wherever they are named',
    given: `
cidrs: [10.0.0.0/24]
hubs: [hbu]
nodes: [{ name: hub, endpoint: 192.0.2.1 }, { name: a, defaultRoute: { via: nobody } }]
presharedKeys: [{ nodes: [a, zzz], secretRef: { name: psk, key: k } }]`,
    want: [
      `UnknownNode ${NET} spec.hubs[0]: there is no node hbu`,
      `UnknownNode ${NET} spec.nodes[1].defaultRoute.via: there is no node nobody`,
      `UnknownNode ${NET} spec.presharedKeys[0].nodes[1]: there is no node zzz`,
      `SecretNotFound ${NET} spec.presharedKeys[0].secretRef: there is no Secret psk in the namespace default`,
    ],
  },
  {
    name: 'unknown nodes of links',
    given: `
nodes: [{ name: lax1, endpoint: 192.0.2.1 }]
links: [{ ends: [{ node: lax1 }, { node: lax2 }] }]`,
    want: [`UnknownNode ${NET} spec.links[0].ends[1].node: there is no node lax2`],
  },
  {
    name: 'overlapping CIDRs, and the whole internet as one',
    given: 'cidrs: [10.0.0.0/16, 10.0.7.0/24, "fd00::/64", "::/0"]\nnodes: []',
    want: [
      `OverlappingCidrs ${NET} spec.cidrs[1]: 10.0.7.0/24 overlaps 10.0.0.0/16`,
      `DefaultRouteNotAsked ${NET} spec.cidrs[3]: ::/0 is the whole internet`,
      `OverlappingCidrs ${NET} spec.cidrs[3]: ::/0 overlaps fd00::/64`,
    ],
  },
  {
    name: 'overlapping CIDRs of two networks that share a node; ports and names clash too',
    given:
      network(
        'cidrs: [10.0.0.0/24]\ninterface: { name: wg0, listenPort: 51820 }\nnodes: [{ name: a }]',
        'one',
      ) +
      network(
        'cidrs: [10.0.0.0/16]\ninterface: { name: wg0, listenPort: 51820 }\nnodes: [{ name: a }]',
        'two',
      ),
    want: [
      'InterfaceNameClash WireGuardNetworkPlan/two spec.nodes[0]: a would have two interfaces named wg0',
      'PortClash WireGuardNetworkPlan/two spec.nodes[0]: two interfaces of a would listen on UDP port 51820',
      'OverlappingCidrs WireGuardNetworkPlan/two spec.cidrs[0]: 10.0.0.0/16 overlaps 10.0.0.0/24 of default/one, and a is in both',
    ],
  },
  {
    name: 'the same prefix behind two nodes, while nesting is fine',
    given: `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes:
- { name: h, endpoint: 192.0.2.1 }
- { name: a, allowedNetworks: [192.168.0.0/16, 10.0.0.0/24, 0.0.0.0/0] }
- { name: b, allowedNetworks: [192.168.7.0/24, 192.168.0.0/16] }`,
    want: [
      `DefaultRouteNotAsked ${NET} spec.nodes[1].allowedNetworks[2]: 0.0.0.0/0 would send all traffic of all nodes through a`,
      `SamePrefix ${NET} spec.nodes[1].allowedNetworks[1]: 10.0.0.0/24 is at the network itself and at a: one interface cannot send it to two peers`,
      `SamePrefix ${NET} spec.nodes[2].allowedNetworks[1]: 192.168.0.0/16 is at a and at b: one interface cannot send it to two peers`,
    ],
  },
  {
    name: 'duplicate nodes, addresses and keys; reserved and foreign addresses',
    given: `
cidrs: [10.0.0.0/24]
nodes:
- { name: a, endpoint: 192.0.2.1, addresses: [10.0.0.5], publicKey: ${keyOf('a')} }
- { name: b, endpoint: 192.0.2.2, addresses: [10.0.0.5], publicKey: ${keyOf('a')} }
- { name: b }
- { name: c, endpoint: 192.0.2.3, addresses: [10.0.0.0] }
- { name: d, endpoint: 192.0.2.4, addresses: [10.0.0.255] }
- { name: e, endpoint: 192.0.2.5, addresses: [10.9.0.1] }`,
    want: [
      `DuplicateAddress ${NET} spec.nodes[1].addresses[0]: 10.0.0.5 belongs to a already`,
      `DuplicateKey ${NET} spec.nodes[1]: b has the same key as a`,
      `DuplicateNode ${NET} spec.nodes[2]: the node b is there twice`,
      `AddressReserved ${NET} spec.nodes[3].addresses[0]: 10.0.0.0 is the network address of 10.0.0.0/24`,
      `AddressReserved ${NET} spec.nodes[4].addresses[0]: 10.0.0.255 is the broadcast address of 10.0.0.0/24`,
      `AddressOutsideCidr ${NET} spec.nodes[5].addresses[0]: 10.9.0.1 is in none of the network's CIDRs`,
    ],
  },
  {
    name: 'more nodes than addresses',
    given: 'cidrs: [10.0.0.0/30]\nnodeGroups: [{ names: "n{n}", from: 1, to: 3, endpoint: "192.0.2.{n}" }]',
    want: [`CidrExhausted ${NET} spec.cidrs[0]: 10.0.0.0/30 has 2 addresses for 3 nodes`],
  },
  {
    name: 'a group whose numbers make no node',
    given: `
cidrs: [10.0.0.0/16]
nodeGroups:
- { names: "n{n}", from: 1, to: 300, addresses: ["10.0.0.{n}"], endpoint: 192.0.2.1 }
- { names: "m{n}", from: 5, to: 2 }
- { names: "k{n}", from: 0, to: 99999 }`,
    want: [`TooManyNodes ${NET} spec.nodeGroups: the network has 100300 nodes; at most 65536 are planned`],
  },
  {
    name: 'an address of a group that does not exist',
    given: `
cidrs: [10.0.0.0/16]
nodeGroups:
- { names: "n{n}", from: 254, to: 300, addresses: ["10.0.0.{n}"], endpoint: "n{n}.example" }
- { names: "m{n}", from: 5, to: 2 }`,
    want: [
      `InvalidAddress ${NET} spec.nodeGroups[0] (n = 256) addresses[0]: not an address`,
      `InvalidValue ${NET} spec.nodeGroups[1].to: the last number, 2, is below the first, 5`,
    ],
  },
  {
    name: 'a hub that cannot be called',
    given: 'cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h }, { name: a }]',
    want: [
      `HubWithoutEndpoint ${NET} spec.hubs[0]: the hub h has no endpoint, and a cannot reach it otherwise`,
    ],
  },
  {
    name: 'two nodes that can never meet',
    given:
      'cidrs: [10.0.0.0/24]\nnodes: [{ name: a }, { name: b, site: s }, { name: c, site: s, localEndpoint: 192.168.1.3 }]',
    want: [
      `NeverMeet ${NET} spec.nodes[1]: a and b can never meet: neither has an endpoint the other can reach`,
      `NeverMeet ${NET} spec.nodes[2]: a and c can never meet: neither has an endpoint the other can reach`,
    ],
  },
  {
    name: 'a link between two nodes behind NAT',
    given: 'nodes: [{ name: a }, { name: b }]\nlinks: [{ ends: [{ node: a }, { node: b }] }]',
    want: [
      `NeverMeet ${NET} spec.links[0]: a and b can never meet: neither has an endpoint the other can reach`,
    ],
  },
  {
    name: 'a link whose default route would be in the table main, named or numbered, at one end or both',
    given: `
interface: { table: main }
nodes: [{ name: a, endpoint: 192.0.2.1, interface: { table: 254 } }, { name: b }, { name: c, interface: { table: off } }]
links:
- { ends: [{ node: a }, { node: b }] }
- { ends: [{ node: c }, { node: a }], allowedIPs: [10.0.0.0/8, "::/0"] }
- { ends: [{ node: a }, { node: b }], allowedIPs: [10.9.0.0/16] }`,
    want: [
      `DefaultRouteInMain ${NET} spec.links[0].allowedIPs: the default route of a and b would go through this link: allowedIPs has 0.0.0.0/0 and ::/0, and the table is main`,
      `DefaultRouteInMain ${NET} spec.links[1].allowedIPs: the default route of a would go through this link: allowedIPs has ::/0, and the table is main`,
    ],
  },
  {
    name: 'two links of a node with one destination in one table, which is fine at different nodes',
    given: `
interface: { table: 100 }
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b }, { name: c, endpoint: 192.0.2.3 }]
links: [{ name: x, ends: [{ node: a }, { node: b }] }, { name: y, ends: [{ node: a }, { node: c }] }]`,
    want: [
      `SamePrefix ${NET} spec.links[1].allowedIPs: 0.0.0.0/0 is at wg-x of a too, and both make a route in the table 100`,
    ],
  },
  {
    name: 'IPv6 with an MTU below 1280, which is fine without IPv6',
    given: `
cidrs: [10.0.0.0/24, "fd00::/64"]
interface: { mtu: 1200 }
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b, mtu: 1280 }, { name: c, overrideAddresses: true, addresses: [10.0.0.7] , endpoint: 192.0.2.2}]`,
    want: [`MtuTooSmall ${NET} spec.nodes[0]: a has IPv6 and an MTU of 1200, below 1280`],
  },
  {
    name: 'a port beyond its range, and a range that ends before it starts',
    given: `
portRange: { start: 51900, end: 51900 }
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b }, { name: c, portRange: { start: 9, end: 8 } }]
links: [{ ends: [{ node: a }, { node: b }] }, { ends: [{ node: a }, { node: c }] }]`,
    want: [
      `InvalidValue ${NET} spec.nodes[2].portRange: the range ends at 8, before its start 9`,
      `PortRangeExhausted ${NET} spec.links[1]: a needs more ports than 51900 to 51900 has`,
      `PortRangeExhausted ${NET} spec.links[1]: c needs more ports than 9 to 8 has`,
    ],
  },
  {
    name: 'one port for many links',
    given: `
nodes: [{ name: a, endpoint: "192.0.2.1:51820" }, { name: b }, { name: c }]
links: [{ ends: [{ node: a }, { node: b }] }, { ends: [{ node: a }, { node: c }] }]`,
    want: [
      `EndpointPortAmbiguous ${NET} spec.nodes[0].endpoint: a has 2 links, and its endpoint names one port for all`,
    ],
  },
  {
    name: 'fields that mean nothing in a topology',
    given: `
topology: Mesh
hubs: [a]
directPeering: SameSite
nodes: [{ name: a, endpoint: 192.0.2.1 }]
links: [{ ends: [{ node: a }, { node: a }] }]`,
    want: [
      `NoCidr ${NET} spec.cidrs: there is no CIDR to allocate from`,
      `TopologyConflict ${NET} spec.hubs: a plan with topology Mesh has no hubs`,
      `TopologyConflict ${NET} spec.directPeering: a mesh is always direct where it can be`,
      `TopologyConflict ${NET} spec.links: a plan with topology Mesh has no links`,
    ],
  },
  {
    name: 'GC-16 GC-18 keys that do not resolve',
    given:
      secret('raw', `data: { k: ${keyOf('raw')}, text: ${btoa(keyOf('text'))}, short: AAAA }`) +
      network(`
cidrs: [10.0.0.0/24]
nodes:
- { name: a, endpoint: 192.0.2.1, privateKeySecretRef: { name: raw, key: k } }
- { name: b, endpoint: 192.0.2.2, privateKeySecretRef: { name: raw, key: text } }
- { name: c, endpoint: 192.0.2.3, privateKeySecretRef: { name: raw, key: short } }
- { name: d, endpoint: 192.0.2.4, privateKeySecretRef: { name: raw, key: constructor } }
- { name: e, endpoint: 192.0.2.5, privateKeySecretRef: { name: none, key: k } }
- { name: f, endpoint: 192.0.2.6, privateKeySecretRef: { name: raw, key: k, namespace: other } }
- { name: g, endpoint: 192.0.2.7, privateKey: ${keyOf('g')}, publicKey: ${keyOf('x')} }`),
    want: [
      `InvalidKey ${NET} spec.nodes[2].privateKeySecretRef: the entry short of the Secret raw is not a key`,
      `SecretNotFound ${NET} spec.nodes[3].privateKeySecretRef: the Secret raw has no entry constructor`,
      `SecretNotFound ${NET} spec.nodes[4].privateKeySecretRef: there is no Secret none in the namespace default`,
      `CrossNamespaceSecret ${NET} spec.nodes[5].privateKeySecretRef: the Secret is in other, the object in default`,
      `DuplicateKey ${NET} spec.nodes[5]: f has the same key as a`,
      `KeyPairMismatch ${NET} spec.nodes[6].publicKey: spec.nodes[6].publicKey does not belong to the private key`,
    ],
  },
  {
    name: 'an endpoint inside the tunnel',
    given: `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes:
- { name: h, endpoint: "10.0.0.1:51820" }
- { name: a, site: s, allowedNetworks: [192.168.7.0/24], localEndpoint: 192.168.7.2 }
- { name: b, site: s, localEndpoint: 192.168.7.3 }
- { name: c, site: t, localEndpoint: 192.168.7.4 }`,
    want: [
      `EndpointInTunnel ${NET} spec.nodes[0].endpoint: 10.0.0.1 is inside 10.0.0.0/24, which goes through the tunnel`,
      `EndpointInTunnel ${NET} spec.nodes[3].localEndpoint: 192.168.7.4 is inside 192.168.7.0/24, which goes through the tunnel`,
    ],
  },
  {
    name: 'a default route through a node that is no direct peer',
    given:
      'cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h, endpoint: 192.0.2.1 }, { name: a, defaultRoute: { via: b } }, { name: b }]',
    want: [
      `DefaultRouteNotDirect ${NET} spec.nodes[1].defaultRoute.via: the default route of a needs a direct peer, and b is none`,
    ],
  },
  {
    name: 'a CIDR, or a network behind another node, that a LAN uses',
    given: `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes: [{ name: h, endpoint: 192.0.2.1 }, { name: a }, { name: b, allowedNetworks: [192.168.7.0/24] }]`,
    options: {
      observations: [
        {
          node: 'a',
          networks: [
            { prefix: '10.0.0.0/8', link: 'eth0' },
            { prefix: '192.168.7.0/24', link: 'eth1' },
          ],
        },
        {
          node: 'b',
          networks: [
            { prefix: '192.168.7.0/24', link: 'eth0' },
            { prefix: '0.0.0.0/0', link: 'eth0' },
          ],
        },
      ],
    },
    want: [
      `LanUsesCidr ${NET} spec.cidrs[0]: 10.0.0.0/24 overlaps 10.0.0.0/8, which a uses on its own link eth0`,
      `LanUsesCidr ${NET} spec.nodes[2].allowedNetworks[0]: 192.168.7.0/24 overlaps 192.168.7.0/24, which a uses on its own link eth1`,
    ],
  },
  {
    name: 'two nodes with one endpoint, while two sites may use the same LAN addresses',
    given: `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes:
- { name: h, endpoint: 192.0.2.1 }
- { name: a, endpoint: "192.0.2.1:51820" }
- { name: b, site: s, localEndpoint: "192.168.1.2:1" }
- { name: c, site: s, localEndpoint: "192.168.1.2:1" }
- { name: d, site: t, localEndpoint: "192.168.1.2:1" }`,
    want: [
      `DuplicateEndpoint ${NET} spec.nodes[0].endpoint: h has the same endpoint as a`,
      `DuplicateEndpoint ${NET} spec.nodes[3].localEndpoint: c has the same localEndpoint as b`,
    ],
  },
  {
    name: 'two default routes of one node, and one network behind nodes of two plans',
    given:
      network(
        'cidrs: [10.1.0.0/24]\nnodes: [{ name: a, endpoint: 192.0.2.1, allowedNetworks: [172.16.0.0/24] }, { name: b, defaultRoute: { via: a } }]',
        'one',
      ) +
      network(
        'cidrs: [10.2.0.0/24]\nnodes: [{ name: x, endpoint: 192.0.2.2, allowedNetworks: [172.16.0.0/24] }, { name: b, defaultRoute: { via: x } }]',
        'two',
      ),
    want: [
      'SamePrefix WireGuardNetworkPlan/two spec.nodes[0].allowedNetworks[0]: 172.16.0.0/24 is in default/one too, and b is in both',
      'SeveralDefaultRoutes WireGuardNetworkPlan/two spec.nodes[1].defaultRoute: b has a default route in default/one and in default/two',
    ],
  },
  {
    name: 'a published key that is not the one the plan knows',
    given:
      network(`cidrs: [10.0.0.0/24]\nnodes: [{ name: a, endpoint: 192.0.2.1, publicKey: ${keyOf('a')} }]`) +
      `---\napiVersion: warren.dev/v1alpha1\nkind: WireGuardPeer\nmetadata: { name: p }\nspec: { network: net, node: a, publicKey: ${keyOf('evil')} }\n`,
    want: ['KeyConflict WireGuardPeer/p spec.publicKey: a has another public key already'],
  },
  {
    name: 'peers of an interface by hand that share a prefix or a key',
    given: `
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: x }
spec:
  node: a
  interfaceName: wg0
  mtu: 1000
  addresses: ["fe80::1/64"]
  peers:
  - { publicKey: ${keyOf('a')}, allowedIPs: [10.0.0.0/24], endpoint: "192.0.2.1" }
  - { publicKey: ${keyOf('a')}, allowedIPs: [10.0.0.7/24, 10.0.0.0/16] }
---
apiVersion: warren.dev/v1alpha1
kind: WireGuardPeer
metadata: { name: p }
spec: { network: nowhere, node: a, publicKey: ${keyOf('a')} }
---
apiVersion: warren.dev/v1alpha1
kind: WireGuardPeer
metadata: { name: p }
spec: { network: nowhere, node: a, publicKey: ${keyOf('a')} }`,
    want: [
      'MtuTooSmall WireGuardInterface/x spec.mtu: the interface has IPv6 and an MTU of 1000, below 1280',
      'InvalidEndpoint WireGuardInterface/x spec.peers[0].endpoint: this endpoint needs a port',
      'DuplicateKey WireGuardInterface/x spec.peers[1].publicKey: two peers have the same public key',
      'SamePrefix WireGuardInterface/x spec.peers[1].allowedIPs: 10.0.0.0/24 is at two peers: one interface cannot send it to both',
      'UnknownNetwork WireGuardPeer/p spec.network: there is no network default/nowhere',
      'DuplicateObject WireGuardPeer/p: there are two of WireGuardPeer default/p',
    ],
  },
]

for (const { name, given, options, want } of rows) {
  test(`plan() lists ${name}`, () => {
    const result = planOf(given, options)
    assert.deepEqual(formatProblems(result).toSorted(), want.toSorted())
    assert.equal(result.intents.size, 0)
    assert.ok(result.problems.every(({ path }) => path !== ''))
  })
}

test('problems of objects that were read from text say where', () => {
  const { problems } = planOf('cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h }, { name: a }]')
  assert.deepEqual(problems[0]?.at, { file: 'net.yaml', line: 6, column: 10 })
})

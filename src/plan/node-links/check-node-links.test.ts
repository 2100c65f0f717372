/** Everything that can be wrong with NetlinkInterfaces, alone and together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_ALLOCATIONS } from '../../model/index.ts'
import { formatProblems, linksText, objectsOf, wireGuardText } from '../fixture.ts'
import { plan } from '../plan.ts'

const wrong: readonly { name: string; given: string; want: readonly string[] }[] = [
  {
    name: 'two links of one name in one namespace, veth peers and WireGuard included',
    given:
      linksText(`x: { interfaceName: eth1, type: dummy }
        y: { interfaceName: eth1, type: bridge }
        v: { type: veth, veth: { peer: { interfaceName: wg0 } } }`) + wireGuardText('wg0', ''),
    want: [
      'InterfaceNameClash NetlinkInterface/v spec.veth.peer.interfaceName: a would have two links named wg0',
      'InterfaceNameClash NetlinkInterface/y spec.interfaceName: a would have two links named eth1',
    ],
  },
  {
    name: 'both ends of a veth are one',
    given: linksText('v: { type: veth, veth: { peer: { interfaceName: v } } }'),
    want: ['VethEnds NetlinkInterface/v spec.veth.peer.interfaceName: both ends of the veth are v'],
  },
  {
    name: 'blocks of other types, and a name that no link can have',
    given: linksText('a-name-that-is-too-long: { type: dummy, vlan: { link: x, id: 1 }, bridge: {} }'),
    want: [
      'InvalidInterfaceName NetlinkInterface/a-name-that-is-too-long spec.interfaceName: no link can be called like this object: its name is longer than 15 bytes',
      'TypeMismatch NetlinkInterface/a-name-that-is-too-long spec.bridge: a dummy has a block of type bridge',
      'TypeMismatch NetlinkInterface/a-name-that-is-too-long spec.vlan: a dummy has a block of type vlan',
    ],
  },
  {
    name: 'links in a circle',
    given: linksText(`a1: { type: vlan, vlan: { link: a2, id: 1 } }
      a2: { type: vlan, vlan: { link: a1, id: 1 } }
      br0: { type: bridge, bridge: { ports: [v] } }
      v: { type: vlan, vlan: { link: br0, id: 2 } }
      self: { type: bridge, bridge: { ports: [self] } }`),
    want: [
      'LinkCycle NetlinkInterface/a2 spec.vlan.link: links in a circle: a1 above a2 above a1',
      'LinkCycle NetlinkInterface/self spec.bridge.ports[0]: links in a circle: self above self',
      'LinkCycle NetlinkInterface/v spec.vlan.link: links in a circle: br0 above v above br0',
    ],
  },
  {
    name: 'a port of two masters',
    given: linksText(`br0: { type: bridge, bridge: { ports: [eth1, d] } }
      br1: { type: bridge, bridge: { ports: [eth1] } }
      blue: { type: vrf, vrf: { table: 7 } }
      d: { type: dummy, master: blue }`),
    want: [
      'SeveralMasters NetlinkInterface/br1 spec.bridge.ports[0]: eth1 is to be a port of br0 and of br1',
      'SeveralMasters NetlinkInterface/d spec.master: d is to be a port of br0 and of blue',
    ],
  },
  {
    name: 'saying the same of a port in both places is fine, a master that has no ports is not',
    given:
      linksText(`br0: { type: bridge, bridge: { ports: [d, wg0] } }
      d: { type: dummy, master: br0 }
      e: { type: dummy, master: d }
      f: { type: dummy, master: elsewhere }`) + wireGuardText('wg0', ''),
    want: [
      'CannotBePort NetlinkInterface/br0 spec.bridge.ports[1]: wg0 is a wireguard and cannot be a port of the bridge br0',
      'CannotBePort NetlinkInterface/e spec.master: d is a dummy and has no ports',
    ],
  },
  {
    name: 'where a vxlan sends to',
    given: linksText(`v1: { type: vxlan, vxlan: { vni: 1, group: 239.1.1.1 } }
      v2: { type: vxlan, vxlan: { vni: 2, link: eth0, group: 10.0.0.1 } }
      v3: { type: vxlan, vxlan: { vni: 3, remote: "ff02::1" } }
      v4: { type: vxlan, vxlan: { vni: 4, link: eth0, group: 239.1.1.1, remote: 10.0.0.1, noAge: true, ageingSeconds: 5, sourcePortRange: { start: 9, end: 8 } } }
      v5: { type: vxlan, vxlan: { vni: 5, local: "fd00::1", remote: 10.0.0.1, forwarding: [{ destination: "fd00::7" }] } }`),
    want: [
      'VxlanDestination NetlinkInterface/v1 spec.vxlan.group: a group needs a link to join it on',
      'VxlanDestination NetlinkInterface/v2 spec.vxlan.group: 10.0.0.1 is not a multicast group',
      'VxlanDestination NetlinkInterface/v3 spec.vxlan.remote: ff02::1 is a group, not a host',
      'FieldConflict NetlinkInterface/v4 spec.vxlan.noAge: entries are to be forgotten never, and after a time',
      'FieldConflict NetlinkInterface/v4 spec.vxlan.remote: the kernel keeps one of `remote` and `group`',
      'InvalidValue NetlinkInterface/v4 spec.vxlan.sourcePortRange: the range ends at 8, before its start 9',
      'MixedFamilies NetlinkInterface/v5 spec.vxlan.forwarding[0].destination: fd00::7 is of another family than 10.0.0.1',
      'MixedFamilies NetlinkInterface/v5 spec.vxlan.local: fd00::1 and 10.0.0.1 are of different families',
    ],
  },
  {
    name: 'tunnels',
    given: linksText(`t1: { type: ipip, ipip: {} }
      t2: { type: gre, hardwareAddress: "02:00:00:00:00:01", gre: { local: "fd00::1", remote: 192.0.2.1, encapLimit: 4 } }
      t3: { type: ipip, ipip: { remote: "fd00::1", pathMtuDiscovery: false } }`),
    want: [
      'MissingField NetlinkInterface/t1 spec.ipip: a tunnel needs an end: `remote`, `local` or both',
      'FieldConflict NetlinkInterface/t2 spec.gre.encapLimit: IPv4 knows no such limit',
      'MixedFamilies NetlinkInterface/t2 spec.gre.local: fd00::1 and 192.0.2.1 are of different families',
      'FieldConflict NetlinkInterface/t2 spec.hardwareAddress: a link of type gre carries no Ethernet and has no hardware address',
      'FieldConflict NetlinkInterface/t3 spec.ipip.pathMtuDiscovery: IPv6 packets are never fragmented on their way',
    ],
  },
  {
    name: 'links that the kernel could not tell apart',
    given: linksText(`v1: { type: vxlan, vxlan: { vni: 1, remote: 10.0.0.1 } }
      v2: { type: vxlan, vxlan: { vni: 1, remote: 10.0.0.2 } }
      v3: { type: vxlan, vxlan: { vni: 1, remote: "fd00::2" } }
      v4: { type: vxlan, container: { pid: 1 }, vxlan: { vni: 1, remote: 10.0.0.2 } }
      w1: { type: vlan, vlan: { link: eth0, id: 9 } }
      w2: { type: vlan, vlan: { link: eth0, id: 9 } }
      t1: { type: gre, gre: { remote: 192.0.2.1 } }
      t2: { type: gre, gre: { remote: 192.0.2.1 } }
      t3: { type: gre, gre: { remote: 192.0.2.1, key: 1 } }`),
    want: [
      'IndistinctLinks NetlinkInterface/t2 spec.gre.remote: t1 is between any and 192.0.2.1 too',
      'IndistinctLinks NetlinkInterface/v2 spec.vxlan.vni: v1 is vni 1 on port 4789 too',
      'IndistinctLinks NetlinkInterface/w2 spec.vlan.id: w1 is VLAN 9 on eth0 too',
    ],
  },
  {
    name: 'tables of VRFs',
    given: linksText(`blue: { type: vrf, vrf: { table: 7 } }
      red: { type: vrf, vrf: { table: 7 } }
      far: { type: vrf, vrf: { table: 7 }, container: { pid: 1 } }
      main: { type: vrf, vrf: { table: 254 } }`),
    want: [
      'VrfTableClash NetlinkInterface/main spec.vrf.table: the table main belongs to everybody',
      'VrfTableClash NetlinkInterface/red spec.vrf.table: blue is on table 7 too',
    ],
  },
  {
    name: 'an MTU that is too large or too small',
    given:
      linksText(`v1: { type: vxlan, mtu: 1400, vxlan: { vni: 1, link: wg0, remote: 10.0.0.1 } }
      v2: { type: vxlan, addresses: ["fd01::1/64"], vxlan: { vni: 2, link: wg0, remote: 10.0.0.1 } }
      d: { type: dummy, mtu: 1279, addresses: ["fd02::1/64"] }`) + wireGuardText('wg0', 'mtu: 1300'),
    want: [
      'MtuTooSmall NetlinkInterface/d spec.mtu: d has IPv6 and an MTU of 1279, below 1280',
      'MtuTooLarge NetlinkInterface/v1 spec.mtu: the MTU of v1 is 1400, and wg0 has 1300, less 50 for the outer headers',
      'MtuTooSmall NetlinkInterface/v2 spec.mtu: v2 has IPv6 and an MTU of 1250, below 1280',
    ],
  },
  {
    name: 'one address on two links, but for those of one link, of pairs and of other namespaces and VRFs',
    given:
      linksText(`d1: { type: dummy, addresses: [10.0.0.1/24, "fe80::1/64", { local: 10.9.0.1, peer: 10.9.0.2 }] }
      d2: { type: dummy, addresses: [10.0.0.1/32, "fe80::1/64", { local: 10.9.0.1, peer: 10.9.0.3 }] }
      d3: { type: dummy, addresses: [10.0.0.1/24], container: { pid: 1 } }
      d4: { type: dummy, addresses: [10.0.0.1/24], master: blue }
      d5: { type: dummy, addresses: [10.8.0.1/24] }
      blue: { type: vrf, vrf: { table: 7 } }`) + wireGuardText('wg0', 'addresses: [10.8.0.1/32]'),
    want: [
      'DuplicateAddress NetlinkInterface/d2 spec.addresses: a would have the address 10.0.0.1 on d1 and on d2',
      'DuplicateAddress NetlinkInterface/d5 spec.addresses: a would have the address 10.8.0.1 on d5 and on wg0',
    ],
  },
  {
    name: 'routes: families, gateways that are not there, and one route on two links',
    given:
      linksText(`d1: { type: dummy, addresses: [10.0.0.1/24, { local: 10.0.1.1, peer: "fd00::1" }], routes: [{ to: 10.5.0.0/16, via: 10.0.0.9 }, { to: 10.6.0.0/16, via: 10.7.0.1 }, { to: 10.8.0.0/16, via: "fd00::1" }, { to: "fd05::/64", via: "fe80::1" }] }
      d2: { type: dummy, addresses: [10.0.2.1/24], routes: [{ to: 10.5.0.0/16 }, { to: 10.6.0.0/16, metric: 5 }] }`),
    want: [
      'MixedFamilies NetlinkInterface/d1 spec.addresses: 10.0.1.1 and its peer fd00::1 are of different families',
      'GatewayNotOnLink NetlinkInterface/d1 spec.routes: 10.7.0.1, the gateway to 10.6.0.0/16, is in no prefix of d1',
      'MixedFamilies NetlinkInterface/d1 spec.routes: the gateway fd00::1 is of another family than 10.8.0.0/16',
      'SamePrefix NetlinkInterface/d2 spec.routes: 10.5.0.0/16 goes to d1 and to d2, in one table with one metric',
    ],
  },
  {
    name: 'containers that are named twice, or not at all',
    given:
      linksText(`d: { type: dummy, container: { docker: { name: x }, pid: 7 } }
      v: { type: veth, veth: { peer: { container: {} } } }`) +
      wireGuardText('wg0', 'container: { cri: { id: x }, netns: y }'),
    want: [
      'ContainerAmbiguous NetlinkInterface/d spec.container: a container is named in 2 ways: docker, pid',
      'ContainerAmbiguous NetlinkInterface/v spec.veth.peer.container: this names no container',
      'ContainerAmbiguous WireGuardInterface/wg0 spec.container: a container is named in 2 ways: cri, netns',
    ],
  },
  {
    name: 'bridges',
    given: linksText('br0: { type: bridge, bridge: { stp: true, forwardDelay: 1, groupForwardMask: 9 } }'),
    want: [
      'InvalidValue NetlinkInterface/br0 spec.bridge.forwardDelay: with the spanning tree protocol it waits 2 seconds at least, not 1',
      'InvalidValue NetlinkInterface/br0 spec.bridge.groupForwardMask: the lowest three bits are for protocols that a bridge must not forward',
    ],
  },
]

for (const { name, given, want } of wrong) {
  test(`plan() refuses: ${name}`, () => {
    const objects = objectsOf(given)
    assert.deepEqual(formatProblems(plan(objects, NO_ALLOCATIONS)).toSorted(), want.toSorted())
    for (const { hint } of plan(objects, NO_ALLOCATIONS).problems) assert.ok(hint?.endsWith('.'))
  })
}

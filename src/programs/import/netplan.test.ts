/** netplan's YAML → objects, and a list of all that did not become one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readNetplan } from './netplan.ts'
import { type ImportedObjects, objectsOf } from './objects-of-draft.ts'

const PRIVATE = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

const imported = (...texts: readonly string[]): ImportedObjects =>
  objectsOf(
    readNetplan(
      texts.map((text, index) => ({ file: `${index}.yaml`, text })),
      { readKeyFile: () => undefined },
    ),
    'host',
  )

interface WithSpec {
  readonly spec: Readonly<Record<string, unknown>>
}

/** Without what is the same for all. */
const specsOf = ({ objects }: ImportedObjects): readonly unknown[] =>
  (objects as readonly WithSpec[]).map(({ spec }) =>
    Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'node' && key !== 'adopt')),
  )

const leftOf = ({ leftOut }: ImportedObjects): readonly string[] =>
  leftOut.map(({ where, what }) => `${where} ${what}`)

test('bridges, VLANs, VRFs, dummies and veths of several files, hardware left where it is', () => {
  const result = imported(
    `network:
  version: 2
  renderer: networkd
  ethernets:
    eth0: { dhcp4: true }
  bridges:
    br0:
      interfaces: [eth0, br0.v]
      addresses: [10.0.0.2/24]
      dhcp4: false
      nameservers: { addresses: [10.0.0.1] }
      routes:
        - { to: default, via: 10.0.0.1 }
        - { to: 10.5.0.0/16, via: 10.0.0.9, metric: 20, on-link: true }
      parameters: { stp: false, forward-delay: 4, path-cost: { eth0: 5 } }
  vlans:
    br0.v: { id: 7, link: eth1, mtu: 1400, macaddress: 02:00:00:00:00:01 }
  virtual-ethernets:
    v0: { peer: v1, addresses: [10.2.0.1/24] }
    v1: { peer: v0 }
`,
    `network:
  bridges:
    br0: { addresses: ["fd00::2/64", { 10.0.0.3/24: { label: x } }] }
  dummy-devices:
    d0: { addresses: [10.3.0.1/32] }
  vrfs:
    blue: { table: 100, interfaces: [d0, eth3], routing-policy: [] }
  bonds:
    bond0: { interfaces: [eth2] }
`,
  )
  assert.deepEqual(specsOf(result), [
    { interfaceName: 'blue', type: 'vrf', vrf: { table: 100 } },
    {
      interfaceName: 'br0',
      type: 'bridge',
      addresses: ['10.0.0.2/24', 'fd00::2/64'],
      routes: [{ to: '0.0.0.0/0', via: '10.0.0.1' }],
      bridge: { stp: false, forwardDelay: 4, ports: ['br0.v', 'eth0'] },
    },
    {
      interfaceName: 'br0.v',
      type: 'vlan',
      mtu: 1400,
      hardwareAddress: '02:00:00:00:00:01',
      master: 'br0',
      vlan: { id: 7, link: 'eth1' },
    },
    { interfaceName: 'd0', type: 'dummy', addresses: ['10.3.0.1/32'], master: 'blue' },
    {
      interfaceName: 'v0',
      type: 'veth',
      addresses: ['10.2.0.1/24'],
      veth: { peer: { interfaceName: 'v1' } },
    },
  ])
  assert.deepEqual(leftOf(result), [
    'network.ethernets.eth0 dhcp4: hardware stays with whoever has it',
    'network.bridges.br0.parameters path-cost',
    'network.bridges.br0 addresses[2]: it has a label or a lifetime, or is no address',
    'network.bridges.br0 routes[1]',
    'network.bridges.br0 nameservers',
    'network.vrfs.blue routing-policy',
    'network.bonds all of it',
    'blue its port eth3, which no object makes',
  ])
})

test('tunnels by their mode, WireGuard with its keys in a Secret only', () => {
  const result = imported(`network:
  version: 2
  tunnels:
    vx: { mode: vxlan, id: 142, link: eth0, remote: 10.0.0.2, port: 4789, mac-learning: false, notifications: [l2-miss] }
    gt: { mode: ip6gretap, local: "fd00::1", remote: "fd00::2", keys: { input: 1, output: 2 } }
    si: { mode: sit, remote: 192.0.2.1 }
    wg0:
      mode: wireguard
      key: ${PRIVATE}
      port: 51820
      mark: 42
      addresses: [10.9.0.2/24]
      peers:
        - { keys: { public: ${PEER}, shared: /run/none }, allowed-ips: [10.9.0.0/24], endpoint: "hub.example.net:51820", keepalive: 25 }
        - { allowed-ips: [10.9.1.0/24] }
`)
  assert.deepEqual(specsOf(result).slice(1), [
    {
      interfaceName: 'gt',
      type: 'gre',
      gre: { ethernet: true, local: 'fd00::1', remote: 'fd00::2', inputKey: 1, outputKey: 2 },
    },
    {
      interfaceName: 'vx',
      type: 'vxlan',
      vxlan: { port: 4789, udpChecksum: false, vni: 142, link: 'eth0', remote: '10.0.0.2', learning: false },
    },
  ])
  assert.deepEqual(leftOf(result), [
    'network.tunnels.vx notifications',
    'network.tunnels.si all of it: tunnels of its mode cannot be declared',
    'network.tunnels.wg0 peers[0].keys.shared: it could not be read here',
    'network.tunnels.wg0 peers[1]: without a public key',
  ])
  assert.ok(!JSON.stringify([result.objects, result.leftOut]).includes(PRIVATE))
  assert.ok(JSON.stringify(result.secrets[0]?.secret).includes(PRIVATE))
})

test('what is not netplan is said, and nothing is thrown', () => {
  assert.deepEqual(leftOf(imported('a: [', 'network: []', '- 1')), [
    '0.yaml all of it: there is no map `network` in it',
    '1.yaml all of it: there is no map `network` in it',
    '2.yaml all of it: there is no map `network` in it',
  ])
})

/** systemd-networkd's files → objects, and a list of all that did not become one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects } from '../../model/index.ts'
import { stringify } from 'yaml'
import { plan } from '../../plan/index.ts'
import { readNetworkd } from './networkd.ts'
import { type ImportedObjects, objectsOf } from './objects-of-draft.ts'

const PRIVATE = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='
const PRESHARED = 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

/** Files one after the other, each under a line `== NAME`. */
function imported(text: string, keyFiles: Readonly<Record<string, string>> = {}): ImportedObjects {
  const files = text
    .split(/^== /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { file: part.slice(0, end), text: part.slice(end + 1) }
    })
  return objectsOf(readNetworkd(files, { readKeyFile: (path) => keyFiles[path] }), 'host')
}

interface WithSpec {
  readonly spec: Readonly<Record<string, unknown>>
}

/** Without what is the same for all. */
const specsOf = ({ objects }: ImportedObjects): readonly unknown[] =>
  (objects as readonly WithSpec[]).map(({ spec }) => {
    assert.deepEqual([spec['node'], spec['adopt']], ['host', true])
    return Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'node' && key !== 'adopt'))
  })

const leftOf = ({ leftOut }: ImportedObjects): readonly string[] =>
  leftOut.map(({ where, what }) => `${where} ${what}`)

test('a bridge with hardware and a VLAN in it, and everything that has no word is listed with its line', () => {
  const result = imported(`== 10-br0.netdev
[NetDev]
Name=br0
Kind=bridge
Description=the LAN
MACAddress=02-AA-00-00-00-01
[Bridge]
STP=yes
ForwardDelaySec=4s
AgeingTimeSec=1min 30s
DefaultPVID=1
MulticastQuerier=yes
== 20-vlan.netdev
[NetDev]
Name=eth1.7
Kind=vlan
[VLAN]
Id=7
== 30-eth0.network
[Match]
Name=eth0
[Network]
Bridge=br0
DHCP=yes
== 30-eth1.network
[Match]
Name=eth1
[Network]
VLAN=eth1.7
== 40-br0.network
[Match]
Name=br*
[Network]
Address=10.0.0.2/24
Address=fd00::2/64
Gateway=10.0.0.1
Address=10.0.0.3
[Route]
Destination=10.5.0.0/16
Gateway=10.0.0.9
Metric=20
MTUBytes=1400
[Route]
Destination=10.6.0.0/16
Gateway=10.0.0.9
PreferredSource=10.0.0.2
[Address]
Address=10.1.0.1/32
Peer=10.1.0.2/32
== 50-eth1.7.network
[Match]
Name=eth1.7
[Network]
Bridge=br0
== 90-other.network
[Match]
Driver=virtio_net
[Network]
DHCP=yes
`)
  assert.deepEqual(specsOf(result), [
    {
      interfaceName: 'br0',
      type: 'bridge',
      hardwareAddress: '02:aa:00:00:00:01',
      addresses: ['10.0.0.2/24', 'fd00::2/64', { local: '10.1.0.1', peer: '10.1.0.2/32' }],
      routes: [
        { to: '0.0.0.0/0', via: '10.0.0.1' },
        { to: '10.5.0.0/16', via: '10.0.0.9', metric: 20, mtu: 1400 },
      ],
      bridge: { stp: true, forwardDelay: 4, ageingTime: 90, ports: ['eth0', 'eth1.7'] },
    },
    { interfaceName: 'eth1.7', type: 'vlan', master: 'br0', vlan: { id: 7, link: 'eth1' } },
  ])
  assert.deepEqual(leftOf(result), [
    '10-br0.netdev:4 [NetDev] Description',
    '10-br0.netdev:10 [Bridge] DefaultPVID',
    '10-br0.netdev:11 [Bridge] MulticastQuerier',
    '40-br0.network:7 [Network] Address',
    '40-br0.network:13 [Route]',
    '30-eth0.network:5 [Network] DHCP: eth0 is not made by any of the files',
    '90-other.network all of it: which links it is about is not known here',
  ])
})

test('vxlan, veth, vrf, macvlan, dummy and tunnels, each wired by whom it lies on', () => {
  const result = imported(`== a.netdev
[NetDev]
Name=vx1
Kind=vxlan
MTUBytes=1400
[VXLAN]
VNI=142
Local=10.0.0.1
Remote=10.0.0.2
MacLearning=no
DestinationPort=4789
PortRange=1000-2000
FDBAgeingSec=60
FlowLabel=5
== b.netdev
[NetDev]
Name=v0
Kind=veth
[Peer]
Name=v1
MACAddress=02:00:00:00:00:07
== c.netdev
[NetDev]
Name=blue
Kind=vrf
[VRF]
Table=100
== d.netdev
[NetDev]
Name=m0
Kind=macvlan
== e.netdev
[NetDev]
Name=d0
Kind=dummy
== f.netdev
[NetDev]
Name=t0
Kind=ip6gretap
[Tunnel]
Local=any
Remote=fd00::2
Key=0.0.0.7
Mode=ip6ip6
== g.netdev
[NetDev]
Name=bond0
Kind=bond
== eth0.network
[Match]
Name=eth0
[Network]
VXLAN=vx1
MACVLAN=m0
Tunnel=t0 nothing
== v.network
[Match]
Name=v1 vx1
[Network]
VRF=blue
[Link]
ActivationPolicy=manual
[BridgeFDB]
MACAddress=02:00:00:00:00:09
Destination=10.0.0.3
`)
  assert.deepEqual(specsOf(result), [
    { interfaceName: 'blue', type: 'vrf', up: false, vrf: { table: 100 } },
    { interfaceName: 'd0', type: 'dummy', up: false },
    { interfaceName: 'm0', type: 'macvlan', up: false, macvlan: { mode: 'vepa', link: 'eth0' } },
    {
      interfaceName: 't0',
      type: 'gre',
      up: false,
      gre: { ethernet: true, remote: 'fd00::2', key: 7, link: 'eth0' },
    },
    {
      interfaceName: 'v0',
      type: 'veth',
      up: false,
      veth: { peer: { interfaceName: 'v1', hardwareAddress: '02:00:00:00:00:07', master: 'blue' } },
    },
    {
      interfaceName: 'vx1',
      type: 'vxlan',
      mtu: 1400,
      master: 'blue',
      up: false,
      vxlan: {
        port: 4789,
        udpChecksum: false,
        vni: 142,
        local: '10.0.0.1',
        remote: '10.0.0.2',
        learning: false,
        sourcePortRange: { start: 1000, end: 2000 },
        ageingSeconds: 60,
        link: 'eth0',
        forwarding: [{ hardwareAddress: '02:00:00:00:00:09', destination: '10.0.0.3' }],
      },
    },
  ])
  assert.deepEqual(leftOf(result), [
    'a.netdev:13 [VXLAN] FlowLabel',
    'f.netdev:8 [Tunnel] Mode',
    'g.netdev all of it: bond0: links of the kind bond cannot be declared',
    'v.network:7 [BridgeFDB]',
    'eth0.network:6 [Network] Tunnel: what it names is not made by any of the files',
  ])
})

const WIREGUARD = `== wg0.netdev
[NetDev]
Name=wg0
Kind=wireguard
MTUBytes=1380
[WireGuard]
PrivateKeyFile=/etc/systemd/network/wg0.key
ListenPort=51820
FirewallMark=0x2a
RouteTable=1000
[WireGuardPeer]
PublicKey=${PEER}
PresharedKey=${PRESHARED}
AllowedIPs=10.9.0.0/24, 192.168.7.0/24
AllowedIPs=fd00:9::/64
Endpoint=hub.example.net:51820
PersistentKeepalive=25
== wg0.network
[Match]
Name=wg0
[Network]
Address=10.9.0.2/24
Address=fd00:9::2/64
[Route]
Destination=192.168.7.0/24
Scope=link
Table=1000
`

test('a WireGuard interface has its keys in a Secret only, and its routes as its table', () => {
  const result = imported(WIREGUARD, { '/etc/systemd/network/wg0.key': `${PRIVATE}\n` })
  assert.deepEqual(specsOf(result), [
    {
      interfaceName: 'wg0',
      privateKeySecretRef: { name: 'host-wg0', key: 'privateKey' },
      addresses: ['10.9.0.2/24', 'fd00:9::2/64'],
      listenPort: 51820,
      mtu: 1380,
      table: 1000,
      fwmark: 42,
      peers: [
        {
          publicKey: PEER,
          presharedKeySecretRef: { name: 'host-wg0', key: 'presharedKey-1' },
          allowedIPs: ['10.9.0.0/24', '192.168.7.0/24', 'fd00:9::/64'],
          endpoint: 'hub.example.net:51820',
          persistentKeepalive: 25,
        },
      ],
    },
  ])
  const text = JSON.stringify([result.objects, result.leftOut])
  assert.ok(!text.includes(PRIVATE) && !text.includes(PRESHARED))
  assert.ok(JSON.stringify(result.secrets[0]?.secret).includes(PRIVATE))
  assert.deepEqual(leftOf(result), [])
  const all = [...result.objects, result.secrets[0]?.secret].map((one) => stringify(one)).join('---\n')
  const { objects, problems } = parseObjects(all, { file: 'all.yaml' })
  assert.deepEqual([...problems, ...plan(objects, { networks: {} }).problems], [])
})

test('a key that is in a file that cannot be read is said, without its path', () => {
  assert.deepEqual(leftOf(imported(WIREGUARD)), [
    'wg0.netdev:6 [WireGuard] PrivateKeyFile: the file has no key that could be read here',
  ])
})

test('drop-ins belong to their file, a name is made once, and what the model refuses is left out with the reason', () => {
  const result = imported(`== /etc/systemd/network/d.netdev
[NetDev]
Name=d0
Kind=dummy
== /etc/systemd/network/d.netdev.d/mtu.conf
[NetDev]
MTUBytes=9K
== /etc/systemd/network/e.netdev
[NetDev]
Name=d0
Kind=bridge
== /etc/systemd/network/f.netdev
[NetDev]
Name=x
Kind=vlan
[VLAN]
Id=7
== /etc/systemd/network/all.network
[Match]
Name=d[0-9]
`)
  assert.deepEqual(specsOf(result), [{ interfaceName: 'd0', type: 'dummy', mtu: 9216 }])
  assert.deepEqual(leftOf(result), [
    '/etc/systemd/network/e.netdev d0, a second time',
    'NetlinkInterface/host-x spec.vlan.link all of it: missing: expected a string',
  ])
})

test('a pattern of many stars is matched at once', () => {
  const result = imported(`== d.netdev
[NetDev]
Name=aaaaaaaaaaaaaaa
Kind=dummy
== d.network
[Match]
Name=${'*'.repeat(200)}b ${'*a'.repeat(40)}b [a-
`)
  assert.deepEqual(specsOf(result), [{ interfaceName: 'aaaaaaaaaaaaaaa', type: 'dummy', up: false }])
})

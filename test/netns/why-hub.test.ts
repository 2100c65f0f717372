/** `warren why` between two machines that only a hub connects: what breaks at the hub is looked for at the hub. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type Break, breakAll, dropAt, dropNothing, hostOf, netOf } from './why-breaks.ts'
import { causeText, Laptop, underlay, WHY_MAKE } from './why-hosts.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24]
  topology: HubAndSpoke
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: hub, addresses: [10.88.0.254], endpoint: "203.0.113.1:51820" }
  - { name: a, addresses: [10.88.0.1] }
  - { name: b, addresses: [10.88.0.2] }
`

const BREAKS: readonly Break[] = [
  {
    name: 'the hub drops what it is to forward',
    cut: (s) => dropAt(netOf(s, 'hub'), 'forward', 'iifname "wg0" oifname "wg0" drop'),
    mend: (s) => dropNothing(netOf(s, 'hub')),
    cause:
      /^nftables at hub: .* drops packets from 10\.88\.0\.1 to 10\.88\.0\.2 \(in by wg0, out by wg0\): .*oifname "wg0" drop/,
    fix: /^nft insert rule inet t c iifname "wg0" oifname "wg0" accept$/,
  },
  {
    name: 'the hub has a policy of drop for forwarding',
    cut: async (s) => {
      const { net } = hostOf(s, 'hub')
      await net.exec('nft add table inet t')
      await net.exec('nft add chain inet t c { type filter hook forward priority 0 ; policy drop ; }')
      await net.exec('nft add rule inet t c ct state established,related accept')
    },
    mend: (s) => dropNothing(netOf(s, 'hub')),
    cause: /^nftables at hub: .*the policy of chain c of table inet t is drop$/,
    fix: /^nft insert rule inet t c iifname "wg0" oifname "wg0" accept$/,
  },
  {
    name: 'large packets vanish between the hub and the far end',
    cut: async (s) => {
      // An agent that measures would make the interfaces smaller.
      for (const name of ['a', 'b', 'hub']) await hostOf(s, name).signal('SIGKILL')
      await dropAt(s.router, 'forward', 'oifname "to-b" meta length > 1300 drop')
    },
    mend: (s) => dropNothing(s.router),
    cause: /^mtu at hub: packets of 1420 bytes vanish between hub and b; the largest that passes has 1232$/,
    fix: /^ip link set dev wg0 mtu 1232/,
  },
  {
    name: 'the hub does not forward, and no agent turns it on',
    cut: (s) => netOf(s, 'hub').exec('sysctl -qw net.ipv4.conf.wg0.forwarding=0'),
    mend: (s) => netOf(s, 'hub').exec('sysctl -qw net.ipv4.conf.wg0.forwarding=1'),
    cause: /^forwarding at hub: hub does not forward IPv4 packets that come in by wg0/,
    fix: /^sysctl -w net\.ipv4\.conf\.wg0\.forwarding=1$/,
  },
  {
    name: 'the hub is down',
    cut: (s) => netOf(s, 'hub').exec('ip link set wg0 down'),
    mend: (s) => netOf(s, 'hub').exec('ip link set wg0 up'),
    cause: /^interface at hub: wg0 is down/,
    fix: /^ip link set dev wg0 up$/,
  },
  {
    name: 'the far end does not listen to the hub any more',
    cut: (s) => dropAt(netOf(s, 'b'), 'input', 'udp sport 51820 drop'),
    mend: (s) => dropNothing(netOf(s, 'b')),
    cause: /^firewall at b: .* drops .*udp sport 51820 drop/,
    fix: /^nft insert rule inet t c /,
  },
]

const options = { ...needs(WHY_MAKE.needs), timeout: patiently(600_000) }

test('warren why follows a packet through the hub', options, async (t) => {
  const { router, hosts } = await underlay(t, ['a', 'b', 'hub'])
  const laptop = await Laptop.with(t, PLAN, Object.values(hosts))
  await laptop.start()
  // The hub can call nobody before it was called.
  assert.equal((await laptop.works('b', 'hub')).reaches, true)
  const well = await laptop.works('a', 'b')
  assert.equal(causeText(well), 'none', well.text)
  assert.deepEqual(well.nodes, ['a', 'hub', 'b'])
  await breakAll(t, { router, hosts, laptop }, BREAKS)
})

/**
 * `warren why` on two machines with a router between them, while their agents run: whatever is broken is named.
 */
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
  hubs: [b]
  interface: { name: wg0 }
  nodes:
  - { name: a, addresses: [10.88.0.1] }
  - { name: b, addresses: [10.88.0.2], endpoint: "198.51.100.1:51820" }
`

const BREAKS: readonly Break[] = [
  {
    name: 'the far end drops the datagrams of the tunnel',
    cut: (s) => dropAt(netOf(s, 'b'), 'input', 'udp dport 51820 drop'),
    mend: (s) => dropNothing(netOf(s, 'b')),
    cause: /^firewall at b: .* drops datagrams of a: chain c of table inet t says udp dport 51820 drop/,
    fix: /^nft insert rule inet t c udp dport 51820 accept$/,
  },
  {
    name: 'the near end lets no datagrams out',
    cut: (s) => dropAt(netOf(s, 'a'), 'output', 'oifname "eth0" meta l4proto udp reject'),
    mend: (s) => dropNothing(netOf(s, 'a')),
    cause: /^firewall at a: .* drops datagrams to b: .*oifname "eth0" l4proto udp reject/,
    fix: /^nft insert rule inet t c udp dport 51820 accept$/,
  },
  {
    name: 'somebody between them drops UDP',
    cut: (s) => dropAt(s.router, 'forward', 'udp dport 51820 drop'),
    mend: (s) => dropNothing(s.router),
    cause: /^handshake at a: a and b shook hands \d+ s ago, but nothing passes now/,
    fix: /^Let UDP port 51820 to b through on every firewall and router between them\.$/,
  },
  {
    name: 'the endpoint has no route',
    cut: (s) => netOf(s, 'a').exec('ip route delete default'),
    mend: (s) => netOf(s, 'a').exec('ip route add default via 192.0.2.254'),
    cause: /^underlay at a: a has no route to 198\.51\.100\.1, where b is \(ENETUNREACH\)/,
    fix: /^ip route get 198\.51\.100\.1$/,
  },
  {
    name: 'a longer route by another link wins',
    cut: (s) => netOf(s, 'a').exec('ip route add 10.88.0.2/32 via 192.0.2.254'),
    mend: (s) => netOf(s, 'a').exec('ip route delete 10.88.0.2/32'),
    cause: /^route at a: at a 10\.88\.0\.2 goes out by eth0, not by wg0: the route 10\.88\.0\.2\/32 wins/,
    fix: /^ip route delete 10\.88\.0\.2\/32 dev eth0$/,
  },
  {
    name: 'the LAN has the addresses of the plan',
    cut: (s) => netOf(s, 'a').exec('ip address add 10.88.0.4/29 dev eth0'),
    mend: (s) => netOf(s, 'a').exec('ip address delete 10.88.0.4/29 dev eth0'),
    cause: /^route at a: 10\.88\.0\.2 is in 10\.88\.0\.0\/29, the own network of eth0 at a/,
    fix: /^Give the plan a CIDR that no LAN uses/,
  },
  {
    name: 'a policy rule leads elsewhere',
    cut: async (s) => {
      await netOf(s, 'a').exec('ip route add default via 192.0.2.254 table 77')
      await netOf(s, 'a').exec('ip rule add to 10.88.0.0/24 lookup 77 priority 100')
    },
    mend: (s) => netOf(s, 'a').exec('ip rule delete priority 100'),
    cause:
      /^rule at a: at a the rule 100: from all to 10\.88\.0\.0\/24 lookup 77 leads 10\.88\.0\.2 out by eth0 \(table 77\)/,
    fix: /^ip rule delete from all to 10\.88\.0\.0\/24 lookup 77 priority 100$/,
  },
  {
    name: 'answers have no way back at the far end',
    cut: (s) => netOf(s, 'b').exec('ip route add 10.88.0.1/32 via 198.51.100.254'),
    mend: (s) => netOf(s, 'b').exec('ip route delete 10.88.0.1/32'),
    cause: /^route at b: at b 10\.88\.0\.1 goes out by eth0/,
    fix: /^ip route delete 10\.88\.0\.1\/32 dev eth0$/,
  },
  {
    name: 'the far end drops what comes out of the tunnel',
    cut: (s) => dropAt(netOf(s, 'b'), 'input', 'iifname "wg0" ip saddr 10.88.0.0/24 drop'),
    mend: (s) => dropNothing(netOf(s, 'b')),
    cause:
      /^nftables at b: .* drops packets from 10\.88\.0\.1 to 10\.88\.0\.2 \(in by wg0\): .*iifname "wg0"/,
    fix: /^nft insert rule inet t c iifname "wg0" accept$/,
  },
  {
    name: 'the far end is cut off and cannot be asked',
    cut: async (s) => {
      await netOf(s, 'b').exec('ip link set eth0 down')
      s.laptop.reach([hostOf(s, 'a')])
    },
    mend: async (s) => {
      await netOf(s, 'b').exec('ip link set eth0 up')
      await netOf(s, 'b').exec('ip route add default via 198.51.100.254')
      s.laptop.reach([hostOf(s, 'a'), hostOf(s, 'b')])
    },
    cause: /^handshake at a: a hears nothing from b for \d+ s/,
    fix: /^Look at b itself/,
  },
]

const options = { ...needs(WHY_MAKE.needs), timeout: patiently(600_000) }

test('warren why names what was broken between two machines', options, async (t) => {
  const { router, hosts } = await underlay(t, ['a', 'b'])
  const laptop = await Laptop.with(t, PLAN, Object.values(hosts))
  await laptop.start()
  const well = await laptop.works('a', 'b')
  assert.equal(causeText(well), 'none', well.text)
  assert.equal(well.reaches, true, well.text)
  assert.equal(well.code, 0)
  assert.deepEqual(
    well.findings.filter((one) => one.ok !== true),
    [],
  )
  await breakAll(t, { router, hosts, laptop }, BREAKS)
  const mended = await laptop.works('a', 'b')
  assert.equal(causeText(mended), 'none', mended.text)
})

/** The lab's rulesets as nft(8) text: what a person checks a firewall by. The kernel's word is in test/netns/. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from '../../linux/nftables/index.ts'
import { USUAL_NAT } from '../topology/topology.ts'
import { hostFirewall } from './host-firewall.ts'
import { natTable, routerFirewall } from './nat.ts'

const NAT = { ...USUAL_NAT, outside: 'wan', outsideAddress: '198.51.100.10', inside: 'lan', forwards: [] }

test('a host accepts answers, its own tunnels, neighbour discovery and its one port, and drops the rest', () => {
  const table = hostFirewall({ underlay: 'eth0', openUdp: [51820], redirects: [] })
  assert.equal(
    formatTable(table),
    `table inet lab-firewall {
  chain input { type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname != "eth0" accept
    icmpv6 type >= 133 icmpv6 type <= 137 accept
    udp dport 51820 accept
  }
  chain forward { type filter hook forward priority 0; policy drop;
    iifname != "eth0" oifname != "eth0" accept
  }
}
`,
  )
})

test('a router lets in answers and what it forwards itself, nothing else', () => {
  const text = formatTable(routerFirewall(NAT))
  assert.match(
    text,
    /hook forward priority 0; policy drop;\n.*established,related accept\n.*"lan" accept\n.*ct status dnat accept/,
  )
})

test('endpoint-independent mapping asks for the LAN endpoint alone, dependent ones for the remote too', () => {
  const keyOf = (mapping: (typeof NAT)['mapping']): string =>
    /map mapping \{ type ([^:]+) :/.exec(formatTable(natTable({ ...NAT, mapping })))?.[1] ?? ''
  assert.equal(keyOf('endpoint-independent'), 'ipv4_addr . inet_service')
  assert.equal(keyOf('address-dependent'), 'ipv4_addr . inet_service . ipv4_addr')
  assert.equal(keyOf('address-and-port-dependent'), 'ipv4_addr . inet_service . ipv4_addr . inet_service')
})

test('only filtering wider than conntrack needs a way in of its own', () => {
  const inward = (filtering: (typeof NAT)['filtering']): number =>
    natTable({ ...NAT, filtering }).chains.find((chain) => chain.name === 'in')?.rules.length ?? -1
  assert.deepEqual(
    [inward('endpoint-independent'), inward('address-dependent'), inward('address-and-port-dependent')],
    [1, 1, 0],
  )
})

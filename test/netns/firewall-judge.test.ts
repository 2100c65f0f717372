/**
 * What we say a packet filter does, against what it does: each rule set is loaded by nft(8), read back through our
 * netlink codec, judged, and then a real datagram is sent.
 *
 *      left 192.0.2.1:40000 ── veth ── 192.0.2.2:51820 right, which filters
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { judge, type Packet } from '../../src/diagnosis/index.ts'
import {
  AF_INET,
  check,
  encodeSocketAddress,
  IPPROTO_UDP,
  loadSyscalls,
  openNetns,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  withNetns,
} from '../../src/linux/index.ts'
import { NftablesSocket, readRuleset } from '../../src/linux/nftables/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

/** `doubt`: nobody can say from the rules alone. */
const RULES: readonly { readonly rules: string; readonly want: 'accept' | 'drop' | 'doubt' }[] = [
  { rules: '', want: 'accept' },
  { rules: 'udp dport 51820 drop', want: 'drop' },
  { rules: 'udp dport 51821 drop', want: 'accept' },
  { rules: 'udp dport != 51820 accept; drop', want: 'drop' },
  { rules: 'udp dport 51000-52000 counter drop', want: 'drop' },
  { rules: 'udp dport > 51820 drop', want: 'accept' },
  { rules: 'udp dport { 22, 51820 } drop', want: 'drop' },
  { rules: 'udp dport { 22, 53-80 } drop', want: 'accept' },
  { rules: 'udp dport { 22, 51820-51830 } drop', want: 'drop' },
  { rules: 'udp dport != { 22, 51820 } accept; reject', want: 'drop' },
  { rules: 'meta l4proto udp log reject', want: 'drop' },
  { rules: 'ip protocol udp drop', want: 'drop' },
  { rules: 'ip protocol tcp drop', want: 'accept' },
  { rules: 'ip saddr 192.0.2.0/24 drop', want: 'drop' },
  { rules: 'ip saddr 192.0.2.128/25 drop', want: 'accept' },
  { rules: 'ip saddr { 10.0.0.0/8, 192.0.2.0/30 } drop', want: 'drop' },
  { rules: 'ip daddr 192.0.2.2 udp sport 40000 drop', want: 'drop' },
  { rules: 'ip6 saddr ::/0 drop', want: 'accept' },
  { rules: 'meta nfproto ipv6 drop', want: 'accept' },
  { rules: 'iifname "eth0" drop', want: 'drop' },
  { rules: 'iifname "eth*" drop', want: 'drop' },
  { rules: 'iifname "eth1" drop', want: 'accept' },
  { rules: 'iifname { "lo", "eth0" } drop', want: 'drop' },
  { rules: 'ct state new drop', want: 'drop' },
  { rules: 'ct state established,related accept; udp dport 51820 drop', want: 'drop' },
  { rules: 'ct state vmap { established : accept, new : drop }', want: 'drop' },
  { rules: 'ct state vmap { established : drop, new : accept }; drop', want: 'accept' },
  { rules: 'udp dport vmap { 51820 : jump side }; accept', want: 'drop' },
  { rules: 'jump side', want: 'drop' },
  { rules: 'udp dport 22 goto side', want: 'accept' },
  { rules: 'jump back; drop', want: 'drop' },
  { rules: 'meta mark 0x1 drop', want: 'accept' },
  { rules: 'mark set 0x1', want: 'accept' },
  { rules: '@th,16,16 0xca6c drop', want: 'drop' },
  { rules: 'limit rate 1/minute accept; drop', want: 'doubt' },
  { rules: 'fib daddr type local accept; drop', want: 'doubt' },
  { rules: 'meta length > 5000 drop', want: 'doubt' },
  { rules: 'udp dport . ip saddr { 51820 . 192.0.2.1 } drop', want: 'drop' },
  { rules: 'udp dport . ip saddr { 51820 . 192.0.2.9 } drop', want: 'accept' },
  { rules: 'meta l4proto . udp dport { udp . 51820 } drop', want: 'drop' },
  { rules: 'udp dport . ip saddr { 51000-52000 . 192.0.2.0/24 } drop', want: 'doubt' },
]

const PACKET: Packet = {
  ...{ family: 4, protocol: 'udp', source: '192.0.2.1', destination: '192.0.2.2', state: 'new' },
  ...{ sourcePort: 40_000, destinationPort: 51_820, inputLink: 'eth0' },
}

const options = {
  ...needs({ root: true, kernel: ['veth', 'nftables'], tools: ['ip', 'nsenter', 'unshare', 'nft'] }),
  timeout: patiently(120_000),
}

const tableOf = (rules: string): string => `flush ruleset
table inet t {
  chain side { udp dport 51820 drop; }
  chain back { return; }
  chain c { type filter hook input priority 0; policy accept; ${rules === '' ? '' : `${rules};`} }
}
`

test('what we say of a packet filter is what it does to a real datagram', options, async (t) => {
  const left = await Namespace.create('left')
  t.after(() => left.close())
  const right = await Namespace.create('right')
  t.after(() => right.close())
  await connect([left, '192.0.2.1/24'], [right, '192.0.2.2/24'])
  const sys = loadSyscalls()
  const [near, far] = [openNetns(sys, left.pid), openNetns(sys, right.pid)]
  const bound = (netns: number, address: string, port: number): number =>
    withNetns(sys, netns, () => {
      const socket = check(sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP), 'open a socket')
      check(sys.bind(socket, encodeSocketAddress({ address, port })), 'bind it')
      return socket
    })
  const sender = bound(near, '192.0.2.1', 40_000)
  const receivers = [bound(far, '192.0.2.2', 51_820), bound(far, '192.0.2.2', 9)]
  t.after(() => [near, far, sender, ...receivers].forEach((fd) => sys.close(fd)))
  const send = (port: number): number =>
    sys.sendto(sender, Buffer.from('x'), 0, encodeSocketAddress({ address: '192.0.2.2', port }))
  const hears = (socket: number): boolean => sys.recv(socket, Buffer.alloc(16), 0x40) > 0

  for (const { rules, want } of RULES) {
    // Forgotten connections would be established ones.
    withNetns(sys, far, () => execFileSync('nft', ['-f', '-'], { input: tableOf(rules), stdio: 'pipe' }))
    const ruleset = withNetns(sys, far, () => {
      const socket = NftablesSocket.open(sys)
      try {
        return readRuleset(socket, { maxRules: 100 })
      } finally {
        socket.close()
      }
    })
    assert.ok(ruleset)
    const said = judge(ruleset, { hooks: ['input'], packet: PACKET })
    const [echo, done] = receivers
    while (hears(echo ?? -1));
    send(51_820)
    // Sent after it, and let through by the same queue: what has not come by then was dropped.
    withNetns(sys, far, () => execFileSync('nft', ['flush', 'ruleset'], { stdio: 'pipe' }))
    await eventually(() => send(9) >= 0 && hears(done ?? -1))
    const arrived = hears(echo ?? -1)
    if (want === 'doubt') assert.equal(said.certain, false, rules)
    else {
      assert.deepEqual([said.verdict, said.certain], [want, true], rules)
      assert.equal(arrived, want === 'accept', rules)
    }
  }
})

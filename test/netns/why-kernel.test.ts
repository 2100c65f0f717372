/**
 * `warren why` where the kernel's own WireGuard carries the tunnel: it has sockets of its own, and counts what it received
 * only after the allowed IPs. Two breaks, because emulated machines are slow; the rest is in the files beside this one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type Break, breakAll, dropAt, dropNothing, hostOf, netOf } from './why-breaks.ts'
import { causeText, Laptop, underlay, WHY_MAKE } from './why-hosts.ts'

const MAKE = {
  ...WHY_MAKE,
  name: 'the kernel',
  needs: { ...WHY_MAKE.needs, kernel: ['wireguard', 'veth', 'nftables'] },
  flags: ['--backend', 'kernel'],
} as const

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
    name: 'the far end drops the datagrams of the tunnel (kernel)',
    cut: (s) => dropAt(netOf(s, 'b'), 'input', 'udp dport 51820 drop'),
    mend: (s) => dropNothing(netOf(s, 'b')),
    cause: /^firewall at b: .* drops datagrams of a/,
    fix: /^nft insert rule inet t c udp dport 51820 accept$/,
  },
  {
    name: 'the allowed IPs lack the source (kernel)',
    cut: async (s) => {
      for (const name of ['a', 'b']) await hostOf(s, name).signal('SIGKILL')
      const key = (await netOf(s, 'b').exec('wg show wg0 peers')).trim()
      await netOf(s, 'b').exec(`wg set wg0 peer ${key} allowed-ips 10.66.0.0/16`)
    },
    cause: /^allowed-ips at b: at b the allowed IPs give 10\.88\.0\.1 to nobody, not to a/,
    fix: /^wg set wg0 peer /,
  },
]

const options = { ...needs(MAKE.needs), timeout: patiently(120_000) }

test('warren why names what was broken on the kernel’s WireGuard', options, async (t) => {
  const { router, hosts } = await underlay(t, ['a', 'b'], MAKE)
  const laptop = await Laptop.with(t, PLAN, Object.values(hosts))
  await laptop.start()
  const well = await laptop.works('a', 'b')
  assert.equal(causeText(well), 'none', well.text)
  await breakAll(t, { router, hosts, laptop }, BREAKS)
})

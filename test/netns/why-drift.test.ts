/**
 * `warren why` on two machines whose agents are gone, so that nobody repairs what breaks: each thing that a tunnel is
 * made of is taken away by itself.
 */
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import {
  type Break,
  breakAll,
  dropAt,
  dropNothing,
  hostOf,
  netOf,
  processesOf,
  type Scene,
} from './why-breaks.ts'
import { Laptop, underlay, WHY_MAKE } from './why-hosts.ts'

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

const peerOf = async (s: Scene, node: string): Promise<string> =>
  (await netOf(s, node).exec('wg show wg0 peers')).trim()

const setPeer = async (s: Scene, node: string, words: string): Promise<string> =>
  netOf(s, node).exec(`wg set wg0 peer ${await peerOf(s, node)} ${words}`)

const BREAKS: readonly Break[] = [
  {
    name: 'large packets vanish on the way',
    cut: (s) => dropAt(s.router, 'forward', 'meta length > 1300 drop'),
    mend: (s) => dropNothing(s.router),
    cause: /^mtu at a: packets of 1420 bytes vanish between a and b; the largest that passes has 1232$/,
    fix: /^ip link set dev wg0 mtu 1232/,
  },
  {
    name: 'the link at the far end is down',
    cut: (s) => netOf(s, 'b').exec('ip link set wg0 down'),
    mend: (s) => netOf(s, 'b').exec('ip link set wg0 up'),
    cause: /^interface at b: wg0 is down/,
    fix: /^ip link set dev wg0 up$/,
  },
  {
    name: 'the far end lost its address',
    cut: (s) => netOf(s, 'b').exec('ip address delete 10.88.0.2/24 dev wg0'),
    mend: (s) => netOf(s, 'b').exec('ip address add 10.88.0.2/24 dev wg0'),
    cause: /^interface at b: wg0 lacks its address 10\.88\.0\.2/,
    fix: /^ip address add 10\.88\.0\.2\/24 dev wg0$/,
  },
  {
    name: 'the route into the tunnel is missing',
    cut: (s) => netOf(s, 'a').exec('ip route delete 10.88.0.0/24 dev wg0'),
    mend: (s) => netOf(s, 'a').exec('ip route add 10.88.0.0/24 dev wg0 src 10.88.0.1'),
    cause:
      /^route at a: a has no route to 10\.88\.0\.2 through wg0 \(the default route takes it out by eth0\)/,
    fix: /^ip route add 10\.88\.0\.\S* dev wg0$/,
  },
  {
    name: 'the allowed IPs lack the destination',
    cut: (s) => setPeer(s, 'a', 'allowed-ips 10.66.0.0/16'),
    mend: (s) => setPeer(s, 'a', 'allowed-ips 10.88.0.0/24'),
    cause: /^allowed-ips at a: at a the allowed IPs give 10\.88\.0\.2 to nobody, not to b/,
    fix: /^wg set wg0 peer \S+ allowed-ips 10\.88\.0\.\S+$/,
  },
  {
    name: 'the allowed IPs lack the source',
    cut: (s) => setPeer(s, 'b', 'allowed-ips 10.66.0.0/16'),
    mend: (s) => setPeer(s, 'b', 'allowed-ips 10.88.0.1/32'),
    cause: /^allowed-ips at b: at b the allowed IPs give 10\.88\.0\.1 to nobody, not to a/,
    fix: /^wg set wg0 peer \S+ allowed-ips 10\.88\.0\.1\/32$/,
  },
  {
    name: 'the far end does not know the caller',
    cut: (s) => setPeer(s, 'b', 'remove'),
    mend: async (s) => {
      const key = (await netOf(s, 'a').exec('wg show wg0 public-key')).trim()
      await netOf(s, 'b').exec(`wg set wg0 peer ${key} allowed-ips 10.88.0.1/32`)
    },
    cause: /^keys at b: wg0 at b has no peer a/,
    fix: /^warren push PLAN/,
  },
  {
    name: 'one end has a preshared key that the other has not',
    cut: async (s) => {
      await netOf(s, 'b').exec('cp /run/agent/other.key /run/agent/psk')
      const key = await peerOf(s, 'b')
      await netOf(s, 'b').exec(`wg set wg0 peer ${key} remove`)
      await netOf(s, 'b').exec(`wg set wg0 peer ${key} preshared-key /run/agent/psk allowed-ips 10.88.0.1/32`)
    },
    mend: (s) => setPeer(s, 'b', 'preshared-key /dev/null'),
    cause: /^keys at a: a and b have different preshared keys for each other/,
    fix: /^warren push PLAN/,
  },
  {
    name: 'the far end has another key than the plan says',
    cut: async (s) => {
      await netOf(s, 'b').exec('wg set wg0 private-key /run/agent/other.key')
    },
    cause: /^keys at b: the key of b is \S+…, but the plan has \S+… for it/,
    fix: /--accept-new-keys$/,
  },
  {
    name: 'nobody serves the tunnel at the far end',
    cut: async (s) => {
      for (const pid of processesOf(netOf(s, 'b'), 'wg0')) process.kill(pid, 'SIGKILL')
      await eventually(async () => !(await netOf(s, 'b').succeeds('wg show wg0')))
    },
    cause: /^interface at b: wg0 is there, but no process serves it/,
    fix: /^systemctl start warren-agent$/,
  },
  {
    name: 'the link at the far end is gone',
    cut: (s) => netOf(s, 'b').exec('ip link delete wg0'),
    cause: /^interface at b: wg0 is not there, and no agent runs that would make it/,
    fix: /^systemctl start warren-agent$/,
  },
]

const options = { ...needs(WHY_MAKE.needs), timeout: patiently(600_000) }

test('warren why names what is missing where no agent repairs it', options, async (t) => {
  const { router, hosts } = await underlay(t, ['a', 'b'])
  const laptop = await Laptop.with(t, PLAN, Object.values(hosts))
  await laptop.start()
  const scene = { router, hosts, laptop }
  for (const name of ['a', 'b']) {
    await hostOf(scene, name).signal('SIGKILL')
    await netOf(scene, name).exec('sh -c wg${IFS}genkey>/run/agent/other.key')
  }
  await breakAll(t, scene, BREAKS)
})

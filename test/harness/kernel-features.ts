/**
 * What this kernel can do, found out by trying it in a throwaway network namespace.
 *
 * A module list would not do: features are built in, loaded on demand or forbidden, and only the attempt tells.
 * Where a needed tool (unshare, ip, tc, nft) is absent, the kernel's own configuration answers instead.
 * scripts/test.ts probes once and hands the answers to every test process in WARREN_KERNEL_FEATURES.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { findTool } from './tools.ts'

/** The attempt (run by sh inside new namespaces), the tool it takes, and the options that promise the same. */
const PROBES = {
  wireguard: { tool: 'ip', attempt: 'ip link add probe0 type wireguard', config: ['WIREGUARD'] },
  dummy: { tool: 'ip', attempt: 'ip link add probe0 type dummy', config: ['DUMMY'] },
  veth: { tool: 'ip', attempt: 'ip link add probe0 type veth peer name probe1', config: ['VETH'] },
  bridge: { tool: 'ip', attempt: 'ip link add probe0 type bridge', config: ['BRIDGE'] },
  vxlan: { tool: 'ip', attempt: 'ip link add probe0 type vxlan id 1 dstport 4789', config: ['VXLAN'] },
  vrf: { tool: 'ip', attempt: 'ip link add probe0 type vrf table 10', config: ['NET_VRF'] },
  vlan: {
    tool: 'ip',
    attempt: 'ip link add probe1 type veth peer name probe2; ip link add probe0 link probe1 type vlan id 1',
    config: ['VLAN_8021Q', 'VETH'],
  },
  macvlan: {
    tool: 'ip',
    attempt: 'ip link add probe1 type veth peer name probe2; ip link add probe0 link probe1 type macvlan',
    config: ['MACVLAN', 'VETH'],
  },
  ipip: { tool: 'ip', attempt: 'ip link add probe0 type ipip remote 192.0.2.1', config: ['NET_IPIP'] },
  ip6tnl: {
    tool: 'ip',
    attempt: 'ip link add probe0 type ip6tnl remote 2001:db8::1',
    config: ['IPV6_TUNNEL'],
  },
  gre: { tool: 'ip', attempt: 'ip link add probe0 type gre remote 192.0.2.1', config: ['NET_IPGRE'] },
  ip6gre: { tool: 'ip', attempt: 'ip link add probe0 type ip6gre remote 2001:db8::1', config: ['IPV6_GRE'] },
  tun: { tool: 'ip', attempt: 'ip tuntap add mode tun name probe0', config: ['TUN'] },
  netem: { tool: 'tc', attempt: 'tc qdisc add dev lo root netem delay 1ms', config: ['NET_SCH_NETEM'] },
  nftables: { tool: 'nft', attempt: 'nft add table inet probe', config: ['NF_TABLES', 'NF_TABLES_INET'] },
  userns: { tool: 'unshare', attempt: 'unshare --user --map-root-user true', config: ['USER_NS'] },
  'force-forwarding': {
    tool: 'sh',
    attempt: 'test -e /proc/sys/net/ipv6/conf/lo/force_forwarding',
    config: [],
  },
} as const

export type KernelFeature = keyof typeof PROBES
export const KERNEL_FEATURES = Object.keys(PROBES) as readonly KernelFeature[]

const answers = new Map<KernelFeature, boolean>(handedDown())

export function hasKernelFeature(feature: KernelFeature): boolean {
  const known = answers.get(feature)
  if (known !== undefined) return known
  const answer = probe(feature)
  answers.set(feature, answer)
  return answer
}

/** For child processes: WARREN_KERNEL_FEATURES with every answer in it. */
export function probeAllKernelFeatures(): string {
  return JSON.stringify(Object.fromEntries(KERNEL_FEATURES.map((f) => [f, hasKernelFeature(f)])))
}

function handedDown(): [KernelFeature, boolean][] {
  const text = process.env['WARREN_KERNEL_FEATURES']
  return text ? Object.entries(JSON.parse(text) as Record<KernelFeature, boolean>).map(typed) : []
}

function typed([feature, answer]: [string, boolean]): [KernelFeature, boolean] {
  return [feature as KernelFeature, answer]
}

function probe(feature: KernelFeature): boolean {
  const { tool, attempt, config } = PROBES[feature]
  if (!findTool('unshare') || !findTool(tool)) return config.length > 0 && config.every(isConfigured)
  const asRoot = process.getuid?.() === 0
  const namespaces = feature === 'userns' ? [] : asRoot ? ['--net'] : ['--user', '--map-root-user', '--net']
  const [program, ...rest] = feature === 'userns' ? ['sh'] : ['unshare', ...namespaces, 'sh']
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
  return spawnSync(program ?? 'sh', [...rest, '-c', attempt], { env, stdio: 'ignore' }).status === 0
}

function isConfigured(option: string): boolean {
  return new RegExp(`^CONFIG_${option}=[ym]$`, 'm').test(kernelConfig())
}

let configText: string | undefined

function kernelConfig(): string {
  if (configText !== undefined) return configText
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
  if (existsSync('/proc/config.gz')) configText = gunzipSync(readFileSync('/proc/config.gz')).toString()
  else if (existsSync(`/boot/config-${release}`)) configText = readFileSync(`/boot/config-${release}`, 'utf8')
  else configText = ''
  return configText
}

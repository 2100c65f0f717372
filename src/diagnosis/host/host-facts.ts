/** What `warren doctor` reads of a machine before anything is set up on it. */
import type { AddressFacts, FirewallFacts, LinkFacts } from '../facts.ts'

/** What Warren can make use of; each is found out by trying it in a namespace that is thrown away. */
export const KERNEL_FEATURES = [
  ...(['wireguard', 'tun', 'nftables', 'veth', 'bridge', 'vxlan'] as const),
  ...(['vlan', 'vrf', 'macvlan', 'dummy', 'ipip', 'gre'] as const),
] as const
export type KernelFeature = (typeof KERNEL_FEATURES)[number]

export interface HostFacts {
  readonly nodeVersion: string
  readonly kernelRelease: string
  /** Effective capabilities, by name: `CAP_NET_ADMIN`. */
  readonly capabilities: readonly string[]
  /** Null: could not be tried. */
  readonly features: Readonly<Record<KernelFeature, boolean | null>>
  /** Whether /dev/net/tun can be opened; why not, otherwise. */
  readonly tunDevice: 'usable' | 'missing' | 'forbidden'
  readonly nowMs: number
  readonly clockSynchronised: boolean | null
  readonly links: readonly LinkFacts[]
  readonly addresses: readonly AddressFacts[]
  /** Destinations that routes of links other than ours lead to. */
  readonly routes: readonly { readonly destination: string; readonly link: string }[]
  /** Links that carry Warren's mark. */
  readonly ours: readonly string[]
  /** WireGuard interfaces that are not ours, with the port they listen on. */
  readonly otherWireGuard: readonly { readonly link: string; readonly listenPort: number }[]
  readonly ownPorts: readonly number[]
  readonly udpPorts: readonly number[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly firewall: FirewallFacts
  /** The link of the default route. */
  readonly uplink: string | null
  readonly managers: ManagerFacts
  /** Sockets of container runtimes that are there. */
  readonly runtimes: readonly string[]
  readonly plan: PlannedHere | null
}

export interface ManagerFacts {
  /** Names of programs that run: `systemd-networkd`, `NetworkManager`, `dockerd`, … */
  readonly running: readonly string[]
  /** systemd-networkd removes routes and rules that it does not know, unless it is told not to. */
  readonly networkdKeepsForeign: boolean
  readonly ufwEnabled: boolean
  /** Interfaces that wg-quick has a file for. */
  readonly wgQuick: readonly string[]
}

/** What the plan wants of this machine. */
export interface PlannedHere {
  readonly node: string
  readonly cidrs: readonly string[]
  readonly interfaces: readonly {
    readonly name: string
    readonly listenPort: number | null
    readonly mtuBytes: number
  }[]
  readonly forwards: { readonly inet: boolean; readonly inet6: boolean }
}

export interface HostFinding {
  readonly check: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly says: string
  readonly fix: readonly string[]
}

export type HostCheck = (facts: HostFacts) => HostFinding | undefined

export const hostFindings = (check: string) => ({
  ok: (says: string): HostFinding => ({ check, level: 'ok', says, fix: [] }),
  warn: (says: string, ...fix: string[]): HostFinding => ({ check, level: 'warn', says, fix }),
  fail: (says: string, ...fix: string[]): HostFinding => ({ check, level: 'fail', says, fix }),
})

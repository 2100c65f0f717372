/**
 * What rtnetlink shows and does, in text forms that are the same everywhere: addresses as RFC 5952 text without
 * a zone, prefixes masked (`10.0.0.0/24`, `::/0`), times and sizes with their unit in the name.
 *
 * Things observed (`Link`, `Address`, `Route`, `Rule`) name a link by its index, because the kernel does and a
 * name may change in between; things wanted (`…Spec`) take a name or an index.
 */
import type { LinkKind, LinkSettings } from './kinds/index.ts'

export type LinkRef = string | number
export type Family = 'inet' | 'inet6'

/** IF_OPER_*: whether packets can pass, as RFC 2863 puts it. Many kinds never say more than `unknown`. */
export type OperState = 'unknown' | 'notpresent' | 'down' | 'lowerlayerdown' | 'testing' | 'dormant' | 'up'

export interface Link {
  readonly index: number
  readonly name: string
  /** IFLA_INFO_KIND: `wireguard`, `tun`, `veth`, `bridge`, …; empty for hardware and loopback. */
  readonly kind: string
  /** Administratively up: IFF_UP. */
  readonly up: boolean
  /** IFF_* bits. */
  readonly flags: number
  /** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none. */
  readonly hardwareType: number
  readonly mtuBytes: number
  readonly operState: OperState
  /** `02:00:00:00:00:01`; undefined where the link has no hardware address. */
  readonly hardwareAddress: string | undefined
  /** Index of the bridge or bond it is a port of. */
  readonly master: number | undefined
  /** IFLA_LINK: of a veth, the other end's index (in the namespace `peerNamespaceId`, or in this one). */
  readonly peerIndex: number | undefined
  readonly peerNamespaceId: number | undefined
  /**
   * What its kind has to say, as far as we know the kind (kinds/): see LinkSpec.settings. `link` is an index of this
   * namespace, and absent where there is none here.
   */
  readonly settings: LinkSettings
  readonly altNames: readonly string[]
}

export interface LinkSpec {
  readonly name: string
  /** IFLA_INFO_KIND. A TUN device is not made by netlink: see tun.ts. */
  readonly kind: LinkKind
  /**
   * By the names in kinds/: `{ id: 7, link: 'eth0', port: 4789 }`. `link` is a name or an index in the namespace of
   * this RouteNetlink, whatever `netns` says. What is absent is the kernel's to choose, or ip(8)'s where kinds/ says so.
   */
  readonly settings?: LinkSettings
  /** The other end of a veth pair. It cannot be up at creation (ENOTCONN): set it up afterwards. */
  readonly peer?: VethPeerSpec
  /** A descriptor of the namespace to create it in, when not this one. */
  readonly netns?: number
  readonly mtuBytes?: number
  readonly hardwareAddress?: string
  readonly master?: LinkRef
  readonly up?: boolean
  /** Set right after creation: the kernel takes no alternative names in the creating request. */
  readonly altNames?: readonly string[]
}

export interface VethPeerSpec {
  readonly name: string
  readonly netns?: number
  readonly mtuBytes?: number
  readonly hardwareAddress?: string
}

export interface LinkChange {
  readonly name?: string
  readonly up?: boolean
  readonly mtuBytes?: number
  readonly hardwareAddress?: string
  /** `null`: out of its bridge. */
  readonly master?: LinkRef | null
  /**
   * Moves the link: a descriptor of the target namespace. The other changes, a new name too, are made on its arrival:
   * if one of them is refused there, the link has moved nevertheless.
   */
  readonly netns?: number
  /**
   * Settings of its kind, which must be said too. Which of them the kernel changes depends on the kind; those that
   * are absent keep their values. `link` of a vlan or macvlan cannot change and is not sent.
   */
  readonly kind?: LinkKind
  readonly settings?: LinkSettings
  readonly addAltNames?: readonly string[]
  readonly removeAltNames?: readonly string[]
}

export interface Address {
  readonly family: Family
  readonly linkIndex: number
  readonly local: string
  readonly prefixLength: number
  /** Point-to-point: the other end; `prefixLength` then belongs to it. */
  readonly peer?: string
  /** IFA_PROTO, 5.18 and newer; 0 where the kernel does not say. */
  readonly protocol: number
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  readonly scope: number
  /** IFA_F_* bits. */
  readonly flags: number
}

export interface AddressSpec {
  readonly link: LinkRef
  readonly local: string
  readonly prefixLength: number
  readonly peer?: string
  /** Marks who owns it. Kernels older than 5.18 ignore it. */
  readonly protocol?: number
  readonly scope?: number
  readonly noPrefixRoute?: boolean
  /** IPv6: usable at once, without duplicate address detection. */
  readonly noDad?: boolean
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'

export interface Route {
  readonly family: Family
  readonly destination: string
  /** The kernel's number: 254 is main, 255 local. */
  readonly table: number
  readonly linkIndex: number | undefined
  readonly gateway: string | undefined
  readonly preferredSource: string | undefined
  readonly metric: number
  /** RTPROT_*: 2 kernel, 3 boot, 4 static. */
  readonly protocol: number
  readonly scope: number
  /** RTN_*: 1 unicast, 6 blackhole, 7 unreachable. */
  readonly type: number
  /** RTAX_MTU. */
  readonly mtuBytes?: number
  /** RTAX_LOCK: path MTU discovery does not lower it. */
  readonly mtuLocked?: true
}

export interface RouteSpec {
  readonly destination: string
  readonly table?: number
  readonly link?: LinkRef
  readonly gateway?: string
  readonly preferredSource?: string
  readonly metric?: number
  readonly protocol?: number
  readonly scope?: number
  readonly type?: RouteType
  /** The gateway is reached through the link though no prefix covers it. */
  readonly onLink?: boolean
  /** RTAX_MTU: packets of this route are no larger. Not compared when a route is deleted. */
  readonly mtuBytes?: number
  readonly mtuLocked?: boolean
}

export interface Rule {
  readonly family: Family
  readonly priority: number
  readonly table: number
  /** FR_ACT_*: 1 to table. */
  readonly action: number
  readonly fwmark?: number
  readonly fwmask?: number
  readonly invert?: boolean
  readonly suppressPrefixLength?: number
  readonly source?: string
  readonly destination?: string
  readonly inputLink?: string
  readonly outputLink?: string
  readonly protocol: number
}

export interface RuleSpec {
  readonly family: Family
  readonly table: number
  readonly priority?: number
  readonly fwmark?: number
  readonly fwmask?: number
  readonly invert?: boolean
  readonly suppressPrefixLength?: number
  readonly source?: string
  readonly destination?: string
  readonly inputLink?: string
  readonly outputLink?: string
  readonly protocol?: number
}

/** One destination in the forwarding database of a vxlan link (`bridge fdb`). */
export interface Forwarding {
  readonly linkIndex: number
  /** `00:00:00:00:00:00`: where unknown destinations, broadcasts and multicasts go. */
  readonly hardwareAddress: string
  readonly destination: string
  /** Learned from traffic, and expires. */
  readonly learned: boolean
}

export interface ForwardingSpec {
  readonly link: LinkRef
  readonly hardwareAddress: string
  readonly destination: string
}

export interface RouteFilter {
  readonly family?: Family
  /** Only this table; the kernel filters where it can. */
  readonly table?: number
  /** RTPROT_*: only routes that whoever has this number made. */
  readonly protocol?: number
}

/** The requests that change something. Each throws KernelError when the kernel refuses. */
export interface RouteRequests {
  addLink(spec: LinkSpec): void
  setLink(link: LinkRef, change: LinkChange): void
  deleteLink(link: LinkRef): void
  addAddress(spec: AddressSpec): void
  deleteAddress(spec: AddressSpec): void
  /** `replace`: an equal route (destination, table, metric) is overwritten instead of EEXIST. */
  addRoute(spec: RouteSpec, options?: { readonly replace?: boolean }): void
  deleteRoute(spec: RouteSpec): void
  addRule(spec: RuleSpec): void
  deleteRule(spec: RuleSpec): void
  /**
   * A permanent entry of a vxlan. The address of zeros and multicast addresses may have many destinations, and each is
   * added to the others; adding one of them again changes nothing. Any other address has one destination, and adding
   * another is EEXIST.
   */
  addForwarding(spec: ForwardingSpec): void
  deleteForwarding(spec: ForwardingSpec): void
}

export interface BatchFailure {
  /** Which request of the batch, counted from 0. */
  readonly request: number
  readonly error: Error
}

export type RouteEvent =
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'link-gone'; readonly link: Link }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'address-gone'; readonly address: Address }
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'route-gone'; readonly route: Route }
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'rule-gone'; readonly rule: Rule }

export interface ForwardingEvent {
  readonly kind: 'forwarding' | 'forwarding-gone'
  readonly forwarding: Forwarding
}

/**
 * Links that are not WireGuard: what a NetlinkInterface becomes on its node, and how links and namespaces are named
 * where one text is needed.
 *
 * What a kind of link can be told is a table of settings in the kernel's words (IFLA_VXLAN_ID is `id`), so that
 * comparing, printing, importing and sending them is the same for every kind. Text forms are canonical, and other
 * links are named, never numbered.
 */
import type { AddressIntent, ContainerRef, ObjectRef, RouteIntent } from './intent.ts'
import { hashText } from './stable-name.ts'

export const LINK_KINDS = [
  ...['dummy', 'bridge', 'vxlan', 'veth', 'vlan', 'vrf', 'macvlan'],
  ...['ipip', 'ip6tnl', 'gre', 'ip6gre', 'gretap', 'ip6gretap'],
] as const

/** IFLA_INFO_KIND. */
export type LinkKind =
  | 'dummy'
  | 'bridge'
  | 'vxlan'
  | 'veth'
  | 'vlan'
  | 'vrf'
  | 'macvlan'
  | 'ipip'
  | 'ip6tnl'
  | 'gre'
  | 'ip6gre'
  | 'gretap'
  | 'ip6gretap'

/** Absent: not asked for, and left as the kernel has it. */
export type LinkSettings = Readonly<Record<string, string | number | boolean>>

export interface LinkIntent {
  readonly name: string
  readonly owner: ObjectRef
  readonly container: ContainerRef | undefined
  readonly kind: LinkKind
  /** `link` names the underlying link, in the same namespace. */
  readonly settings: LinkSettings
  /** Of a veth: the other end. It is a LinkIntent of its own too, and this is where the two find each other. */
  readonly peer?: VethPeerIntent
  readonly up: boolean
  /** Undefined: left as it is. */
  readonly mtuBytes: number | undefined
  readonly hardwareAddress: string | undefined
  /** The bridge or VRF that it is to be a port of, in the same namespace. Undefined: only what lists it in its `ports`. */
  readonly master: string | undefined
  /** Of a bridge: all of its ports. Undefined: whoever wants to may join. */
  readonly ports: readonly string[] | undefined
  /** Of a vxlan: its permanent forwarding entries, exactly. */
  readonly forwarding: readonly ForwardingIntent[] | undefined
  /** An exact set, but for what the kernel makes itself. */
  readonly addresses: readonly AddressIntent[]
  readonly routes: readonly RouteIntent[]
  /** A link of this name that is not ours may be taken over. */
  readonly adopt: boolean
  /** What happens when a setting differs that the kernel cannot change. */
  readonly replacePolicy: 'Never' | 'DeleteAndCreate'
}

export interface VethPeerIntent {
  readonly name: string
  readonly container: ContainerRef | undefined
}

export interface ForwardingIntent {
  readonly hardwareAddress: string
  readonly destination: string
}

/**
 * A network namespace as one text: empty for the node's own, otherwise `docker:agent1`, `podman:web`,
 * `containerd:k8s.io/3f2a`, `cri:3f2a`, `pod:default/web`, `pid:42`, `netns:/run/netns/blue`.
 */
export type NetnsName = string

export const netnsNameOf = (container: ContainerRef | undefined): NetnsName => {
  if (container === undefined) return ''
  switch (container.kind) {
    case 'docker':
    case 'podman':
      return `${container.kind}:${container.name}`
    case 'containerd':
      return `containerd:${container.namespace}/${container.id}`
    case 'cri':
      return `cri:${container.id}`
    case 'pod':
      return `pod:${container.namespace}/${container.name}`
    case 'pid':
      return `pid:${container.pid}`
    case 'netns':
      return `netns:${container.path}`
  }
}

/**
 * One link of a node as one text, the key of every map of links: its name in the node's own namespace, `NAME@NETNS`
 * elsewhere. No name holds a colon and every name of a namespace does, so no two links share a text.
 */
export const linkIdOf = (name: string, container: ContainerRef | undefined): string =>
  container === undefined ? name : `${name}@${netnsNameOf(container)}`

/**
 * What a WireGuard interface of a container is called in the node's own namespace, where it is made: its UDP socket
 * stays there, and the socket file of a userspace device keeps this name. 11 bytes.
 */
export const birthNameOf = (linkId: string): string => `wrn${hashText(linkId, 8)}`

/**
 * One change to a host, as a value: what the reconciler decides, what a dry run prints and what the agent
 * applies. A step names keys by their source; the agent puts the bytes in when it applies the step.
 */
import type { AddressIntent, ContainerRef, KeySource, RouteIntent, RuleIntent } from './intent.ts'
import type { ForwardingIntent, LinkKind, LinkSettings } from './link-intent.ts'
import type { Backend } from './observed.ts'

/** `in`: the namespace that it happens in; absent: the node's own. Links are named as they are called there. */
export type Step = { readonly in?: ContainerRef } & Change

export type Change =
  /** A WireGuard interface. Made in the node's own namespace, where its UDP socket stays, and moved to `in`. */
  | {
      readonly kind: 'link-create'
      readonly link: string
      readonly backend: Backend
      readonly mtuBytes: number
      /** For a userspace device, which cannot mark its packets once it gave up its privileges. */
      readonly fwmark?: number
    }
  /** Give a blank interface that nobody else claimed our alternative name. */
  | { readonly kind: 'link-mark'; readonly link: string }
  /** A link of any other kind. Down and without addresses; its mark follows in a step of its own. */
  | {
      readonly kind: 'link-add'
      readonly link: string
      readonly type: LinkKind
      readonly settings: LinkSettings
      readonly mtuBytes?: number
      readonly hardwareAddress?: string
      /** Of a veth: made with it, in the namespace `in` of its own. */
      readonly peer?: {
        readonly link: string
        readonly in?: ContainerRef
        readonly mtuBytes?: number
        readonly hardwareAddress?: string
      }
    }
  /** `backend`: of WireGuard interfaces. */
  | { readonly kind: 'link-delete'; readonly link: string; readonly backend?: Backend }
  | {
      readonly kind: 'link-set'
      readonly link: string
      /** A new name, for a link that is down; `link` is the one it has. Never beside another change. */
      readonly name?: string
      readonly up?: boolean
      readonly mtuBytes?: number
      readonly hardwareAddress?: string
      /** `null`: out of whatever it is a port of. */
      readonly master?: string | null
      /** Settings of its kind that the kernel can change. */
      readonly type?: LinkKind
      readonly settings?: LinkSettings
    }
  | {
      readonly kind: 'forwarding-add' | 'forwarding-delete'
      readonly link: string
      readonly entry: ForwardingIntent
    }
  /** Start the process behind a userspace interface whose link is there but which nobody serves. */
  | { readonly kind: 'device-start'; readonly link: string; readonly fwmark?: number }
  | {
      readonly kind: 'wireguard-set'
      readonly link: string
      readonly backend: Backend
      readonly change: WireGuardChange
    }
  | {
      readonly kind: 'address-add' | 'address-delete'
      readonly link: string
      readonly address: AddressIntent
    }
  | { readonly kind: 'route-add' | 'route-delete'; readonly link: string; readonly route: RouteIntent }
  | { readonly kind: 'rule-add' | 'rule-delete'; readonly rule: RuleIntent }
  | { readonly kind: 'sysctl-set'; readonly path: string; readonly value: string; readonly why: string }

/** Only what differs is present. */
export interface WireGuardChange {
  readonly privateKey?: KeySource
  readonly listenPort?: number
  readonly fwmark?: number
  readonly peers: readonly PeerChange[]
}

export type PeerChange =
  | { readonly kind: 'remove'; readonly publicKey: string }
  | {
      readonly kind: 'set'
      readonly publicKey: string
      /** The peer is not there yet. */
      readonly create: boolean
      readonly presharedKey?: KeySource | 'none'
      /** `host:port`, the host already resolved to an address. */
      readonly endpoint?: string
      /** Replaces the whole list. */
      readonly allowedIPs?: readonly string[]
      readonly persistentKeepaliveSeconds?: number
    }

/** How we mark what is ours: protocol number on routes, rules and addresses; alternative name on links. */
export const WARREN_PROTOCOL = 87
export const altNameOf = (link: string): string => `warren-${link}`

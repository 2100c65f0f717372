/**
 * One change to a host, as a value: what the reconciler decides, what a dry run prints and what the agent
 * applies. A step names keys by their source; the agent puts the bytes in when it applies the step.
 */
import type { AddressIntent, KeySource, RouteIntent, RuleIntent } from './intent.ts'
import type { Backend } from './observed.ts'

export type Step =
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
  | { readonly kind: 'link-delete'; readonly link: string; readonly backend: Backend }
  | { readonly kind: 'link-set'; readonly link: string; readonly up?: boolean; readonly mtuBytes?: number }
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

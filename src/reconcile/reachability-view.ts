/**
 * All that decides how packets of this host leave: the whole of one namespace, with every route and rule, where
 * `ObservedNamespace` has only what concerns us. Other links are named, never numbered.
 */
import type {
  ObservedAddress,
  ObservedLink,
  ObservedPeer,
  ObservedRoute,
  ObservedRule,
} from '../model/index.ts'

export interface RoutingView {
  readonly links: readonly ViewLink[]
  readonly addresses: readonly ViewAddress[]
  readonly routes: readonly ViewRoute[]
  readonly rules: readonly ViewRule[]
  readonly wireguard: readonly ViewDevice[]
}

export type ViewLink = Pick<ObservedLink, 'index' | 'name' | 'kind' | 'up' | 'peerIndex' | 'settings'> & {
  readonly master?: string | undefined
  /** Which of several links that had this name one after another. Undefined: the one that was there first. */
  readonly made?: number
}

export type ViewAddress = Pick<ObservedAddress, 'link' | 'local' | 'prefixLength' | 'peer' | 'scope'>

export type ViewRoute = Pick<
  ObservedRoute,
  'destination' | 'table' | 'link' | 'gateway' | 'metric' | 'type'
> & {
  readonly preferredSource?: string
}

export type ViewRule = Omit<ObservedRule, 'protocol'> & {
  /** FR_ACT_*. */
  readonly action: number
  readonly fwmask?: number
  readonly source?: string
  readonly destination?: string
  readonly inputLink?: string
  readonly outputLink?: string
}

export interface ViewDevice {
  readonly link: string
  /** Of the key that it has, or something that no key is: "another one". */
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly ViewPeer[]
}

export type ViewPeer = Pick<ObservedPeer, 'publicKey' | 'presharedKeyDigest' | 'endpoint' | 'allowedIPs'>

export const MAIN_TABLE = 254
export const LOCAL_TABLE = 255

/** RTN_* (<linux/rtnetlink.h>). */
export const ROUTE = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const

export const linkNamed = (view: RoutingView, name: string | undefined): ViewLink | undefined =>
  view.links.find((l) => l.name === name)

export const familyOf = (text: string): 'inet' | 'inet6' => (text.includes(':') ? 'inet6' : 'inet')

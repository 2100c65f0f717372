/**
 * What a lab is made of, as data: machines (each a network namespace), the bridges they hold, the cables between
 * them, and who filters and translates what. lay-out.ts makes it from a plan; runtime/ makes it real.
 *
 *   host ── eth0 ═══ br-lan │ router (NAT) │ wan ═══ homes   ┐
 *   host ── eth0 ═══════════════════════════════════ servers ├ bridges of the backbone, which routes between them
 *   stranger ── eth0 ═══════════════════════════════ homes   ┘
 *
 * Addresses are documentation addresses (RFC 5737, RFC 3849) and private ones (RFC 1918); a lab has no way out.
 */

export type MachineRole = 'host' | 'router' | 'backbone' | 'stranger'

export interface LabTopology {
  /** Backbone first, then routers, then hosts in the order of the plan, the stranger last. */
  readonly machines: readonly LabMachine[]
  /** What `/etc/hosts` says on every machine. */
  readonly names: readonly { readonly name: string; readonly address: string }[]
  /** Every address that the outside can route to, and whose it is. */
  readonly publicAddresses: readonly { readonly machine: string; readonly address: string }[]
}

export interface LabMachine {
  readonly name: string
  readonly role: MachineRole
  /** The home it stands in; undefined when it stands on the backbone. */
  readonly site: string | undefined
  readonly bridges: readonly LabBridge[]
  readonly cables: readonly LabCable[]
  readonly routes: readonly LabRoute[]
  readonly forwards: boolean
  readonly firewall: HostFirewall | undefined
  readonly nat: Nat | undefined
}

export interface LabBridge {
  readonly name: string
  /** `192.168.1.1/24`. */
  readonly addresses: readonly string[]
}

/** One veth pair: `name` on this machine, the other end a port of somebody's bridge. */
export interface LabCable {
  readonly name: string
  readonly to: { readonly machine: string; readonly bridge: string }
  readonly addresses: readonly string[]
  /** Share of the packets that get lost on the way in, 0 to 1. */
  readonly loss: number
}

export interface LabRoute {
  /** A prefix; `0.0.0.0/0` and `::/0` are the default routes. */
  readonly destination: string
  readonly gateway: string
}

/** Everything from the underlay is dropped, except answers and these. What comes in by any other link is accepted. */
export interface HostFirewall {
  readonly underlay: string
  /** UDP ports that anybody may send to. */
  readonly openUdp: readonly number[]
  /** Public port → the port that the host listens on, where the two differ. */
  readonly redirects: readonly { readonly from: number; readonly to: number }[]
}

/**
 * How a translator treats UDP, in the words of RFC 4787: which outside port a LAN endpoint gets (§4.1), and whose
 * packets towards that port come back in (§5).
 */
export type NatDependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

export interface NatBehaviour {
  readonly mapping: NatDependence
  readonly filtering: NatDependence
}

export interface Nat extends NatBehaviour {
  readonly outside: string
  readonly outsideAddress: string
  readonly inside: string
  /** Port forwards that the owner of the home set up. */
  readonly forwards: readonly { readonly port: number; readonly address: string; readonly toPort: number }[]
}

/** What most home routers do (RFC 4787 REQ-1, REQ-8). */
export const USUAL_NAT: NatBehaviour = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
}

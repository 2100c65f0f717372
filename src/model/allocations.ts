/**
 * What was decided once and is kept: address, port, interface name and public key of each node of each network.
 * `NAME.lock.yaml` beside a plan holds it as text; only `plan --write`, `keys` and `push` change that file.
 *
 * A network is named `NAMESPACE/NAME`. In the topology Links an interface has a `link`: the other node and a
 * number, or the link's own name (`lax2-0`); elsewhere a node has one interface per network, without `link`.
 */
import { own } from './own.ts'

export interface Allocations {
  readonly networks: Readonly<Record<string, NetworkAllocation>>
}

export interface NetworkAllocation {
  readonly nodes: Readonly<Record<string, NodeAllocation>>
}

export interface NodeAllocation {
  /** Bare addresses, canonical, in the order of the network's CIDRs. */
  readonly addresses: readonly string[]
  readonly publicKey?: string
  readonly interfaces: readonly InterfaceAllocation[]
}

export interface InterfaceAllocation {
  readonly link?: string
  readonly name: string
  readonly listenPort: number
}

export const NO_ALLOCATIONS: Allocations = { networks: {} }

/** The allocations with one public key put in. A key that is there already is replaced: pinning is the caller's concern. */
export function withPublicKey(
  allocations: Allocations,
  key: { readonly network: string; readonly node: string; readonly publicKey: string },
): Allocations {
  const network = own(allocations.networks, key.network) ?? { nodes: {} }
  const node = own(network.nodes, key.node) ?? { addresses: [], interfaces: [] }
  return {
    networks: {
      ...allocations.networks,
      [key.network]: { nodes: { ...network.nodes, [key.node]: { ...node, publicKey: key.publicKey } } },
    },
  }
}

/** WireGuardInterface: what a user wrote by hand for one node, taken as it is. */
import {
  canonicalPrefix,
  parseEndpoint,
  type PeerIntent,
  type WireGuardIntent,
  type WireGuardInterface,
} from '../model/index.ts'
import type { GivenInterface } from './allocate-interfaces.ts'
import { containerOf } from './container.ts'
import type { KeyFinder, NodeKey } from './keys.ts'
import { writtenAddress } from './members.ts'
import { sortedPrefixes } from './peering.ts'
import { compare } from './problem-list.ts'
import { defaultRoutesAmong, routingOf } from './routes.ts'

export function writtenInterface(
  object: WireGuardInterface,
  { given, key, keys }: { readonly given: GivenInterface; readonly key: NodeKey; readonly keys: KeyFinder },
): WireGuardIntent {
  const { spec, metadata } = object
  const addresses = spec.addresses.flatMap(writtenAddress).map(({ intent }) => intent)
  const peers = peersOf(object, keys)
  const destinations = peers.flatMap(({ allowedIPs }) => allowedIPs)
  // Here the user names the table for these very prefixes; a default route among them is asked for.
  const defaultRoutes = defaultRoutesAmong(destinations)
  const routing = routingOf({
    table: spec.table,
    fwmark: spec.fwmark,
    addresses,
    destinations,
    defaultRoutes,
  })
  return {
    name: given.name,
    owner: { kind: 'WireGuardInterface', namespace: metadata.namespace, name: metadata.name },
    privateKey: key.privateKey,
    publicKey: key.publicKey,
    listenPort: spec.listenPort,
    fwmark: routing.fwmark,
    mtuBytes: spec.mtu,
    addresses,
    peers,
    routes: routing.routes,
    rules: routing.rules,
    forwards: { inet: false, inet6: false },
    ...(spec.adopt === true ? { adopt: true } : {}),
    container: containerOf(spec),
  }
}

function peersOf({ spec, metadata }: WireGuardInterface, keys: KeyFinder): readonly PeerIntent[] {
  return spec.peers
    .map((peer): PeerIntent => {
      const endpoint = peer.endpoint === undefined ? undefined : parseEndpoint(peer.endpoint)
      const { presharedKeySecretRef: ref } = peer
      return {
        publicKey: peer.publicKey,
        node: peer.node,
        presharedKey: ref === undefined ? undefined : keys.source(ref, metadata.namespace),
        endpoint: endpoint?.port === undefined ? undefined : { host: endpoint.host, port: endpoint.port },
        allowedIPs: sortedPrefixes(peer.allowedIPs.map(canonicalPrefix)),
        persistentKeepaliveSeconds: peer.persistentKeepalive,
        path: 'always',
      }
    })
    .toSorted((a, b) => compare(a.publicKey, b.publicKey))
}

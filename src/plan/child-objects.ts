/**
 * The interfaces of a plan as objects of their own: one WireGuardInterface per end of a link, with its peer inline,
 * and one per node otherwise, without peers, since every agent works them out for itself. Labelled, so that they
 * are found; owned by the plan where an API has given it a uid. A private key is never in them.
 */
import { writtenContainer } from './container.ts'
import {
  formatEndpoint,
  hashText,
  labelOf,
  type NodeIntent,
  type WarrenObject,
  type WireGuardIntent,
  type WireGuardInterface,
  type WireGuardNetworkPlan,
} from '../model/index.ts'

export const PLAN_LABEL = 'warren.dev/plan'
export const NODE_LABEL = 'warren.dev/node'
export const PEER_LABEL = 'warren.dev/peer'

export function childObjects(
  intents: ReadonlyMap<string, NodeIntent>,
  objects: readonly WarrenObject[],
): readonly WireGuardInterface[] {
  const plans = new Map(
    objects
      .filter((object): object is WireGuardNetworkPlan => object.kind === 'WireGuardNetworkPlan')
      .map((plan) => [`${plan.metadata.namespace}/${plan.metadata.name}`, plan]),
  )
  return [...intents.values()].flatMap(({ node, interfaces }) =>
    interfaces.flatMap((one) => {
      const plan = plans.get(`${one.owner.namespace}/${one.owner.name}`)
      return one.owner.kind === 'WireGuardNetworkPlan' && plan !== undefined ? [childOf(node, one, plan)] : []
    }),
  )
}

function childOf(node: string, one: WireGuardIntent, plan: WireGuardNetworkPlan): WireGuardInterface {
  const { name, namespace, uid } = plan.metadata
  const { privateKey } = one
  const owner = {
    apiVersion: plan.apiVersion,
    kind: plan.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'WireGuardInterface',
    metadata: {
      name: objectName(one.linkPeer === undefined ? `${name}-${node}` : `${name}-${one.name}`),
      namespace,
      labels: {
        [PLAN_LABEL]: labelOf(name),
        [NODE_LABEL]: labelOf(node),
        ...(one.linkPeer === undefined ? {} : { [PEER_LABEL]: labelOf(one.linkPeer) }),
      },
      ...(uid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: {
      node,
      interfaceName: one.name,
      ...(privateKey.kind === 'secret'
        ? { privateKeySecretRef: { name: privateKey.name, key: privateKey.key } }
        : {}),
      addresses: one.addresses.map(({ local, prefixLength, peer }) =>
        peer === undefined ? `${local}/${prefixLength}` : { local, peer: `${peer}/${prefixLength}` },
      ),
      listenPort: one.listenPort,
      mtu: one.mtuBytes,
      table: 'off',
      fwmark: one.fwmark,
      ...(one.container === undefined ? {} : { container: writtenContainer(one.container) }),
      peers: one.linkPeer === undefined ? [] : one.peers.map(inlinePeer),
    },
  }
}

function inlinePeer(peer: WireGuardIntent['peers'][number]): WireGuardInterface['spec']['peers'][number] {
  const { presharedKey, endpoint } = peer
  return {
    publicKey: peer.publicKey,
    node: peer.node,
    ...(presharedKey?.kind === 'secret'
      ? { presharedKeySecretRef: { name: presharedKey.name, key: presharedKey.key } }
      : {}),
    allowedIPs: [...peer.allowedIPs],
    endpoint: endpoint === undefined ? undefined : formatEndpoint(endpoint),
    persistentKeepalive: peer.persistentKeepaliveSeconds,
  }
}

const objectName = (text: string): string =>
  text.length <= 253 ? text : `${text.slice(0, 236).replace(/[^a-z0-9]+$/, '')}-${hashText(text, 16)}`

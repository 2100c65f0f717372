/**
 * The objects as one node may hold them. Every node plans the whole network, so it gets all of it, but no key that
 * it has no use for: a foreign private key becomes its public half, and a foreign Secret keeps its name only and is
 * marked as withheld, so that references to it are known to be fine.
 */
import {
  publicKeyOf,
  type Secret,
  type SecretRef,
  WITHHELD,
  type WarrenObject,
  type WireGuardInterface,
  type WireGuardNetworkPlan,
} from '../model/index.ts'

export function objectsForNode(objects: readonly WarrenObject[], node: string): readonly WarrenObject[] {
  const used = new Set(objects.flatMap((object) => usedBy(object, node)))
  return objects.map((object) => {
    switch (object.kind) {
      case 'Secret':
        return used.has(`${object.metadata.namespace}/${object.metadata.name}`) ? object : withheld(object)
      case 'WireGuardNetworkPlan':
        return withoutForeignKeys(object, node)
      case 'WireGuardInterface':
        return object.spec.node === node ? object : withoutKey(object)
      case 'WireGuardPeer':
        return object
    }
  })
}

/** The Secrets that an object makes this node read. */
function usedBy(object: WarrenObject, node: string): string[] {
  const refs: (SecretRef | undefined)[] = []
  if (object.kind === 'WireGuardNetworkPlan') {
    const { nodes, nodeGroups, presharedKeys, links } = object.spec
    refs.push(...nodes.filter(({ name }) => name === node).map((one) => one.privateKeySecretRef))
    refs.push(...nodeGroups.filter(({ names }) => matches(names, node)).map((one) => one.privateKeySecretRef))
    refs.push(...presharedKeys.filter((one) => one.nodes.includes(node)).map((one) => one.secretRef))
    const own = links.filter(({ ends }) => ends.some((end) => end.node === node))
    refs.push(...own.map((one) => one.presharedKeySecretRef))
  }
  if (object.kind === 'WireGuardInterface' && object.spec.node === node) {
    refs.push(object.spec.privateKeySecretRef, ...object.spec.peers.map((one) => one.presharedKeySecretRef))
  }
  return refs.flatMap((ref) => (ref === undefined ? [] : [`${object.metadata.namespace}/${ref.name}`]))
}

/** Whether a pattern like `peer-{n}` has this name for some number. */
function matches(names: string, node: string): boolean {
  const [before = '', ...after] = names.split('{n}')
  const rest = after.join('{n}')
  return node.startsWith(before) && node.endsWith(rest) && node.length > before.length + rest.length
}

function withheld(secret: Secret): Secret {
  const { apiVersion, kind, metadata } = secret
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [WITHHELD]: 'true' } },
  }
}

function withoutForeignKeys(plan: WireGuardNetworkPlan, node: string): WireGuardNetworkPlan {
  const isForeign = (one: { readonly name: string; readonly privateKey?: unknown }): boolean =>
    one.name !== node && one.privateKey !== undefined
  if (!plan.spec.nodes.some(isForeign)) return plan
  const nodes = plan.spec.nodes.map((one) => {
    if (!isForeign(one) || one.privateKey === undefined) return one
    const { privateKey, ...rest } = one
    return { ...rest, publicKey: publicKeyOf(privateKey.reveal()) }
  })
  return { ...plan, spec: { ...plan.spec, nodes } }
}

function withoutKey(object: WireGuardInterface): WireGuardInterface {
  const { privateKey: _, ...spec } = object.spec
  return { ...object, spec }
}

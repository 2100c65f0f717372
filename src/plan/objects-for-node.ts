/**
 * The objects as one node may hold them. Every node plans the whole network, so it gets all of it, but no key that
 * it has no use for: a foreign private key becomes its public half, and a Secret keeps the entries that the node
 * uses and is marked as withheld, so that references to the others are known to be fine. Annotations are cut too:
 * kubectl keeps a copy of the whole object in one.
 */
import {
  publicKeyOf,
  type Secret,
  type SecretRef,
  WITHHELD,
  WITHHELD_IN_PART,
  type WarrenObject,
  type WireGuardInterface,
  type WireGuardNetworkPlan,
} from '../model/index.ts'

export function objectsForNode(objects: readonly WarrenObject[], node: string): readonly WarrenObject[] {
  const used = new Set(objects.flatMap((object) => usedBy(object, node)))
  return objects.map((object) => {
    switch (object.kind) {
      case 'Secret':
        return withheld(object, used)
      case 'WireGuardNetworkPlan':
        return withoutCopy(withoutForeignKeys(object, node))
      case 'WireGuardInterface':
        return withoutCopy(object.spec.node === node ? object : withoutKey(object))
      case 'WireGuardPeer':
      case 'NetlinkInterface':
        return withoutCopy(object)
    }
  })
}

/** The entries of Secrets that an object makes this node read. */
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
  return refs.flatMap((ref) =>
    ref === undefined ? [] : [entryId(object.metadata.namespace, ref.name, ref.key)],
  )
}

/** Whether a pattern like `peer-{n}` has this name for some number. */
function matches(names: string, node: string): boolean {
  const [before = '', ...after] = names.split('{n}')
  const rest = after.join('{n}')
  return node.startsWith(before) && node.endsWith(rest) && node.length > before.length + rest.length
}

/** Names hold no slash, so the entry may hold anything. */
const entryId = (namespace: string, secret: string, entry: string): string =>
  `${namespace}/${secret}/${entry}`

function withheld(
  { apiVersion, kind, metadata, data, stringData }: Secret,
  used: ReadonlySet<string>,
): Secret {
  const { name, namespace } = metadata
  const pick = <T>(entries: Readonly<Record<string, T>> = {}): [string, T][] =>
    Object.entries(entries).filter(([entry]) => used.has(entryId(namespace, name, entry)))
  const [kept, keptTexts] = [pick(data), pick(stringData)]
  const mark = kept.length + keptTexts.length === 0 ? 'true' : WITHHELD_IN_PART
  return {
    ...{ apiVersion, kind, metadata: { name, namespace, annotations: { [WITHHELD]: mark } } },
    ...(kept.length === 0 ? {} : { data: Object.fromEntries(kept) }),
    ...(keptTexts.length === 0 ? {} : { stringData: Object.fromEntries(keptTexts) }),
  }
}

const KUBECTL_COPY = 'kubectl.kubernetes.io/last-applied-configuration'

function withoutCopy<T extends WarrenObject>(object: T): T {
  const { annotations } = object.metadata
  if (annotations === undefined || !Object.hasOwn(annotations, KUBECTL_COPY)) return object
  const { [KUBECTL_COPY]: _, ...rest } = annotations
  return { ...object, metadata: { ...object.metadata, annotations: rest } }
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

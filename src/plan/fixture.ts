/** For tests: plans from short YAML, and what came out as text that one could type. */
import { sha256 } from '@noble/hashes/sha2.js'
import {
  type Allocations,
  encodeBase64,
  formatEndpoint,
  NO_ALLOCATIONS,
  parseAllocations,
  parseObjects,
  type WarrenObject,
  type WireGuardIntent,
  withPublicKey,
} from '../model/index.ts'
import { plan } from './plan.ts'
import type { LanObservation, PlanResult } from './plan-result.ts'

/** A key-shaped text that is always the same for a name. */
export const keyOf = (name: string): string => encodeBase64(sha256(new TextEncoder().encode(name)))

/** The spec of one plan named `net`, or whole documents where the text has a `kind`. */
export function objectsOf(text: string): readonly WarrenObject[] {
  const indented = text.replaceAll(/^/gm, '  ')
  const head = 'apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: net }\nspec:\n'
  const { objects, problems } = parseObjects(text.includes('kind:') ? text : head + indented, {
    file: 'net.yaml',
  })
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return objects
}

const HEAD = 'apiVersion: warren.dev/v1alpha1\n'

/** One NetlinkInterface per line, on the node a: `NAME: { …spec }`. */
export const linksText = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => /^\s*(?<name>[^:]+): \{(?<spec>.*)\}$/.exec(line)?.groups ?? {})
    .map(
      ({ name, spec }) =>
        `${HEAD}kind: NetlinkInterface\nmetadata: { name: ${name} }\nspec: { node: a, ${spec} }\n`,
    )
    .join('---\n')

/** A WireGuardInterface to stand behind those. */
export const wireGuardText = (name: string, spec: string): string =>
  `---\n${HEAD}kind: WireGuardInterface\nmetadata: { name: ${name} }\nspec: { node: a, interfaceName: ${name}, ${spec} }\n`

export interface PlanOptions {
  readonly lock?: string
  readonly observations?: readonly LanObservation[]
}

/** Every node has its key already, as after `warren keys`. */
export function planOf(text: string, options: PlanOptions = {}): PlanResult {
  return withKeys(objectsOf(text), lockOf(options.lock), options.observations)
}

export function lockOf(text: string | undefined): Allocations {
  if (text === undefined) return NO_ALLOCATIONS
  const head = 'apiVersion: warren.dev/v1alpha1\nkind: Allocations\nnetworks:\n  default/net:\n    nodes:\n'
  const { allocations, problems } = parseAllocations(head + text.replaceAll(/^/gm, '      '), {
    file: 'net.lock.yaml',
  })
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return allocations
}

export function withKeys(
  objects: readonly WarrenObject[],
  before: Allocations,
  observations: readonly LanObservation[] = [],
): PlanResult {
  const first = plan(objects, before, observations)
  let allocations = first.allocations
  for (const { network, node } of first.publicKeysMissing) {
    allocations = withPublicKey(allocations, { network, node, publicKey: keyOf(node) })
  }
  return plan(objects, allocations, observations)
}

/** One line per fact; peers by name, so that the text does not depend on made-up keys. */
export function formatPlan(result: PlanResult, nodes: Iterable<string> = result.intents.keys()): string {
  return [...nodes]
    .flatMap((node) => (result.intents.get(node)?.interfaces ?? []).map((one) => formatInterface(node, one)))
    .join('\n')
}

function formatInterface(node: string, one: WireGuardIntent): string {
  const families = [...(one.forwards.inet ? ['inet'] : []), ...(one.forwards.inet6 ? ['inet6'] : [])]
  const peers = one.peers
    .toSorted((a, b) => ((a.node ?? '') < (b.node ?? '') ? -1 : 1))
    .map((peer) =>
      [
        `  peer ${peer.node ?? peer.publicKey} allowed ${peer.allowedIPs.join(' ')}`,
        ...(peer.endpoint === undefined ? [] : [`endpoint ${formatEndpoint(peer.endpoint)}`]),
        ...(peer.persistentKeepaliveSeconds === 0 ? [] : [`keepalive ${peer.persistentKeepaliveSeconds}`]),
        ...(peer.presharedKey === undefined ? [] : ['psk']),
        ...(peer.path === 'always' ? [] : [peer.path]),
      ].join(' '),
    )
  return [
    `${node} ${one.name} port ${one.listenPort ?? 'any'} mtu ${one.mtuBytes}${one.fwmark === undefined ? '' : ` fwmark ${one.fwmark}`}`,
    ...one.addresses.map(({ local, prefixLength, peer }) =>
      peer === undefined
        ? `  address ${local}/${prefixLength}`
        : `  address ${local} peer ${peer}/${prefixLength}`,
    ),
    ...peers,
    ...one.routes.map(({ destination, table }) => `  route ${destination} table ${table}`),
    ...one.rules.map((rule) => `  rule ${JSON.stringify(rule)}`),
    ...(families.length === 0 ? [] : [`  forwards ${families.join(' ')}`]),
    ...(one.container === undefined ? [] : [`  container ${JSON.stringify(one.container)}`]),
  ].join('\n')
}

/** `CODE path: message` of each problem, the place left out. */
export const formatProblems = (result: PlanResult): readonly string[] =>
  result.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`)

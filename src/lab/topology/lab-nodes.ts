/** Plan objects + allocations → what the lab needs to know about each node, in the order they are written. */
import {
  type Allocations,
  own,
  parseEndpoint,
  type NodeSpec,
  type WarrenObject,
  type WireGuardNetworkPlan,
} from '../../model/index.ts'
import type { LabEndpoint, LabNode } from './lab-node.ts'

const DEFAULT_PORT = 51820

export function labNodesOf(objects: readonly WarrenObject[], allocations: Allocations): LabNode[] {
  const nodes = new Map<string, LabNode>()
  for (const object of objects) {
    if (object.kind !== 'WireGuardNetworkPlan') continue
    for (const spec of nodesOf(object)) {
      const node = labNode(spec, portsOf(object, spec, allocations))
      const known = nodes.get(node.name)
      nodes.set(node.name, known === undefined ? node : join(known, node))
    }
  }
  return [...nodes.values()]
}

type NodeParts = Pick<
  NodeSpec,
  'name' | 'site' | 'endpoint' | 'localEndpoint' | 'allowedNetworks' | 'listenPort'
>

function nodesOf({ spec }: WireGuardNetworkPlan): NodeParts[] {
  const grouped = spec.nodeGroups.flatMap((group) =>
    Array.from({ length: Math.max(0, group.to - group.from + 1) }, (_, index): NodeParts => {
      const put = (text: string): string => text.replaceAll('{n}', String(group.from + index))
      return {
        ...group,
        name: put(group.names),
        endpoint: group.endpoint === undefined ? undefined : put(group.endpoint),
        localEndpoint: group.localEndpoint === undefined ? undefined : put(group.localEndpoint),
      }
    }),
  )
  return [...spec.nodes, ...grouped]
}

function portsOf(
  { metadata, spec }: WireGuardNetworkPlan,
  node: NodeParts,
  allocations: Allocations,
): number[] {
  const network = allocations.networks[`${metadata.namespace}/${metadata.name}`]
  const ports = own(network?.nodes, node.name)?.interfaces.map((one) => one.listenPort) ?? []
  return ports.length > 0 ? ports : [node.listenPort ?? spec.interface.listenPort ?? DEFAULT_PORT]
}

function labNode(spec: NodeParts, ports: readonly number[]): LabNode {
  return {
    name: spec.name,
    site: spec.site,
    endpoints: endpointsOf(spec.endpoint, ports),
    localEndpoints: endpointsOf(spec.localEndpoint, ports),
    listenPorts: ports,
    networksBehind: spec.allowedNetworks,
  }
}

/** An endpoint with a port stands for one interface; without, for all of the node's. */
function endpointsOf(text: string | undefined, ports: readonly number[]): LabEndpoint[] {
  const endpoint = text === undefined ? undefined : parseEndpoint(text)
  if (endpoint === undefined) return []
  const { host, port } = endpoint
  const [first = DEFAULT_PORT] = ports
  if (port !== undefined) return [{ host, port, listenPort: ports.includes(port) ? port : first }]
  return ports.map((listenPort) => ({ host, port: listenPort, listenPort }))
}

/** A node that several networks name is one machine. */
function join(a: LabNode, b: LabNode): LabNode {
  return {
    name: a.name,
    site: a.site ?? b.site,
    endpoints: [...a.endpoints, ...b.endpoints],
    localEndpoints: [...a.localEndpoints, ...b.localEndpoints],
    listenPorts: [...new Set([...a.listenPorts, ...b.listenPorts])],
    networksBehind: [...new Set([...a.networksBehind, ...b.networksBehind])],
  }
}

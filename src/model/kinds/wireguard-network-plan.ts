/**
 * WireGuardNetworkPlan: which machines exist and how they are to be connected. Only what one field means on
 * its own is checked here; what fields mean together is checked by `plan`, which reports all of it at once.
 */
import { z } from 'zod'
import * as fields from './fields.ts'

const nodeFields = {
  endpoint: fields.endpoint
    .optional()
    .describe(
      'Where others can reach this node first: `host:port`, or `host` with the listen port. None: it is behind NAT or a closed firewall.',
    ),
  listenPort: fields.port.optional().describe('UDP port it listens on, when it differs from the network’s.'),
  site: fields.name.optional().describe('Nodes of one site share a LAN. A machine that travels has none.'),
  localEndpoint: fields.endpoint.optional().describe('Where nodes of the same site reach it.'),
  addresses: z
    .array(fields.interfaceAddress)
    .default([])
    .describe('Addresses inside the tunnel. What is missing per CIDR is allocated.'),
  overrideAddresses: z
    .boolean()
    .default(false)
    .describe('Allocate nothing: the addresses are exactly those listed.'),
  allowedNetworks: z.array(fields.prefix).default([]).describe('Networks behind this node, for all others.'),
  labels: fields.labels.optional().describe('What the user wants to know about it.'),
  mtu: fields.mtu.optional(),
  interface: fields.interfaceSettings.optional().describe('Overrides `spec.interface` on this node.'),
  portRange: fields.portRange.optional().describe('Overrides `spec.portRange` on this node.'),
  privateKey: fields.secretKey
    .optional()
    .describe('Its private key. Without this and without a reference the node makes its own.'),
  privateKeySecretRef: fields.secretRef.optional().describe('Where its private key is kept.'),
  publicKey: fields.publicKey.optional().describe('Its public key, when it is known beforehand.'),
  agent: z.boolean().default(true).describe('False: a peer that runs no agent, such as a phone.'),
  container: fields.container.optional().describe('Where the interface is moved after it is made.'),
  moveToContainer: z.boolean().optional().describe('Default: true when there is a `container`.'),
  defaultRoute: z
    .strictObject({ via: fields.name.describe('A hub, or in a mesh a direct peer.') })
    .optional()
    .describe('All traffic of this node goes through that node.'),
  persistentKeepalive: fields.seconds
    .optional()
    .describe('Overrides the seconds that the plan would choose.'),
}

export const nodeSpec = z.strictObject({
  name: fields.name.describe('The node, as its agent is told by `--node`.'),
  ...nodeFields,
})

const nodeGroup = z.strictObject({
  names: z.string().includes('{n}').describe('Pattern of the names; `{n}` is the number.'),
  from: z.int().min(0).max(1_000_000).describe('First number.'),
  to: z.int().min(0).max(1_000_000).describe('Last number, itself included.'),
  ...nodeFields,
  // Patterns may stand where addresses stand; they are checked once each number is put in.
  addresses: z.array(z.string()).default([]).describe('As for a node; `{n}` is the number.'),
  endpoint: z.string().optional().describe('As for a node; `{n}` is the number.'),
  localEndpoint: z.string().optional().describe('As for a node; `{n}` is the number.'),
})

const linkEnd = z.strictObject({
  node: fields.name.describe('One of `nodes`.'),
  addresses: z
    .array(fields.interfaceAddress)
    .default([])
    .describe('Of this interface, beside those of the node.'),
  overrideAddresses: z
    .boolean()
    .default(false)
    .describe("Replace the node's addresses on this interface instead of adding to them."),
  listenPort: fields.port.optional().describe('Default: allocated from the port range.'),
  endpoint: fields.endpoint.optional().describe("Replaces the node's endpoint for this link."),
  interfaceName: fields.linkName
    .optional()
    .describe('Default `wg-NODE-OTHER-N`, hashed where that is longer than 15 bytes.'),
})

export const linkSpec = z.strictObject({
  name: fields.name.optional().describe('Tells parallel links apart, so that removing one renames none.'),
  ends: z.array(linkEnd).describe('Exactly two.'),
  allowedIPs: z
    .array(fields.allowedPrefix)
    .default(['0.0.0.0/0', '::/0'])
    .describe(
      'What may pass, both ways. Makes no routes unless a table is named, and default routes in a numbered table only.',
    ),
  presharedKeySecretRef: fields.secretRef.optional().describe('A preshared key for this link.'),
  persistentKeepalive: fields.seconds.optional().describe('Seconds, at the end that is behind NAT.'),
  mtu: fields.mtu.optional(),
})

export const topology = z.enum(['Mesh', 'HubAndSpoke', 'Links'])
export const directPeering = z.enum(['None', 'SameSite', 'WhereReachable'])

export const networkPlanSpec = z.strictObject({
  cidrs: z
    .array(fields.prefix)
    .default([])
    .describe("The network's prefixes, of both families and any length."),
  topology: topology
    .optional()
    .describe('Default: HubAndSpoke with `hubs`, Links with `links`, otherwise Mesh.'),
  hubs: z
    .array(fields.name)
    .default([])
    .describe('Nodes that carry the traffic of all. The first is the primary.'),
  relays: z.array(fields.name).default([]).describe('In a mesh: nodes that carry what cannot go directly.'),
  directPeering: directPeering
    .optional()
    .describe('Beside the hub. Default SameSite; a mesh is always WhereReachable.'),
  interface: fields.interfaceSettings.default({}).describe('Settings of the interface on every node.'),
  portRange: fields.portRange
    .optional()
    .describe('Ports of the interfaces of links. Default 51820 to 52843.'),
  persistentKeepalive: fields.seconds.default(25).describe('Seconds, where NAT needs it.'),
  presharedKeys: z
    .array(
      z.strictObject({
        nodes: z.array(fields.name).describe('Exactly two.'),
        secretRef: fields.secretRef.describe('Where it is kept.'),
      }),
    )
    .default([])
    .describe('A preshared key for a pair of nodes.'),
  nodes: z.array(nodeSpec).default([]).describe('The machines.'),
  nodeGroups: z.array(nodeGroup).default([]).describe('Many nodes that differ by a number only.'),
  links: z.array(linkSpec).default([]).describe('Topology Links: undirected, one interface at each end.'),
})

export const wireGuardNetworkPlan = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('WireGuardNetworkPlan'),
  metadata: fields.metadata,
  spec: networkPlanSpec,
  status: z.unknown().optional(),
})

export type WireGuardNetworkPlan = z.output<typeof wireGuardNetworkPlan>
export type NetworkPlanSpec = z.output<typeof networkPlanSpec>
export type NodeSpec = z.output<typeof nodeSpec>
export type NodeGroup = z.output<typeof nodeGroup>
export type LinkSpec = z.output<typeof linkSpec>
export type LinkEnd = z.output<typeof linkEnd>
export type Topology = z.output<typeof topology>
export type DirectPeering = z.output<typeof directPeering>
export type InterfaceAddress = z.output<typeof fields.interfaceAddress>
export type InterfaceSettings = z.output<typeof fields.interfaceSettings>
export type Container = z.output<typeof fields.container>
export type SecretRef = z.output<typeof fields.secretRef>

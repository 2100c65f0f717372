/** WireGuardInterface: one interface on one node, with its peers inline. Written by hand, or made from links. */
import { z } from 'zod'
import * as fields from './fields.ts'

export const interfacePeer = z.strictObject({
  publicKey: fields.publicKey,
  node: fields.name.optional().describe('Who is behind it, for people.'),
  presharedKeySecretRef: fields.secretRef.optional(),
  allowedIPs: z.array(fields.allowedPrefix).default([]),
  endpoint: fields.endpoint.optional().describe('`host:port`.'),
  persistentKeepalive: fields.seconds.default(0),
})

export const wireGuardInterfaceSpec = z.strictObject({
  node: fields.name,
  interfaceName: fields.linkName,
  privateKey: fields.secretKey
    .optional()
    .describe('Without this and without a reference the node makes its own.'),
  privateKeySecretRef: fields.secretRef.optional(),
  addresses: z.array(fields.interfaceAddress).default([]),
  listenPort: fields.port.optional().describe('Default: the kernel picks one.'),
  mtu: fields.mtu.default(1420),
  table: fields.table.default('off').describe('Where routes to the allowed IPs go.'),
  fwmark: z.int().min(1).max(4294967295).optional(),
  container: fields.container.optional(),
  moveToContainer: z.boolean().optional().describe('Default: true when there is a `container`.'),
  peers: z.array(interfacePeer).default([]),
})

export const wireGuardInterface = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('WireGuardInterface'),
  metadata: fields.metadata,
  spec: wireGuardInterfaceSpec,
  status: z.unknown().optional(),
})

export type WireGuardInterface = z.output<typeof wireGuardInterface>
export type InterfacePeer = z.output<typeof interfacePeer>

/** WireGuardInterface: one interface on one node, with its peers inline. Written by hand, or made from links. */
import { z } from 'zod'
import * as fields from './fields.ts'

export const interfacePeer = z.strictObject({
  publicKey: fields.publicKey.describe('The peer’s public key.'),
  node: fields.name.optional().describe('Who is behind it, for people.'),
  presharedKeySecretRef: fields.secretRef.optional().describe('A preshared key for this peer.'),
  allowedIPs: z.array(fields.allowedPrefix).default([]).describe('What it may send, and what is sent to it.'),
  endpoint: fields.endpoint.optional().describe('`host:port`.'),
  persistentKeepalive: fields.seconds.default(0).describe('Seconds; 0 is off.'),
})

export const wireGuardInterfaceSpec = z.strictObject({
  node: fields.name.describe('The node that is to have it.'),
  interfaceName: fields.linkName.describe('The link’s name.'),
  privateKey: fields.secretKey
    .optional()
    .describe('Without this and without a reference the node makes its own.'),
  privateKeySecretRef: fields.secretRef.optional().describe('Where its private key is kept.'),
  addresses: z.array(fields.interfaceAddress).default([]).describe('Each with its length, or with a peer.'),
  listenPort: fields.port.optional().describe('Default: the kernel picks one.'),
  mtu: fields.mtu.default(1420),
  table: fields.table.default('off').describe('Where routes to the allowed IPs go.'),
  fwmark: z.int().min(1).max(4294967295).optional().describe('Mark on the outgoing UDP packets.'),
  container: fields.container.optional().describe('Where the interface is moved after it is made.'),
  moveToContainer: z.boolean().optional().describe('Default: true when there is a `container`.'),
  adopt: z
    .boolean()
    .optional()
    .describe('Take over an interface of this name that somebody else made, and hold it to this.'),
  peers: z.array(interfacePeer).default([]).describe('All of them.'),
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

/** WireGuardPeer: what one node publishes about itself in one network, so that joining writes one small object. */
import { z } from 'zod'
import * as fields from './fields.ts'

export const wireGuardPeerSpec = z.strictObject({
  network: fields.name.describe('The plan, in the same namespace.'),
  node: fields.name.describe('The node that publishes this.'),
  publicKey: fields.publicKey.describe('Its public key in this network.'),
  endpoint: fields.endpoint.optional().describe('Where others can reach it first.'),
  site: fields.name.optional().describe('Nodes of one site share a LAN.'),
  localEndpoint: fields.endpoint.optional().describe('Where nodes of the same site reach it.'),
  addresses: z.array(fields.interfaceAddress).default([]).describe('Addresses inside the tunnel.'),
  allowedNetworks: z.array(fields.prefix).default([]).describe('Networks behind this node.'),
})

export const wireGuardPeer = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('WireGuardPeer'),
  metadata: fields.metadata,
  spec: wireGuardPeerSpec,
  status: z.unknown().optional(),
})

export type WireGuardPeer = z.output<typeof wireGuardPeer>

/** WireGuardPeer: what one node publishes about itself in one network, so that joining writes one small object. */
import { z } from 'zod'
import * as fields from './fields.ts'

export const wireGuardPeerSpec = z.strictObject({
  network: fields.name.describe('The plan, in the same namespace.'),
  node: fields.name,
  publicKey: fields.publicKey,
  endpoint: fields.endpoint.optional(),
  site: fields.name.optional(),
  localEndpoint: fields.endpoint.optional(),
  addresses: z.array(fields.interfaceAddress).default([]),
  allowedNetworks: z.array(fields.prefix).default([]),
})

export const wireGuardPeer = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('WireGuardPeer'),
  metadata: fields.metadata,
  spec: wireGuardPeerSpec,
  status: z.unknown().optional(),
})

export type WireGuardPeer = z.output<typeof wireGuardPeer>

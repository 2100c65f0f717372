/**
 * NetlinkInterface: one link of any other kind on one node, or a veth pair, with its addresses and routes. Only what
 * one field means on its own is checked here; what fields and objects mean together is checked by `plan`.
 */
import { z } from 'zod'
import * as fields from './fields.ts'
import * as links from './link-fields.ts'

export const LINK_TYPES = [
  'dummy',
  'bridge',
  'vxlan',
  'veth',
  'vlan',
  'vrf',
  'macvlan',
  'ipip',
  'gre',
] as const

/** Those whose block holds something that nobody can guess. */
const BLOCK_NEEDED: readonly string[] = ['vxlan', 'vlan', 'vrf', 'macvlan', 'ipip', 'gre']

const blocks = {
  dummy: z.strictObject({}).optional().describe('Nothing to say.'),
  bridge: links.bridge.optional().describe('With `type: bridge`.'),
  vxlan: links.vxlan.optional().describe('With `type: vxlan`.'),
  veth: links.veth.optional().describe('With `type: veth`.'),
  vlan: links.vlan.optional().describe('With `type: vlan`.'),
  vrf: links.vrf.optional().describe('With `type: vrf`.'),
  macvlan: links.macvlan.optional().describe('With `type: macvlan`.'),
  ipip: links.ipip
    .optional()
    .describe('With `type: ipip`. An IP packet in another; IPv6 outside when the addresses are.'),
  gre: links.gre.optional().describe('With `type: gre`. RFC 2784; IPv6 outside when the addresses are.'),
}

export const netlinkInterfaceSpec = z
  .strictObject({
    node: fields.name.describe('The node that is to have it.'),
    interfaceName: fields.linkName
      .optional()
      .describe('The link’s name. Default: the object’s, where a link may be called that.'),
    type: z.enum(LINK_TYPES).describe('What it is.'),
    up: z.boolean().default(true).describe('Whether it is up.'),
    mtu: fields.linkMtu
      .optional()
      .describe(
        'MTU in bytes. Unset: links over another follow that one when it is declared, others are left alone.',
      ),
    hardwareAddress: fields.hardwareAddress.optional().describe('Unset: the kernel’s choice.'),
    addresses: links.linkAddresses.default([]),
    routes: links.routes.default([]),
    master: links.master.optional(),
    container: fields.container.optional().describe('The namespace that it lives in. Unset: the node’s own.'),
    adopt: z
      .boolean()
      .default(false)
      .describe('Take over a link of this name that somebody else made, and hold it to this.'),
    replacePolicy: z
      .enum(['Never', 'DeleteAndCreate'])
      .default('Never')
      .describe('What to do when something is to change that the kernel cannot change.'),
    ...blocks,
  })
  .superRefine(
    (spec, context) => {
      if (!BLOCK_NEEDED.includes(spec.type) || spec[spec.type] !== undefined) return
      const params = { code: 'MissingField' as const, hint: `Say in \`${spec.type}\` what it is to be.` }
      const message = `missing: a ${spec.type} needs it`
      context.addIssue({ code: 'custom', path: [spec.type], message, params })
    },
    // Also beside other mistakes, so that all of them are seen at once.
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )

export const netlinkInterface = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('NetlinkInterface'),
  metadata: fields.metadata,
  spec: netlinkInterfaceSpec,
  status: z.unknown().optional(),
})

export type NetlinkInterface = z.output<typeof netlinkInterface>
export type NetlinkInterfaceSpec = z.output<typeof netlinkInterfaceSpec>
export type LinkType = NetlinkInterfaceSpec['type']
export type LinkRoute = z.output<typeof links.linkRoute>

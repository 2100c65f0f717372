/**
 * The blocks of a NetlinkInterface, one per type, in the words of ip-link(8) written out. The limits are the
 * kernel's own (br_netlink.c, vxlan_nl_policy, vlan_netlink.c); what fields mean together is checked by `plan`.
 */
import { z } from 'zod'
import * as fields from './fields.ts'

/** Seconds as the kernel keeps them: hundredths (clock_t). */
const hundredths = (min: number, max: number) =>
  z
    .number()
    .min(min)
    .max(max)
    .refine((value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6, 'not a multiple of 0.01')

const byte = z.int().min(0).max(255)
const word = z.int().min(0).max(65535)
const key = z.int().min(0).max(4294967295)
const vlanProtocol = z.enum(['802.1Q', '802.1ad'])
const flag = z.boolean().optional()
const parent = fields.linkName

export const bridge = z.strictObject({
  ports: z
    .array(fields.linkName)
    .optional()
    .describe(
      'All of its ports: others are taken out, missing ones reported. Unset: whoever wants to may join.',
    ),
  vlanFiltering: flag.describe('Whether it looks at VLAN tags.'),
  vlanProtocol: vlanProtocol.optional().describe('Which tags it looks at.'),
  stp: flag.describe('The spanning tree protocol.'),
  forwardDelay: hundredths(0, 30).optional().describe('Seconds; with `stp` at least 2.'),
  helloTime: hundredths(1, 10).optional().describe('Seconds.'),
  maxAge: hundredths(6, 40).optional().describe('Seconds.'),
  ageingTime: hundredths(0, 1_000_000).optional().describe('Seconds until a learned address is forgotten.'),
  priority: word.optional().describe('In the spanning tree; the lowest becomes the root.'),
  multicastSnooping: flag.describe('Send multicast only to ports that asked for it.'),
  groupForwardMask: z
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe('Which of 01:80:c2:00:00:0X to forward, a bit each; the lowest three the kernel refuses.'),
})

export const forwardingEntry = z.strictObject({
  hardwareAddress: fields.hardwareAddress
    .default('00:00:00:00:00:00')
    .describe('Whom it is about; all zeros: everybody unknown, broadcast and multicast.'),
  destination: fields.address.describe('The host that it is sent to.'),
})

export const vxlan = z.strictObject({
  vni: z.int().min(0).max(16777215).describe('The network’s number.'),
  link: parent.optional().describe('The link that the outer packets take; needed with `group`.'),
  local: fields.address.optional().describe('The outer source.'),
  remote: fields.address.optional().describe('The one other end.'),
  group: fields.address.optional().describe('A multicast group of all ends, instead of `remote`.'),
  port: fields.port.default(4789).describe('UDP port, of both ends.'),
  learning: z.boolean().default(true).describe('Learn who is where from what arrives.'),
  ttl: byte.optional().describe('Of the outer packets; 0: the kernel’s choice.'),
  tos: byte.optional().describe('Of the outer packets; 1: that of the inner packet.'),
  proxy: flag.describe('Answer ARP and neighbour solicitations itself.'),
  ageingSeconds: z.int().min(1).max(4294967295).optional().describe('Until a learned entry is forgotten.'),
  noAge: flag.describe('Learned entries are never forgotten.'),
  limit: z
    .int()
    .min(0)
    .max(4294967295)
    .optional()
    .describe('How many entries may be learned; 0: any number.'),
  sourcePortRange: fields.portRange.optional().describe('Outer source ports, by a hash of the inner packet.'),
  udpChecksum: flag.describe('UDP checksums over IPv4.'),
  udpZeroChecksum6Tx: flag.describe('No UDP checksums over IPv6, sending.'),
  udpZeroChecksum6Rx: flag.describe('No UDP checksums over IPv6, receiving.'),
  l2Miss: flag.describe('Tell user space of unknown hardware addresses.'),
  l3Miss: flag.describe('Tell user space of unknown addresses.'),
  forwarding: z
    .array(forwardingEntry)
    .optional()
    .describe('All permanent forwarding entries. Unset: others may keep their own.'),
})

export const linkAddresses = z
  .array(fields.interfaceAddress)
  .describe('Each with its length, or with a peer.')

export const linkRoute = z.strictObject({
  to: fields.prefix.describe('Where to; `0.0.0.0/0` or `::/0` for everything.'),
  via: fields.address.optional().describe('The gateway. Unset: the destinations are on the link.'),
  table: z
    .union([z.enum(['main']), z.int().min(1).max(4294967295)], {
      error: () => 'expected main or a table number',
    })
    .default('main')
    .describe('A routing table.'),
  metric: z.int().min(0).max(4294967295).optional().describe('The lowest wins.'),
  mtu: fields.linkMtu.optional().describe('Packets that take it are no larger.'),
})

const routes = z.array(linkRoute).describe('Beside those of the addresses’ own prefixes.')
const master = fields.linkName.describe('The bridge or VRF that it is a port of, in the same namespace.')

const vethEnd = {
  addresses: linkAddresses.optional(),
  routes: routes.optional(),
  mtu: fields.linkMtu.optional().describe('Default: as above, for both ends.'),
  hardwareAddress: fields.hardwareAddress.optional().describe('Unset: the kernel’s choice.'),
  master: master.optional(),
}

export const veth = z.strictObject({
  local: z
    .strictObject({
      interfaceName: fields.linkName.optional().describe('Instead of the one above.'),
      ...vethEnd,
      container: fields.container.optional().describe('Instead of the one above.'),
    })
    .default({})
    .describe('This end: what stands here takes the place of what stands above.'),
  peer: z
    .strictObject({
      interfaceName: fields.linkName
        .optional()
        .describe('Default `NAME-peer`, hashed where that is longer than 15 bytes.'),
      ...vethEnd,
      container: fields.container
        .optional()
        .describe('Default: as above; for an end on the node itself write the other one in `local`.'),
    })
    .default({})
    .describe('The other end. Both are up or down together.'),
})

export const vlan = z.strictObject({
  link: parent.describe('The link whose packets are tagged.'),
  id: z.int().min(1).max(4094).describe('The tag.'),
  protocol: vlanProtocol.default('802.1Q').describe('The kind of tag.'),
  reorderHeader: flag.describe('Take the tag off before anybody looks at the packet.'),
})

export const vrf = z.strictObject({
  table: z.int().min(1).max(4294967295).describe('The routing table of its ports.'),
})

export const macvlan = z.strictObject({
  link: parent.describe('The link that it shares.'),
  mode: z
    .enum(['private', 'vepa', 'bridge', 'passthru'])
    .default('bridge')
    .describe('Whether those of one link reach each other.'),
})

const tunnel = {
  local: fields.address.optional().describe('The outer source. Unset: any of the node’s.'),
  remote: fields.address.optional().describe('The other end. Unset: whoever sends.'),
  link: parent.optional().describe('The link that the outer packets take.'),
  ttl: byte.optional().describe('Of the outer packets; 0: that of the inner packet.'),
  tos: byte.optional().describe('Of the outer packets; 1: that of the inner packet.'),
  pathMtuDiscovery: flag.describe('IPv4 outside: whether routers may not fragment the outer packets.'),
  encapLimit: byte.optional().describe('IPv6 outside: how deep tunnels may nest (RFC 2473 §4.1.1).'),
}

export const ipip = z.strictObject(tunnel)

export const gre = z.strictObject({
  ...tunnel,
  key: key.optional().describe('Tells tunnels between the same ends apart.'),
  inputKey: key.optional().describe('Instead of `key`, for what arrives.'),
  outputKey: key.optional().describe('Instead of `key`, for what leaves.'),
  ethernet: z
    .boolean()
    .default(false)
    .describe('Carry Ethernet frames, so that it can be a port of a bridge.'),
})

export { master, routes }

/** Settings of link kinds, as bytes written out by hand from <linux/if_link.h> and <linux/if_tunnel.h>. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttributeCursor, MessageWriter } from '../../netlink/index.ts'
import { decodeSettings, encodeSettings } from './settings-codec.ts'
import type { LinkSettings } from './setting-field.ts'

const bytesOf = (kind: string, settings: LinkSettings): Uint8Array => {
  const writer = new MessageWriter(64)
  encodeSettings(writer, kind, settings)
  return writer.bytes
}
const hexOf = (kind: string, settings: LinkSettings): string =>
  Buffer.from(bytesOf(kind, settings)).toString('hex')
const readBack = (kind: string, bytes: Uint8Array): LinkSettings =>
  decodeSettings(kind, new AttributeCursor(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)))

const ROWS: readonly {
  readonly name: string
  readonly kind: string
  readonly given: LinkSettings
  readonly want: readonly string[]
}[] = [
  {
    name: 'a bridge has times in hundredths, booleans of two widths and a protocol in network order',
    kind: 'bridge',
    given: { forwardDelay: 15, stp: true, priority: 32768, vlanFiltering: true, vlanProtocol: '802.1ad' },
    want: [
      '0800 0100 dc050000', // IFLA_BR_FORWARD_DELAY 1500
      '0800 0500 01000000', // IFLA_BR_STP_STATE, u32
      '0600 0600 0080 0000', // IFLA_BR_PRIORITY, u16
      '0500 0700 01 000000', // IFLA_BR_VLAN_FILTERING, u8
      '0600 0800 88a8 0000', // IFLA_BR_VLAN_PROTOCOL, be16
    ],
  },
  {
    name: 'a vxlan over IPv4 has its port and its range of ports in network order',
    kind: 'vxlan',
    given: {
      ...{ id: 7, link: 3, local: '10.0.0.1', group: '10.0.0.2', port: 4789 },
      ...{ sourcePortLow: 1024, sourcePortHigh: 2048 },
    },
    want: [
      '0800 0100 07000000', // IFLA_VXLAN_ID
      '0800 0300 03000000', // IFLA_VXLAN_LINK
      '0800 0400 0a000001', // IFLA_VXLAN_LOCAL
      '0800 0200 0a000002', // IFLA_VXLAN_GROUP
      '0600 0f00 12b5 0000', // IFLA_VXLAN_PORT, be16
      '0800 0a00 0400 0800', // IFLA_VXLAN_PORT_RANGE
    ],
  },
  {
    name: 'a vxlan over IPv6 has attributes of its own for the same settings, and never is the largest number',
    kind: 'vxlan',
    given: { local: 'fd00::1', group: 'fd00::2', ageing: 0 },
    want: [
      '1400 1100 fd000000000000000000000000000001', // IFLA_VXLAN_LOCAL6
      '1400 1000 fd000000000000000000000000000002', // IFLA_VXLAN_GROUP6
      '0800 0800 ffffffff', // IFLA_VXLAN_AGEING
    ],
  },
  {
    name: 'a vlan says which of its flags it means',
    kind: 'vlan',
    given: { id: 5, protocol: '802.1Q', reorderHeader: false },
    want: [
      '0600 0100 0500 0000', // IFLA_VLAN_ID
      '0600 0500 8100 0000', // IFLA_VLAN_PROTOCOL, be16
      '0c00 0200 00000000 01000000', // IFLA_VLAN_FLAGS: none of VLAN_FLAG_REORDER_HDR
    ],
  },
  { name: 'a macvlan has a mode', kind: 'macvlan', given: { mode: 'bridge' }, want: ['0800 0100 04000000'] },
  {
    name: 'a GRE key counts only with its flag, also when it is 0',
    kind: 'gre',
    given: { inputKey: 0, outputKey: 7 },
    want: ['0600 0200 2000 0000', '0800 0400 00000000', '0600 0300 2000 0000', '0800 0500 00000007'],
  },
  {
    name: 'an IPv6 tunnel has its traffic class in the flow information',
    kind: 'ip6tnl',
    given: { ttl: 64, tos: 255, encapLimit: 4 },
    want: ['0500 0400 40 000000', '0800 0700 0ff00000', '0500 0600 04 000000'],
  },
]

for (const { name, kind, given, want } of ROWS) {
  test(name, () => {
    assert.equal(hexOf(kind, given), want.join('').replaceAll(' ', ''))
    assert.deepEqual(readBack(kind, bytesOf(kind, given)), given)
  })
}

test('what the kernel shows as zero but means as none is not shown', () => {
  const zeros = Buffer.from(
    '080001000000000008000200000000000800030000000000' + // IFLA_IPTUN_LINK, LOCAL, REMOTE
      '0500040000000000', // IFLA_IPTUN_TTL
    'hex',
  )
  assert.deepEqual(readBack('ipip', zeros), { ttl: 0 })
  const flagsWithoutKey = Buffer.from('06000200000000000800040000000007', 'hex')
  assert.deepEqual(readBack('gre', flagsWithoutKey), {})
})

test('unknown kinds, attributes and words are passed over', () => {
  assert.deepEqual(readBack('geneve', Buffer.from('0800010007000000', 'hex')), {})
  assert.deepEqual(readBack('vrf', Buffer.from('08006300070000000800010001000000', 'hex')), { table: 1 })
  assert.deepEqual(readBack('macvlan', Buffer.from('0800010063000000', 'hex')), {})
})

test('settings that a kind does not have, or not of this type, are refused before anything is sent', () => {
  assert.throws(() => bytesOf('bridge', { table: 1 }), /a bridge link has no setting table/)
  assert.throws(() => bytesOf('bridge', { stp: 1 }), /stp is not true or false: 1/)
  assert.throws(() => bytesOf('macvlan', { mode: 'source-ish' }), /mode cannot be source-ish/)
  assert.throws(() => bytesOf('vxlan', { sourcePortLow: 1 }), /sourcePortHigh is not a number/)
  assert.throws(() => bytesOf('ipip', { local: 'here' }), /not an IP address: here/)
})

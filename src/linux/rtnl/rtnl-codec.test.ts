/**
 * rtnetlink's layout, written out by hand from <linux/rtnetlink.h>, <linux/if_addr.h>, <linux/if_link.h> and
 * <linux/fib_rules.h>.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MessageWriter, MessageWriter as Writer } from '../netlink/index.ts'
import { decodeAddress, encodeAddressSpec } from './address-codec.ts'
import { decodeLink, encodeAltNames, encodeLinkChange, encodeLinkSpec } from './link-codec.ts'
import { decodeRoute, encodeRouteSpec } from './route-codec.ts'
import { decodeRule, encodeRuleSpec } from './rule-codec.ts'

const written = (body: (writer: MessageWriter) => void): string => {
  const writer = new Writer(16)
  body(writer)
  return Buffer.from(writer.bytes).toString('hex')
}
const joined = (...parts: readonly string[]): string => parts.join('').replaceAll(' ', '')
const shown = (...parts: readonly string[]) => {
  const bytes = Buffer.from(joined(...parts), 'hex')
  return {
    type: 0,
    flags: 0,
    sequence: 0,
    payload: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  }
}

test('addLink() of a veth pair puts the other end, with its own header, into VETH_INFO_PEER', () => {
  const spec = { name: 'a', kind: 'veth', mtuBytes: 1400, up: true, peer: { name: 'b', netns: 9 } } as const
  assert.equal(
    written((w) => encodeLinkSpec(w, spec, { master: 7 })),
    joined(
      '00 00 0000 00000000 01000000 01000000', // ifinfomsg: IFF_UP, and only that changes
      '0600 0300 6100 0000', // IFLA_IFNAME "a"
      '0800 0400 78050000', // IFLA_MTU 1400
      '0800 0a00 07000000', // IFLA_MASTER 7
      '3800 1280', // IFLA_LINKINFO
      '0900 0100 7665746800 000000', // IFLA_INFO_KIND "veth"
      '2800 0280', // IFLA_INFO_DATA
      '2400 0180', // VETH_INFO_PEER
      '00 00 0000 00000000 00000000 00000000', // its ifinfomsg: not up
      '0600 0300 6200 0000', // IFLA_IFNAME "b"
      '0800 1c00 09000000', // IFLA_NET_NS_FD 9
    ),
  )
})

test('setLink() by name names the link; by index it renames it', () => {
  const change = { up: false, name: 'b' }
  assert.equal(
    written((w) => encodeLinkChange(w, { index: 0, name: 'a' }, { change: { up: false }, master: 0 })),
    joined('00 00 0000 00000000 00000000 01000000', '0600 0300 6100 0000', '0800 0a00 00000000'),
  )
  assert.equal(
    written((w) => encodeLinkChange(w, { index: 5 }, { change, master: undefined })),
    joined('00 00 0000 05000000 00000000 01000000', '0600 0300 6200 0000'),
  )
})

test('alternative names go into a nested property list', () => {
  assert.equal(
    written((w) => encodeAltNames(w, { index: 5 }, ['warren-wg0'])),
    joined('00 00 0000 05000000 00000000 00000000', '1400 3480', '0f00 3500 77617272656e2d77673000 00'),
  )
})

test('addAddress() says both ends, the flags beyond 8 bits and the owner', () => {
  const spec = {
    link: 'wg0',
    local: '10.4.0.1',
    peer: '10.4.0.2',
    prefixLength: 32,
    noPrefixRoute: true,
    protocol: 87,
  }
  assert.equal(
    written((w) => encodeAddressSpec(w, spec, 3)),
    joined(
      '02 20 00 00 03000000', // ifaddrmsg: AF_INET /32, scope global, link 3
      '0800 0200 0a040001', // IFA_LOCAL
      '0800 0100 0a040002', // IFA_ADDRESS: the other end
      '0800 0800 00020000', // IFA_FLAGS: IFA_F_NOPREFIXROUTE
      '0500 0b00 57 000000', // IFA_PROTO 87
    ),
  )
})

test('addRoute() says the table in 32 bits beside the 8 of the header', () => {
  const spec = { destination: '10.9.0.0/16', table: 51820, link: 'wg0', metric: 42, protocol: 87 }
  assert.equal(
    written((w) => encodeRouteSpec(w, spec, { linkIndex: 3, deleting: false })),
    joined(
      '02 10 00 00 fc 57 fd 01 00000000', // rtmsg: RT_TABLE_COMPAT, protocol 87, scope link, unicast
      '0800 0100 0a090000', // RTA_DST
      '0800 0f00 6cca0000', // RTA_TABLE 51820
      '0800 0400 03000000', // RTA_OIF 3
      '0800 0600 2a000000', // RTA_PRIORITY 42
    ),
  )
})

test('deleteRoute() leaves open what the caller leaves open', () => {
  assert.equal(
    written((w) => encodeRouteSpec(w, { destination: '::/0' }, { linkIndex: undefined, deleting: true })),
    joined('0a 00 00 00 fe 00 ff 00 00000000', '0800 0f00 fe000000'),
  )
})

test('an IPv4 route through an IPv6 gateway uses RTA_VIA', () => {
  const spec = { destination: '10.0.0.0/8', gateway: 'fe80::1', link: 'a', onLink: true }
  const text = written((w) => encodeRouteSpec(w, spec, { linkIndex: 1, deleting: false }))
  const via = '1600 1200 0a00 fe800000000000000000000000000001 0000'.replaceAll(' ', '')
  assert.ok(text.endsWith(via), text)
  assert.equal(decodeRoute(shown(text))?.gateway, 'fe80::1')
})

test('addRule() of "not fwmark 51820 lookup 51820"', () => {
  const spec = { family: 'inet', table: 51820, fwmark: 51820, invert: true, protocol: 87 } as const
  assert.equal(
    written((w) => encodeRuleSpec(w, spec)),
    joined(
      '02 00 00 00 fc 00 00 01 02000000', // fib_rule_hdr: RT_TABLE_COMPAT, FR_ACT_TO_TBL, FIB_RULE_INVERT
      '0800 0f00 6cca0000', // FRA_TABLE
      '0800 0a00 6cca0000', // FRA_FWMARK
      '0500 1500 57 000000', // FRA_PROTOCOL 87
    ),
  )
})

test('decodeLink() skips the second announcement of a bridge port, of family AF_BRIDGE', () => {
  const rest = '00 0100 05000000 43100000 00000000 0700 0300 76653000 00'
  assert.equal(decodeLink(shown('00', rest))?.name, 've0')
  assert.equal(decodeLink(shown('07', rest)), undefined)
})

test('decodeAddress() takes IFA_ADDRESS where IFA_LOCAL is missing, and the flags of 32 bits', () => {
  const ipv6 = shown(
    '0a 40 80 fd 05000000',
    '1400 0100 fe800000000000000000000000000001',
    '0800 0800 80020000',
  )
  assert.deepEqual(decodeAddress(ipv6), {
    family: 'inet6',
    linkIndex: 5,
    local: 'fe80::1',
    prefixLength: 64,
    protocol: 0,
    scope: 253,
    flags: 0x280,
  })
  assert.equal(decodeAddress(shown('0a 40 80 fd 05000000')), undefined)
  assert.equal(
    decodeAddress(shown('02 18 80 00 05000000', '1400 0100 fe800000000000000000000000000001')),
    undefined,
  )
})

test('decodeRoute() leaves out clones and other families, and a default route has a destination', () => {
  const rest = '00 00 00 fe 03 00 01'
  assert.equal(decodeRoute(shown('02', rest, '00000000', '0800 0500 0a000001'))?.destination, '0.0.0.0/0')
  assert.equal(decodeRoute(shown('0a', rest, '00000000'))?.destination, '::/0')
  assert.equal(decodeRoute(shown('0a', rest, '00020000')), undefined)
  assert.equal(decodeRoute(shown('1c', rest, '00000000')), undefined)
})

test('decodeRule() says nothing where the kernel says "none"', () => {
  const got = decodeRule(
    shown(
      '02 00 00 00 fe 00 00 01 00000000',
      '0800 0f00 fe000000',
      '0800 0e00 ffffffff',
      '0500 1500 02 000000',
      '0800 0600 fe7f0000',
    ),
  )
  assert.deepEqual(got, { family: 'inet', priority: 32766, table: 254, action: 1, protocol: 2 })
})

/**
 * The generic netlink family `wireguard`, written out by hand from <linux/wireguard.h>: what a change looks like,
 * where it is cut when it is long, and how the parts of a dump become one device.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageWriter } from '../netlink/index.ts'
import { decodeFamily } from './generic-netlink.ts'
import { encodeChangePart, MAX_PART_BYTES, splitChange } from './wireguard-change-codec.ts'
import { decodeDevicePart, encodeGetDevice, mergeDeviceParts } from './wireguard-device-codec.ts'
import type { WgDeviceChange } from './wireguard-device.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const keyHex = (fill: string): string => fill.repeat(32)
const joined = (...parts: readonly string[]): string => parts.join('').replaceAll(' ', '')

const parts = (change: WgDeviceChange): string[] =>
  splitChange(change).map((part) => {
    const writer = new MessageWriter(16)
    encodeChangePart(writer, 'wg0', part)
    return Buffer.from(writer.bytes).toString('hex')
  })

const shown = (...text: readonly string[]) => {
  const bytes = Buffer.from(joined(...text), 'hex')
  const payload = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return decodeDevicePart({ type: 40, flags: 2, sequence: 1, payload })
}

test('reading a device asks for it by name', () => {
  const writer = new MessageWriter()
  encodeGetDevice(writer, 'wg0')
  assert.equal(Buffer.from(writer.bytes).toString('hex'), joined('00 01 0000', '0800 0200 77673000'))
})

test('a change with everything in it, byte by byte', () => {
  const [only, ...more] = parts({
    privateKey: key(0x11),
    listenPort: 51820,
    fwmark: 0xca6c,
    replacePeers: true,
    peers: [
      {
        publicKey: key(0x22),
        presharedKey: key(0x33),
        endpoint: { address: '192.0.2.1', port: 51820 },
        persistentKeepaliveSeconds: 25,
        replaceAllowedIPs: true,
        allowedIPs: ['10.0.0.0/24', 'fd00::/8'],
      },
    ],
  })
  assert.equal(more.length, 0)
  assert.equal(
    only,
    joined(
      '01 01 0000', // genlmsghdr: WG_CMD_SET_DEVICE, version 1
      '0800 0200 77673000', // WGDEVICE_A_IFNAME "wg0"
      '0800 0500 01000000', // WGDEVICE_A_FLAGS: WGDEVICE_F_REPLACE_PEERS
      `2400 0300 ${keyHex('11')}`, // WGDEVICE_A_PRIVATE_KEY
      '0600 0600 6cca 0000', // WGDEVICE_A_LISTEN_PORT
      '0800 0700 6cca0000', // WGDEVICE_A_FWMARK
      'bc00 0880', // WGDEVICE_A_PEERS
      'b800 0080', // the first and only one
      `2400 0100 ${keyHex('22')}`, // WGPEER_A_PUBLIC_KEY
      '0800 0300 02000000', // WGPEER_A_FLAGS: WGPEER_F_REPLACE_ALLOWEDIPS
      `2400 0200 ${keyHex('33')}`, // WGPEER_A_PRESHARED_KEY
      '1400 0400 0200 ca6c c0000201 0000000000000000', // WGPEER_A_ENDPOINT: sockaddr_in
      '0600 0500 1900 0000', // WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL
      '4800 0980', // WGPEER_A_ALLOWEDIPS
      '1c00 0080', // the first
      '0600 0100 0200 0000', // WGALLOWEDIP_A_FAMILY: AF_INET
      '0800 0200 0a000000', // WGALLOWEDIP_A_IPADDR
      '0500 0300 18 000000', // WGALLOWEDIP_A_CIDR_MASK 24
      '2800 0080', // the second
      '0600 0100 0a00 0000', // AF_INET6
      '1400 0200 fd000000000000000000000000000000',
      '0500 0300 08 000000',
    ),
  )
})

test('removing a peer says its key and the flag, nothing else', () => {
  const [only] = parts({
    peers: [{ publicKey: key(0x22), remove: true, allowedIPs: ['10.0.0.0/8'], replaceAllowedIPs: true }],
  })
  assert.equal(
    only,
    joined(
      '01 01 0000',
      '0800 0200 77673000',
      '3400 0880',
      '3000 0080',
      `2400 0100 ${keyHex('22')}`,
      '0800 0300 01000000',
    ),
  )
})

test('an empty change still goes out, so that a missing link is noticed', () => {
  assert.deepEqual(parts({}), [joined('01 01 0000', '0800 0200 77673000')])
})

test('a long change is cut: device attributes once, replacement once, the peer goes on under its key', () => {
  const allowedIPs = Array.from({ length: 2000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`)
  const change: WgDeviceChange = {
    privateKey: key(1),
    replacePeers: true,
    peers: [
      { publicKey: key(2), replaceAllowedIPs: true, persistentKeepaliveSeconds: 25, allowedIPs },
      { publicKey: key(3), updateOnly: true, allowedIPs: ['192.0.2.0/24'] },
    ],
  }
  const cut = splitChange(change)
  assert.ok(cut.length > 2)
  assert.deepEqual(
    cut.map(({ first }) => first),
    [true, ...cut.slice(1).map(() => false)],
  )
  const pieces = cut.flatMap(({ peers }) => peers)
  const ofFirst = pieces.filter(({ peer }) => peer.publicKey === change.peers?.[0]?.publicKey)
  assert.deepEqual(
    ofFirst.flatMap(({ allowedIPs }) => allowedIPs),
    allowedIPs,
  )
  assert.deepEqual(
    ofFirst.map(({ continued }) => continued),
    [false, ...ofFirst.slice(1).map(() => true)],
  )
  for (const [index, text] of parts(change).entries()) {
    assert.ok(text.length / 2 <= MAX_PART_BYTES + 100, `part ${index} has ${text.length / 2} bytes`)
    // WGDEVICE_F_REPLACE_PEERS, WGPEER_F_REPLACE_ALLOWEDIPS and the keepalive only in the first.
    assert.equal(text.includes('0800050001000000'), index === 0)
    assert.equal(text.includes('0800030002000000'), index === 0)
    assert.equal(text.includes('0600050019000000'), index === 0)
  }
})

test('a dump of one message becomes a device', () => {
  const device = shown(
    '00 01 0000',
    '0800 0100 05000000', // WGDEVICE_A_IFINDEX 5
    '0800 0200 77673000',
    `2400 0300 ${keyHex('11')}`,
    `2400 0400 ${keyHex('44')}`, // WGDEVICE_A_PUBLIC_KEY
    '0600 0600 6cca 0000',
    '0800 0700 00000000',
    'cc00 0880',
    'c800 0080',
    `2400 0100 ${keyHex('22')}`,
    `2400 0200 ${keyHex('00')}`, // no preshared key
    '2000 0400 0a00 ca6c 00000000 20010db8000000000000000000000001 00000000', // sockaddr_in6
    '0600 0500 0000 0000',
    '1400 0600 6412000000000000 4054890000000000', // 4,708 s and 9,000,000 ns
    '0c00 0700 0000000001000000', // WGPEER_A_RX_BYTES 2^32
    '0c00 0800 0100000000000000',
    '2000 0980',
    '1c00 0080',
    '0500 0300 18 000000',
    '0600 0100 0200 0000',
    '0800 0200 0a0000ff', // host bits are masked
    '0800 0a00 01000000', // WGPEER_A_PROTOCOL_VERSION
  )
  assert.deepEqual(device, {
    index: 5,
    name: 'wg0',
    privateKey: key(0x11),
    publicKey: key(0x44),
    listenPort: 51820,
    fwmark: 0,
    peers: [
      {
        publicKey: key(0x22),
        presharedKey: undefined,
        endpoint: { address: '2001:db8::1', port: 51820 },
        persistentKeepaliveSeconds: 0,
        lastHandshakeMs: 4_708_009,
        rxBytes: 4294967296,
        txBytes: 1,
        allowedIPs: ['10.0.0.0/24'],
      },
    ],
  })
})

test('the parts of a dump are one device: the same key twice in a row is one peer', () => {
  const ip = (third: string): string =>
    `1c00 0080 0600 0100 0200 0000 0800 0200 0a00${third}00 0500 0300 18 000000`
  const peer = (fill: string, third: string): string =>
    `4800 0080 2400 0100 ${keyHex(fill)} 2000 0980 ${ip(third)}`
  const list = (...peers: readonly string[]): string => {
    const body = joined(...peers)
    return `${Buffer.from(Uint16Array.of(body.length / 2 + 4).buffer).toString('hex')} 0880 ${body}`
  }
  const merged = mergeDeviceParts(
    [
      shown('00 01 0000', '0800 0100 05000000', '0800 0200 77673000', list(peer('22', '01'))),
      shown('00 01 0000', '0800 0200 77673000', list(peer('22', '02'), peer('33', '03'))),
      shown('00 01 0000', '0800 0200 77673000', list(peer('33', '04'))),
    ].filter((part) => part !== undefined),
  )
  assert.equal(merged?.index, 5)
  assert.deepEqual(
    merged?.peers.map(({ publicKey, allowedIPs }) => [publicKey[0], allowedIPs]),
    [
      [0x22, ['10.0.1.0/24', '10.0.2.0/24']],
      [0x33, ['10.0.3.0/24', '10.0.4.0/24']],
    ],
  )
  assert.equal(mergeDeviceParts([]), undefined)
})

test('decodeFamily() reads the number, the version and the multicast groups', () => {
  const bytes = Buffer.from(
    joined(
      '01 02 0000',
      '0600 0100 2800 0000', // CTRL_ATTR_FAMILY_ID 40
      '0800 0300 01000000', // CTRL_ATTR_VERSION 1
      '1c00 0780 1800 0180', // CTRL_ATTR_MCAST_GROUPS, the first
      '0a00 0100 706565727300 0000', // "peers"
      '0800 0200 07000000',
    ),
    'hex',
  )
  const payload = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const family = decodeFamily({ type: 16, flags: 0, sequence: 1, payload })
  assert.deepEqual(family, { id: 40, version: 1, groups: new Map([['peers', 7]]) })
})

test('a key of the wrong length is a bug of the caller', () => {
  assert.throws(() => parts({ privateKey: new Uint8Array(31) }), TypeError)
})

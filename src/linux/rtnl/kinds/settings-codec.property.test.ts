/** Any settings of any kind come back from their bytes, and random bytes make no kind throw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatAddress } from '../../ip-text.ts'
import { AttributeCursor, MessageWriter } from '../../netlink/index.ts'
import type { LinkSettings } from './setting-field.ts'
import { decodeSettings, encodeSettings } from './settings-codec.ts'

const through = (bytes: Uint8Array): AttributeCursor =>
  new AttributeCursor(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))

const u8 = fc.nat(0xff)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffffffff)
const index = fc.integer({ min: 1, max: 0x7fffffff })
const seconds = fc.nat(0xffffffff).map((hundredths) => hundredths / 100)
const address = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((value) => value.some((byte) => byte !== 0))
    .map((value) => formatAddress(value) ?? '')
const protocol = fc.constantFrom('802.1Q', '802.1ad')
const bool = fc.boolean()

const ends = (bytes: number) => ({
  link: index,
  local: address(bytes),
  remote: address(bytes),
  ttl: u8,
  tos: u8,
})
const inet = { ...ends(4), pathMtuDiscovery: bool }
const inet6 = { ...ends(16), encapLimit: u8 }
const keys = { inputKey: u32, outputKey: u32 }
const vxlan = (bytes: number) => ({
  ...{
    id: fc.nat(0xffffff),
    link: index,
    local: address(bytes),
    group: address(bytes),
    port: u16,
    ttl: u8,
    tos: u8,
  },
  ...{ learning: bool, proxy: bool, ageing: fc.nat(0xfffffffe), limit: u32, udpChecksum: bool, l2Miss: bool },
  ...{ udpZeroChecksum6Tx: bool, udpZeroChecksum6Rx: bool, l3Miss: bool, external: bool },
})

const KINDS: readonly (readonly [string, Record<string, fc.Arbitrary<string | number | boolean>>])[] = [
  [
    'bridge',
    {
      ...{ forwardDelay: seconds, helloTime: seconds, maxAge: seconds, ageingTime: seconds, stp: bool },
      ...{ priority: u16, vlanFiltering: bool, vlanProtocol: protocol, multicastSnooping: bool },
      groupForwardMask: u16,
    },
  ],
  ['vxlan', vxlan(4)],
  ['vxlan', vxlan(16)],
  ['vlan', { id: u16, protocol, reorderHeader: bool }],
  ['vrf', { table: u32 }],
  ['macvlan', { mode: fc.constantFrom('private', 'vepa', 'bridge', 'passthru', 'source') }],
  ['ipip', inet],
  ['ip6tnl', inet6],
  ['gre', { ...inet, ...keys }],
  ['gretap', { ...inet, ...keys }],
  ['ip6gre', { ...inet6, ...keys }],
  ['ip6gretap', { ...inet6, ...keys }],
]

const KIND_NAMES = [...new Set(KINDS.map(([kind]) => kind))]

for (const [kind, settings] of KINDS) {
  test(`settings of a ${kind} come back from their bytes`, () => {
    fc.assert(
      fc.property(fc.record(settings, { requiredKeys: [], noNullPrototype: true }), (given) => {
        const writer = new MessageWriter(64)
        encodeSettings(writer, kind, given as LinkSettings)
        assert.deepEqual(decodeSettings(kind, through(writer.bytes)), given)
      }),
    )
  })
}

test('random bytes make no kind throw', () => {
  const attributes = fc.array(fc.tuple(fc.nat(40), fc.uint8Array({ maxLength: 24 })), { maxLength: 12 })
  fc.assert(
    fc.property(
      fc.constantFrom(...KIND_NAMES),
      attributes,
      fc.uint8Array({ maxLength: 40 }),
      (kind, list, tail) => {
        const writer = new MessageWriter(64)
        for (const [type, value] of list) writer.attributeBytes(type, value)
        for (const byte of tail) writer.u8(byte)
        decodeSettings(kind, through(writer.bytes))
      },
    ),
    { numRuns: 1000 },
  )
})

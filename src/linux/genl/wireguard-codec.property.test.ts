/** Cutting a change loses nothing and keeps every part small; random bytes make no decoder throw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FakeKernel } from '../fake/index.ts'
import { formatAddress, formatPrefix } from '../ip-text.ts'
import { MessageWriter } from '../netlink/index.ts'
import { RouteNetlink } from '../rtnl/index.ts'
import { decodeFamily } from './generic-netlink.ts'
import { encodeChangePart, splitChange } from './wireguard-change-codec.ts'
import { decodeDevicePart, mergeDeviceParts } from './wireguard-device-codec.ts'
import type { WgPeerChange } from './wireguard-device.ts'
import { WireGuardNetlink } from './wireguard-netlink.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const address = fc.oneof(bytes(4), bytes(16))
const prefix = fc
  .tuple(address, fc.nat(128))
  .map(([ip, length]) => formatPrefix(ip, Math.min(length, ip.length * 8)) ?? '')
const peer: fc.Arbitrary<WgPeerChange> = fc.record(
  {
    publicKey: bytes(32),
    presharedKey: bytes(32),
    endpoint: fc.record(
      { address: address.map((ip) => formatAddress(ip) ?? ''), port: fc.nat(0xffff) },
      { noNullPrototype: true },
    ),
    persistentKeepaliveSeconds: fc.nat(0xffff),
    replaceAllowedIPs: fc.boolean(),
    allowedIPs: fc.uniqueArray(prefix, { maxLength: 30 }),
  },
  { requiredKeys: ['publicKey'], noNullPrototype: true },
)
const peers = fc.uniqueArray(peer, {
  maxLength: 12,
  selector: ({ publicKey }) => Buffer.from(publicKey).toString('hex'),
})

test('splitChange() keeps every peer and allowed IP in order, and no part outgrows its room', () => {
  fc.assert(
    fc.property(peers, fc.integer({ min: 400, max: 4000 }), (given, maxBytes) => {
      const parts = splitChange({ peers: given }, maxBytes)
      const rejoined = new Map<WgPeerChange, string[]>()
      for (const piece of parts.flatMap((part) => part.peers)) {
        assert.equal(piece.continued, rejoined.has(piece.peer))
        rejoined.set(piece.peer, [...(rejoined.get(piece.peer) ?? []), ...piece.allowedIPs])
      }
      assert.deepEqual([...rejoined.keys()], given)
      for (const item of given) assert.deepEqual(rejoined.get(item), item.allowedIPs ?? [])
      for (const part of parts) {
        const writer = new MessageWriter()
        encodeChangePart(writer, 'wg0', part)
        assert.ok(writer.length <= maxBytes + 100, `${writer.length} bytes in a part of ${maxBytes}`)
      }
    }),
  )
})

test('what is set is what is read, for any peers that share no allowed IP', () => {
  fc.assert(
    fc.property(peers, (given) => {
      const kernel = new FakeKernel()
      RouteNetlink.open(kernel).addLink({ name: 'wg0', kind: 'wireguard' })
      const wireguard = WireGuardNetlink.open(kernel)
      const seen = new Set<string>()
      const disjoint = given.map((item) => ({
        ...item,
        allowedIPs: (item.allowedIPs ?? []).filter((text) => !seen.has(text) && seen.add(text)),
      }))
      wireguard?.setDevice('wg0', { peers: disjoint })
      const got = wireguard?.getDevice('wg0')?.peers ?? []
      const none = (key: Uint8Array | undefined): Uint8Array | undefined =>
        key?.some((byte) => byte !== 0) ? key : undefined
      assert.deepEqual(
        got.map((p) => [p.publicKey, p.presharedKey, p.endpoint, p.persistentKeepaliveSeconds, p.allowedIPs]),
        disjoint.map((p) => [
          p.publicKey,
          none(p.presharedKey),
          p.endpoint,
          p.persistentKeepaliveSeconds ?? 0,
          p.allowedIPs,
        ]),
      )
    }),
  )
})

test('random bytes make no decoder throw', () => {
  const nested = fc
    .array(fc.tuple(fc.nat(12), fc.uint8Array({ maxLength: 40 })), { maxLength: 10 })
    .map((attributes) => {
      const writer = new MessageWriter(64)
      writer.u32(0)
      writer.nest(8, () =>
        writer.nest(0, () => {
          writer.attributeBytes(1, new Uint8Array(32))
          for (const [type, value] of attributes) writer.attributeBytes(type, value)
          writer.nest(9, () =>
            writer.nest(0, () => attributes.forEach(([type, value]) => writer.attributeBytes(type, value))),
          )
        }),
      )
      return writer.bytes.slice()
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), nested), (data) => {
      const message = {
        type: 0,
        flags: 0,
        sequence: 0,
        payload: new DataView(data.buffer, data.byteOffset, data.length),
      }
      const part = decodeDevicePart(message)
      if (part) mergeDeviceParts([part, part])
      decodeFamily(message)
    }),
    { numRuns: 2000 },
  )
})

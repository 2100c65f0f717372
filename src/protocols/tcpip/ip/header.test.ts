/** Headers against the slow builder of test/models. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { buildPacket, onesSum } from '../../../../test/models/internet-packets.ts'
import { allocatePacketMemory } from '../../packet-memory/index.ts'
import {
  internetChecksum,
  ipHeaderBytes,
  pseudoHeaderSum,
  transportChecksum,
  writeIpHeader,
} from './header.ts'

const memory = allocatePacketMemory(70_000)
interface Given {
  readonly ends: { readonly source: Uint8Array; readonly destination: Uint8Array }
  readonly protocol: 'tcp' | 'udp'
  readonly ecn: number
  readonly payload: Uint8Array
  readonly at: number
}
const ends = fc.constantFrom(4, 16).chain((length) =>
  fc.record({
    source: fc.uint8Array({ minLength: length, maxLength: length }),
    destination: fc.uint8Array({ minLength: length, maxLength: length }),
  }),
)
const packets: fc.Arbitrary<Given> = fc.record({
  ends,
  protocol: fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
  ecn: fc.nat(3),
  payload: fc.uint8Array({ maxLength: 200 }),
  at: fc.nat(64),
})

const described = ({ ends, protocol, ecn, payload }: Given) => ({
  ...{ version: ends.source.length === 4 ? (4 as const) : (6 as const), protocol, ...ends },
  ...{ sourcePort: 5, destinationPort: 6, trafficClass: ecn, hopLimit: 64, id: 0, dontFragment: true },
  ...{ sequence: 1, acknowledgment: 2, flags: 16, window: 3, options: new Uint8Array(0), payload },
})

test('writeIpHeader() writes what the slow builder writes, up to the flow label', () => {
  fc.assert(
    fc.property(packets, (given) => {
      const want = buildPacket(described(given))
      const { source, destination } = given.ends
      const length = ipHeaderBytes(source)
      if (length === 40) want.writeUIntBE(0, 2, 2)
      if (length === 40) want[1] = want[1]! & 0xf0
      const protocol = given.protocol === 'tcp' ? 6 : 17
      const rest = want.length - length
      assert.equal(writeIpHeader(memory, given.at, source, destination, protocol, rest, given.ecn), length)
      assert.deepEqual(Buffer.from(memory.bytes.slice(given.at, given.at + length)), want.subarray(0, length))
    }),
  )
})

test('transportChecksum() is 0 over a right packet and fills in the field of a new one', () => {
  fc.assert(
    fc.property(packets, (given) => {
      const packet = buildPacket(described(given))
      const { source, destination } = given.ends
      const at = given.at + ipHeaderBytes(source)
      const length = packet.length - ipHeaderBytes(source)
      const [protocol, field] = given.protocol === 'tcp' ? [6, 16] : [17, 6]
      memory.bytes.set(packet, given.at)
      const pseudo = pseudoHeaderSum(source, destination, protocol)
      assert.equal(transportChecksum(memory, at, length, pseudo), 0)
      memory.view.setUint16(at + field, 0)
      memory.view.setUint16(at + field, transportChecksum(memory, at, length, pseudo) || 0xffff, true)
      const sent = memory.view.getUint16(at + field)
      assert.equal(sent || 0xffff, packet.readUInt16BE(ipHeaderBytes(source) + field) || 0xffff)
    }),
  )
})

test('internetChecksum() is the one of RFC 1071 §3', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  memory.bytes.set(bytes, 8)
  memory.view.setUint16(0, internetChecksum(memory, 8, 8), true)
  assert.equal(memory.view.getUint16(0), ~0xddf2 & 0xffff)
  assert.equal(memory.view.getUint16(0), ~onesSum(bytes) & 0xffff)
})

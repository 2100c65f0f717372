/** The segmenter against the twin that builds every packet from its description. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  buildPacket,
  segmentSlowly,
  vnetHeader,
  type PacketDescription,
} from '../../test/models/internet-packets.ts'
import { description } from '../../test/models/packet-arbitraries.ts'
import { allocatePacketMemory } from '../protocols/packet-memory/index.ts'
import { Segmenter } from './segmentation.ts'

const memory = allocatePacketMemory(300_000)
const FRAME = 64
const OUT = 100_000

function segment(frame: Uint8Array): Buffer[] | undefined {
  memory.bytes.set(frame, FRAME)
  const segmenter = new Segmenter(memory)
  if (!segmenter.begin(FRAME, frame.length)) return undefined
  const { longest } = segmenter
  const packets: Buffer[] = []
  for (let length = segmenter.next(OUT); length > 0; length = segmenter.next(OUT)) {
    packets.push(Buffer.from(memory.bytes.slice(OUT, OUT + length)))
    assert.ok(length <= longest)
  }
  return packets
}

const frameOf = (d: PacketDescription, size: number) =>
  Buffer.concat([vnetHeader(d, { size }), buildPacket(d, { partial: true })])

test('Segmenter cuts a super packet as the twin does: lengths, ids, sequence numbers, flags, checksums', () => {
  fc.assert(
    fc.property(description(20_000), fc.integer({ min: 1, max: 1400 }), (d, size) => {
      assert.deepEqual(segment(frameOf(d, size)), segmentSlowly(d, size))
    }),
  )
})

test('Segmenter completes the checksum of a packet that needs no cutting', () => {
  fc.assert(
    fc.property(description(1400), (d) => {
      assert.deepEqual(segment(frameOf(d, 0)), [buildPacket(d)])
    }),
  )
})

test('Segmenter passes on a packet that asks for nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 2000 }), (packet) => {
      assert.deepEqual(segment(Buffer.concat([Buffer.alloc(10), packet])), [Buffer.from(packet)])
    }),
  )
})

test('Segmenter cuts or refuses, but survives any bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ minLength: 10, maxLength: 10 }),
      (packet, vnet) => {
        const frame = Buffer.concat([vnet, packet])
        frame.writeUInt16LE(frame.readUInt16LE(6) % 120, 6)
        const packets = segment(frame)
        assert.ok(packets === undefined || packets.length <= 400)
      },
    ),
    { numRuns: 2000 },
  )
})

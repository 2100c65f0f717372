/**
 * Coalescing against segmentation: cutting the merged frames must give back the very packets that went in, flow by
 * flow and in order. (Segmentation in turn is held against the twin.)
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { buildPacket, segmentSlowly, type PacketDescription } from '../../test/models/internet-packets.ts'
import { Coalescer, type Frame } from './coalesce.ts'
import { description } from '../../test/models/packet-arbitraries.ts'
import { allocatePacketMemory } from '../protocols/packet-memory/index.ts'
import { Segmenter } from './segmentation.ts'

const memory = allocatePacketMemory(2_000_000)
const FRAME = 1_500_000
const OUT = 1_700_000

/** Frames as the kernel would get them. */
function coalesce(packets: readonly Uint8Array[], mergeUdp = true): Buffer[] {
  const frames: Buffer[] = []
  const onFrame = (frame: Frame) => frames.push(gather(frame))
  const coalescer = new Coalescer({ memory, onFrame, mergeUdp })
  let at = 64
  for (const packet of packets) {
    memory.bytes.set(packet, at)
    coalescer.add(at, packet.length)
    at += packet.length + 32
  }
  coalescer.flush()
  return frames
}

const gather = (frame: Frame): Buffer =>
  Buffer.concat(
    Array.from({ length: frame.count }, (_, index) => {
      const start = frame.starts[index] ?? 0
      return memory.bytes.slice(start, start + (frame.lengths[index] ?? 0))
    }),
  )

function cut(frames: readonly Buffer[]): Buffer[] {
  const segmenter = new Segmenter(memory)
  return frames.flatMap((frame) => {
    memory.bytes.set(frame, FRAME)
    assert.ok(segmenter.begin(FRAME, frame.length))
    const packets: Buffer[] = []
    for (let length = segmenter.next(OUT); length > 0; length = segmenter.next(OUT)) {
      packets.push(Buffer.from(memory.bytes.slice(OUT, OUT + length)))
    }
    return packets
  })
}

/** With DF set the id says nothing (RFC 6864 §4) and merging loses it. */
function withoutId(packet: Buffer): string {
  const copy = Buffer.from(packet)
  if (copy.length >= 20 && copy.readUInt8(0) === 0x45 && copy.readUInt16BE(6) === 0x4000) {
    copy.writeUInt16BE(0, 4)
    copy.writeUInt16BE(0, 10)
  }
  return copy.toString('hex')
}

const flowOf = (packet: Buffer) =>
  packet.readUInt8(0) >> 4 === 4
    ? `${packet.toString('hex', 9, 10)} ${packet.toString('hex', 12, 24)}`
    : `${packet.toString('hex', 6, 7)} ${packet.toString('hex', 8, 44)}`

const byFlow = (packets: readonly Buffer[]) => Map.groupBy(packets, flowOf)

const stream = (d: PacketDescription, size: number) => segmentSlowly(d, size)

test('Coalescer loses, changes and reorders nothing within a flow', () => {
  const flows = fc.array(fc.tuple(description(6000), fc.integer({ min: 40, max: 1400 })), {
    minLength: 1,
    maxLength: 12,
  })
  const mischief = fc.array(fc.nat(10_000), { maxLength: 10 })
  fc.assert(
    fc.property(flows, mischief, fc.boolean(), (given, spots, mergeUdp) => {
      const queues = given.map(([d, size]) => stream(d, size))
      const packets: Buffer[] = []
      // Interleaved in turns, as several streams through one tunnel would be.
      for (let turn = 0; queues.some((queue) => turn < queue.length); turn++) {
        for (const queue of queues) if (queue[turn]) packets.push(queue[turn] ?? Buffer.alloc(0))
      }
      for (const spot of spots) {
        const packet = packets[spot % packets.length]
        const position = 20 + (spot % Math.max(1, (packet?.length ?? 21) - 20))
        if (packet) packet[position] = (packet[position] ?? 0) ^ 0x10
      }
      const back = cut(coalesce(packets, mergeUdp))
      const [want, got] = [byFlow(packets), byFlow(back)]
      assert.deepEqual([...got.keys()].toSorted(), [...want.keys()].toSorted())
      for (const [flow, list] of want) assert.deepEqual(got.get(flow)?.map(withoutId), list.map(withoutId))
    }),
  )
})

test('Coalescer passes on whatever bytes it is given', () => {
  const start = fc.constantFrom(
    [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6],
    [0x60, 0, 0, 0, 0, 20, 6, 64],
    [0x46],
    [],
  )
  const packet = fc.tuple(start, fc.uint8Array({ minLength: 20, maxLength: 120 })).map(([head, bytes]) => {
    bytes.set(head.slice(0, bytes.length))
    if (bytes[0] === 0x45) bytes[3] = bytes.length
    if (bytes[0] === 0x60) bytes[5] = Math.max(0, bytes.length - 40)
    return Buffer.from(bytes)
  })
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 20 }), (packets) => {
      const frames = coalesce(packets)
      const total = (list: readonly Buffer[]) => list.reduce((sum, { length }) => sum + length, 0)
      assert.ok(total(frames) <= total(packets) + 10 * packets.length)
      assert.ok(frames.length <= packets.length)
    }),
    { numRuns: 500 },
  )
})

const bulk: PacketDescription = {
  version: 4,
  protocol: 'tcp',
  source: Uint8Array.of(10, 0, 0, 1),
  destination: Uint8Array.of(10, 0, 0, 2),
  sourcePort: 40000,
  destinationPort: 5201,
  trafficClass: 0,
  hopLimit: 64,
  id: 65530,
  dontFragment: true,
  sequence: 0xfffff000,
  acknowledgment: 1,
  flags: 0x18,
  window: 500,
  options: new Uint8Array(12),
  payload: Uint8Array.from({ length: 40_000 }, (_, index) => index * 31),
}

test('Coalescer makes one frame of one burst, also across the wrap of the sequence number', () => {
  for (const version of [4, 6] as const) {
    const addresses =
      version === 4 ? {} : { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) }
    const frames = coalesce(segmentSlowly({ ...bulk, ...addresses, version }, 1368))
    assert.equal(frames.length, 1)
  }
})

test('Coalescer keeps a pure acknowledgment, a SYN and a RST apart', () => {
  for (const flags of [0x10, 0x02, 0x14]) {
    const packets = [
      ...segmentSlowly(bulk, 10_000),
      buildPacket({ ...bulk, flags, payload: new Uint8Array(0) }),
    ]
    assert.equal(coalesce(packets).length, 2)
  }
})

test('Coalescer does not hide a wrong checksum', () => {
  const packets = segmentSlowly(bulk, 1368)
  const broken = packets[3]
  assert.ok(broken)
  broken[200] = (broken[200] ?? 0) ^ 1
  const back = cut(coalesce(packets))
  assert.deepEqual(back.map((packet) => packet.equals(broken)).filter(Boolean).length, 1)
})

test('Coalescer leaves UDP alone where the kernel takes no merged UDP', () => {
  const packets = segmentSlowly({ ...bulk, protocol: 'udp' }, 1000)
  assert.equal(coalesce(packets, false).length, packets.length)
  assert.equal(coalesce(packets, true).length, 1)
})

/** Random packets: what the property tests of segmentation and coalescing draw from. */
import * as fc from 'fast-check'
import type { PacketDescription } from './internet-packets.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

/** Drawn as two numbers, so that a failing payload shrinks in a few steps. */
const payload = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .record({ length: fc.integer({ min: 1, max: maxLength }), seed: fc.nat(255) })
    .map(({ length, seed }) =>
      Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) + 1) * seed),
    )

export const description = (maxPayload: number): fc.Arbitrary<PacketDescription> =>
  fc.constantFrom<4 | 6>(4, 6).chain((version) =>
    fc.record({
      version: fc.constant(version),
      protocol: fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
      source: bytes(version === 4 ? 4 : 16),
      destination: bytes(version === 4 ? 4 : 16),
      sourcePort: fc.nat(65535),
      destinationPort: fc.nat(65535),
      trafficClass: fc.nat(255),
      hopLimit: fc.integer({ min: 1, max: 255 }),
      id: fc.nat(65535),
      dontFragment: fc.boolean(),
      sequence: fc.nat(0xffffffff),
      acknowledgment: fc.nat(0xffffffff),
      flags: fc.constantFrom(0x10, 0x18, 0x90, 0x11, 0x19),
      window: fc.nat(65535),
      options: fc.constantFrom(0, 12, 40).chain(bytes),
      payload: payload(maxPayload),
    }),
  )

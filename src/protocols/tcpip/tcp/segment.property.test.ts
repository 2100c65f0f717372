/** Headers and options: what was written is read, and nothing that one reads throws. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SACK_BLOCK_BYTES,
  writeMaximumSegmentSize,
  writeSackHeader,
  writeSackPermitted,
  writeTimestamps,
  writeWindowScale,
} from './options.ts'
import { decodeSegment, Segment } from './segment.ts'

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const options = fc.record({
  mss: fc.option(fc.integer({ min: 1, max: 0xffff })),
  scale: fc.option(fc.nat(14)),
  sackPermitted: fc.boolean(),
  timestamps: fc.option(fc.tuple(word, word)),
  timestampsFirst: fc.boolean(),
  sack: fc.array(fc.tuple(word, word), { maxLength: 2 }),
})

function header(view: DataView, optionBytes: number): void {
  view.setUint8(12, ((20 + optionBytes) / 4) << 4)
}

test('options that were written are read', () => {
  fc.assert(
    fc.property(options, ({ mss, scale, sackPermitted, timestamps, timestampsFirst, sack }) => {
      const view = new DataView(new ArrayBuffer(80))
      let at = 20
      if (timestamps !== null && timestampsFirst) at += writeTimestamps(view, at, ...timestamps)
      if (mss !== null) at += writeMaximumSegmentSize(view, at, mss)
      if (scale !== null) at += writeWindowScale(view, at, scale)
      if (sackPermitted) at += writeSackPermitted(view, at)
      if (timestamps !== null && !timestampsFirst) at += writeTimestamps(view, at, ...timestamps)
      if (sack.length > 0 && at + 4 + sack.length * SACK_BLOCK_BYTES <= 60) {
        at += writeSackHeader(view, at, sack.length)
        for (const [left, right] of sack) {
          view.setInt32(at, left)
          view.setInt32(at + 4, right)
          at += SACK_BLOCK_BYTES
        }
      } else {
        sack.length = 0
      }
      header(view, at - 20)
      const segment = new Segment()
      assert.equal(decodeSegment(view, 0, at + 7, segment), true)
      assert.equal(segment.payloadLength, 7)
      assert.equal(segment.maximumSegmentBytes, mss ?? 0)
      assert.equal(segment.windowScale, scale ?? -1)
      assert.equal(segment.sackPermitted, sackPermitted)
      assert.equal(segment.hasTimestamps, timestamps !== null)
      if (timestamps !== null) assert.deepEqual([segment.timestamp, segment.timestampEcho], timestamps)
      assert.equal(segment.sackCount, sack.length)
      assert.deepEqual([...segment.sackEdges.subarray(0, 2 * sack.length)], sack.flat())
    }),
  )
})

test('decodeSegment() never throws and never reads beyond the segment', () => {
  const segment = new Segment()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      if (!decodeSegment(view, 0, bytes.length, segment)) return
      assert.ok(segment.payloadAt >= 20 && segment.payloadAt + segment.payloadLength === bytes.length)
      assert.ok(segment.sackCount <= 4 && segment.windowScale <= 14)
    }),
    { numRuns: 2_000 },
  )
})

const rows = [
  { name: 'a length of 0 ends the list', options: [2, 0, 5, 180], want: { maximumSegmentBytes: 0 } },
  { name: 'a length beyond the header ends it', options: [2, 8, 5, 180], want: { maximumSegmentBytes: 0 } },
  {
    name: 'unknown kinds are skipped',
    options: [200, 4, 9, 9, 2, 4, 5, 180],
    want: { maximumSegmentBytes: 1460 },
  },
  {
    name: 'after END nothing is read',
    options: [0, 2, 4, 5, 180, 0, 0, 0],
    want: { maximumSegmentBytes: 0 },
  },
  { name: 'a window scale over 14 is 14', options: [3, 3, 99, 0], want: { windowScale: 14 } },
  { name: 'an MSS of the wrong length is none', options: [2, 3, 5, 1], want: { maximumSegmentBytes: 0 } },
]

for (const { name, options, want } of rows) {
  test(`options: ${name}`, () => {
    const bytes = Uint8Array.from([...new Uint8Array(20), ...options])
    const view = new DataView(bytes.buffer)
    header(view, options.length)
    const segment = new Segment()
    assert.equal(decodeSegment(view, 0, bytes.length, segment), true)
    for (const [key, value] of Object.entries(want)) assert.equal(segment[key as keyof Segment], value)
  })
}

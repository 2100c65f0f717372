/** The receiving half by itself: what it takes, reports and gives back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PagePool } from '../../../streams/index.ts'
import { Receiver } from './receiver.ts'
import { ACK, FIN, Segment } from './segment.ts'

const MAX_BYTES = 1024 * 1024

function make() {
  const pool = new PagePool({ maxBytes: MAX_BYTES })
  const receiver = new Receiver(pool, MAX_BYTES)
  receiver.next = 1_000
  receiver.window.openingField(receiver.next)
  return { pool, receiver }
}

function segment(sequence: number, length: number, flags = ACK): Segment {
  const s = new Segment()
  s.sequence = sequence
  s.payloadLength = length
  s.flags = flags
  return s
}

const text = (length: number) => Uint8Array.from({ length }, (_, index) => index & 0xff)

test('only a segment of the past is reported as a duplicate, not one beyond the window', () => {
  const { receiver } = make()
  receiver.noteDuplicate(segment(500_000, 100))
  assert.equal(receiver.hasDuplicate, false)
  receiver.noteDuplicate(segment(950, 100))
  assert.equal(receiver.hasDuplicate, false)
  receiver.noteDuplicate(segment(900, 100))
  assert.deepEqual(
    [receiver.hasDuplicate, receiver.duplicateStart, receiver.duplicateEnd],
    [true, 900, 1_000],
  )
})

test('every duplicate of a burst is reported, those that touch as one', () => {
  const { receiver } = make()
  receiver.next = 2_000
  for (const start of [1_000, 1_100, 1_500, 1_700]) receiver.noteDuplicate(segment(start, 100))
  const reported: number[][] = []
  for (; receiver.hasDuplicate; receiver.duplicateReported())
    reported.push([receiver.duplicateStart, receiver.duplicateEnd])
  assert.deepEqual(reported, [
    [1_000, 1_200],
    [1_500, 1_600],
    [1_700, 1_800],
  ])
})

test('a FIN beyond a hole is reported, and reached when the hole is filled', () => {
  const { receiver } = make()
  assert.equal(receiver.take(segment(1_100, 50, ACK | FIN), text(50)), 'out-of-order')
  const view = new DataView(new ArrayBuffer(8))
  receiver.reassembly!.writeBlocks(view, 0, 1)
  assert.deepEqual([view.getInt32(0), view.getInt32(4)], [1_100, 1_151])
  assert.equal(receiver.take(segment(1_000, 100), text(100)), 'filled-hole')
  assert.deepEqual([receiver.ended, receiver.next, receiver.readyBytes], [true, 1_151, 150])
})

test('what comes from behind the FIN is not taken, and does not move anything back', () => {
  const { receiver } = make()
  receiver.take(segment(1_200, 100), text(100))
  receiver.take(segment(1_100, 0, ACK | FIN), text(0))
  receiver.take(segment(1_000, 200), text(200))
  assert.equal(receiver.ended, true)
  assert.ok(receiver.next >= 1_101 && receiver.readyBytes <= 100)
})

test('bytes that nobody will get at are given back with the last that somebody can', () => {
  const { pool, receiver } = make()
  receiver.take(segment(1_000, 10), text(10))
  receiver.take(segment(40_000, 10), text(10))
  receiver.stop()
  assert.ok(pool.usedBytes > 0)
  receiver.consume(10)
  assert.equal(pool.usedBytes, 0)
})

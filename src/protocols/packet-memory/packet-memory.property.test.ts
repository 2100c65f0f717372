/** The WebAssembly sums against the plain ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { onesSum } from '../../../test/models/internet-packets.ts'
import { allocatePacketMemory, foldSum, networkWord } from './packet-memory.ts'

const fast = allocatePacketMemory(200_000)
const plain = allocatePacketMemory(200_000, { plain: true })

const place = fc.record({ from: fc.nat(300), to: fc.nat(300) })

for (const [name, memory] of [['fast', fast] as const, ['plain', plain] as const]) {
  test(`${name}: sum() is the RFC 1071 sum, whatever the alignment and length`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), place, (bytes, { from }) => {
        memory.bytes.set(bytes, from)
        assert.equal(networkWord(foldSum(memory.sum(from, bytes.length))), onesSum(bytes))
      }),
    )
  })

  test(`${name}: copySum() copies, sums and leaves the surroundings`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), place, (bytes, { from, to }) => {
        const at = 100_000 + to
        memory.bytes.fill(0xa5, 100_000, 104_000)
        memory.bytes.set(bytes, from)
        assert.equal(networkWord(foldSum(memory.copySum(at, from, bytes.length))), onesSum(bytes))
        assert.deepEqual(memory.bytes.slice(at, at + bytes.length), bytes)
        assert.ok(memory.bytes.subarray(100_000, at).every((byte) => byte === 0xa5))
        assert.ok(memory.bytes.subarray(at + bytes.length, 104_000).every((byte) => byte === 0xa5))
      }),
    )
  })

  test(`${name}: the largest sum of 64 KiB does not overflow`, () => {
    memory.bytes.fill(0xff, 0, 65_536)
    assert.equal(foldSum(memory.sum(0, 65_536)), 0xffff)
  })
}

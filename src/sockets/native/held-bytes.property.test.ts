/** What was received and not consumed, against a plain array. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PAGE_BYTES, PagePool } from '../../streams/index.ts'
import { HeldBytes } from './held-bytes.ts'

test('HeldBytes keeps everything in order, with pages and without', () => {
  const sizes = fc.oneof(fc.nat(300), fc.nat(3000), fc.nat(70_000))
  const steps = fc.array(fc.tuple(fc.boolean(), sizes), { maxLength: 30 })
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 2, 100), (all, pages) => {
      const pool = new PagePool({ maxBytes: pages * PAGE_BYTES })
      const held = new HeldBytes(pool)
      let [written, read] = [0, 0]
      for (const [isAppend, size] of all) {
        if (isAppend) {
          held.append(Uint8Array.from({ length: size }, (_, index) => (written + index) % 251))
          written += size
        } else {
          const piece = held.peek()
          assert.ok(piece.every((byte, index) => byte === (read + index) % 251))
          assert.equal(held.consume(Math.min(size, piece.length)), Math.min(size, piece.length))
          read += Math.min(size, piece.length)
        }
        assert.equal(held.length, written - read)
        assert.equal(held.peek().length > 0, held.length > 0)
      }
      assert.equal(held.consume(written), written - read)
      held.clear()
      assert.equal(pool.usedBytes, 0)
    }),
    { numRuns: 60 },
  )
})

test('HeldBytes takes no page for little', () => {
  const pool = new PagePool({ maxBytes: PAGE_BYTES })
  const held = new HeldBytes(pool)
  for (let index = 0; index < 20; index++) held.append(new Uint8Array(100))
  assert.deepEqual([held.length, pool.usedBytes], [2000, 0])
})

/** Vectors of the reference implementation (vectors.h of "SipHash", key 00 01 … 0f, input 00 01 …), low halves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sipHash } from './siphash.ts'

const count = (length: number) => Uint8Array.from({ length }, (_, index) => index)

const rows = [
  { length: 0, want: 0xdd0e0e31 },
  { length: 1, want: 0x93dc67fd },
  { length: 2, want: 0xd9a94f5a },
  { length: 3, want: 0xd7fb7e2d },
  { length: 15, want: 0x49be45e5 },
]

for (const { length, want } of rows) {
  test(`sipHash() of ${length} bytes is that of the reference`, () => {
    assert.equal(sipHash(count(16), count(length)) >>> 0, want)
  })
}

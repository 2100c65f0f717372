/** Attributes of any shape survive the way through a message; bytes of any kind never make a reader throw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { attributePath, decodeAcknowledgement } from './acknowledgement.ts'
import { AttributeCursor } from './attribute-cursor.ts'
import { splitMessages } from './message.ts'
import { MessageWriter } from './message-writer.ts'

interface Tree {
  readonly type: number
  readonly value: Uint8Array | readonly Tree[]
}

const type = fc.integer({ min: 1, max: 0x3fff })
const leaf: fc.Arbitrary<Tree> = fc.record(
  { type, value: fc.uint8Array({ maxLength: 40 }) },
  { noNullPrototype: true },
)
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record(
      { type, value: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) },
      { noNullPrototype: true },
    ),
  ),
})).tree

const write = (writer: MessageWriter, { type, value }: Tree): void => {
  if (value instanceof Uint8Array) writer.attributeBytes(type, value)
  else writer.nest(type, () => value.forEach((child) => write(writer, child)))
}

const read = (cursor: AttributeCursor, shape: readonly Tree[]): Tree[] =>
  shape.map(({ value }) => {
    assert.ok(cursor.next())
    return {
      type: cursor.type,
      value: value instanceof Uint8Array ? cursor.bytes().slice() : read(cursor.nested(), value),
    }
  })

test('what MessageWriter writes, AttributeCursor reads', () => {
  fc.assert(
    fc.property(fc.array(fc.array(tree, { maxLength: 6 }), { maxLength: 4 }), (messages) => {
      const writer = new MessageWriter(16)
      messages.forEach((attributes, sequence) => {
        writer.message({ type: 100, flags: 1, sequence }, () =>
          attributes.forEach((child) => write(writer, child)),
        )
      })
      const got = [...splitMessages(writer.bytes)]
      assert.deepEqual(
        got.map(({ sequence }) => sequence),
        messages.map((_, index) => index),
      )
      got.forEach(({ payload }, index) => {
        const cursor = new AttributeCursor(payload)
        assert.deepEqual(read(cursor, messages[index] ?? []), messages[index])
        assert.equal(cursor.next(), false)
        assert.equal(cursor.broken, false)
      })
    }),
  )
})

test('numbers survive at their full width', () => {
  fc.assert(
    fc.property(
      fc.nat(0xff),
      fc.nat(0xffff),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
      (u8, u16, u32, u64) => {
        const writer = new MessageWriter(1)
        writer.attributeU8(1, u8).attributeU16(2, u16).attributeU16BigEndian(3, u16).attributeU32(4, u32)
        writer.attributeU32BigEndian(5, u32).attributeU64(6, u64).attributeU64BigEndian(7, u64)
        const { bytes } = writer
        const cursor = new AttributeCursor(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        const next = <T>(take: () => T): T => {
          assert.ok(cursor.next())
          return take()
        }
        assert.equal(
          next(() => cursor.u8()),
          u8,
        )
        assert.equal(
          next(() => cursor.u16()),
          u16,
        )
        assert.equal(
          next(() => cursor.u16BigEndian()),
          u16,
        )
        assert.equal(
          next(() => cursor.u32()),
          u32,
        )
        assert.equal(
          next(() => cursor.u32BigEndian()),
          u32,
        )
        assert.equal(
          next(() => cursor.u64()),
          u64,
        )
        assert.equal(
          next(() => cursor.u64BigEndian()),
          u64,
        )
      },
    ),
  )
})

test('random bytes never make splitMessages(), the cursor or the acknowledgement throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(40), fc.nat(300), (bytes, header, offset) => {
      for (const message of splitMessages(bytes)) walk(new AttributeCursor(message.payload, header), 4)
      const payload = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      walk(new AttributeCursor(payload, header), 4)
      for (const flags of [0, 0x100, 0x200, 0x300]) {
        for (const type of [2, 3]) decodeAcknowledgement({ type, flags, sequence: 0, payload })
      }
      attributePath(bytes, header, offset)
    }),
    { numRuns: 2000 },
  )
})

const walk = (cursor: AttributeCursor, depth: number): void => {
  while (cursor.next()) {
    cursor.u8()
    cursor.u16()
    cursor.u32()
    cursor.i32()
    cursor.u64()
    cursor.string()
    cursor.exactly(32)
    if (depth > 0) walk(cursor.nested(), depth - 1)
  }
}

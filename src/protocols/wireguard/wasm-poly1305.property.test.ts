/** The WebAssembly of Poly1305 alone, where its carries are hardest: against RFC 8439's edge cases and a slow twin. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { slowPoly1305 } from '../../../test/models/slow-poly1305.ts'
import { moduleOf } from './wasm-assembly.ts'
import { poly1305 } from './wasm-poly1305.ts'

/** Neither the es2024 library nor Node's types declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

const [KEY, TEXT, TAG] = [0, 64, 32]

const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(1, [{ ...poly1305, name: 'p' }])))
const { memory, p } = instance.exports as {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly p: (key: number, at: number, end: number, tag: number) => void
}
const bytes = new Uint8Array(memory.buffer)

function tagOf(key: Uint8Array, text: Uint8Array): string {
  bytes.set(key, KEY)
  bytes.set(text, TEXT)
  p(KEY, TEXT, TEXT + text.length, TAG)
  return Buffer.from(bytes.subarray(TAG, TAG + 16)).toString('hex')
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** RFC 8439 appendix A.3, those numbers that are about the arithmetic. */
const edges: readonly (readonly [name: string, r: string, s: string, text: string, tag: string])[] = [
  ['7', `02${'00'.repeat(15)}`, '00'.repeat(16), 'ff'.repeat(16), `03${'00'.repeat(15)}`],
  ['8', `02${'00'.repeat(15)}`, 'ff'.repeat(16), `02${'00'.repeat(15)}`, `03${'00'.repeat(15)}`],
  [
    '9',
    `01${'00'.repeat(15)}`,
    '00'.repeat(16),
    `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`,
    `05${'00'.repeat(15)}`,
  ],
  [
    '10',
    `01${'00'.repeat(15)}`,
    '00'.repeat(16),
    `${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`,
    '00'.repeat(16),
  ],
  ['11', `02${'00'.repeat(15)}`, '00'.repeat(16), `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
]

for (const [name, r, s, text, tag] of edges)
  test(`Poly1305 in WebAssembly: edge ${name} of RFC 8439 A.3`, () => {
    assert.equal(tagOf(hex(r + s), hex(text)), tag)
    assert.equal(Buffer.from(slowPoly1305(hex(r + s), hex(text))).toString('hex'), tag)
  })

/** Mostly bytes that make limbs full or empty. */
const limbs = (length: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }),
    fc
      .array(fc.constantFrom(0x00, 0xff, 0xfe, 0x01, 0xfb, 0x0f, 0xfc), {
        minLength: length,
        maxLength: length,
      })
      .map((all) => Uint8Array.from(all)),
  )

test('Poly1305 in WebAssembly gives what its slow twin gives', () => {
  fc.assert(
    fc.property(
      limbs(32),
      fc.integer({ min: 1, max: 12 }).chain((blocks) => limbs(blocks * 16)),
      (key, text) => {
        assert.equal(tagOf(key, text), Buffer.from(slowPoly1305(key, text)).toString('hex'))
      },
    ),
    { numRuns: 3000 },
  )
})

/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8, no additional data) put together in WebAssembly; wasm-aead.ts calls it. Memory:
 *
 *   KEY 32 │ FIRST 256: the first four blocks of the key stream │ TAG 16 │ BEFORE 64 │ TEXT … and its tag
 *
 *   s(length, counterLow, counterHigh)          seals TEXT in place; BEFORE, zeroed, becomes block 0 in the same pass
 *   o(length, counterLow, counterHigh) → 0: ok  opens TEXT, whose tag is behind it; it stays as it is when it is not
 */
import {
  add32,
  and32,
  anyTrue,
  call,
  type Code,
  get,
  I32,
  i32,
  i64,
  isBelow32,
  isZero32,
  lanes,
  loadVector,
  moduleOf,
  set,
  store64,
  storeVector,
  V128,
  type WasmFunction,
  when,
  wide,
  xor,
} from './wasm-assembly.ts'
import { chacha20 } from './wasm-chacha20.ts'
import { poly1305 } from './wasm-poly1305.ts'

export const KEY = 0
const FIRST = 64
const TAG = FIRST + 256
const BEFORE = 384
export const TEXT = BEFORE + 64
/** Of text: any IP packet. What is behind it is overwritten by a whole step of ChaCha20 and by lengths. */
export const MAX_TEXT_BYTES = 65_536
const PAGES = 2
const BLOCK_BYTES = 64
/** Of the first step, behind the one-time key's block. */
const FIRST_TEXT_BYTES = 192
const [CHACHA, POLY] = [0, 1] as const
const ZERO = lanes(0, 0, 0, 0)

const [LENGTH, COUNTER_LOW, COUNTER_HIGH, BEHIND] = [0, 1, 2, 3] as const
const text = i32(TEXT)
const textEnd = add32(text, get(LENGTH))

/** Zeros up to a whole block, then the lengths: no additional data, and the text. BEHIND: where the lengths are. */
const padAndLengths: Code = [
  ...storeVector(textEnd, ZERO),
  ...set(BEHIND, add32(text, and32(add32(get(LENGTH), i32(15)), i32(-16)))),
  ...store64(get(BEHIND), i64(0)),
  ...store64(get(BEHIND), wide(get(LENGTH)), 8),
]
const authenticate = (keyAt: number, tagAt: Code): Code =>
  call(POLY, i32(keyAt), text, add32(get(BEHIND), i32(16)), tagAt)
const stream = (from: Code, end: Code, block: number): Code =>
  call(CHACHA, from, end, i32(block), get(COUNTER_LOW), get(COUNTER_HIGH))
const clear = (from: number, bytes: number): Code =>
  Array.from({ length: bytes / 16 }, (_, index) => storeVector(i32(from), ZERO, index * 16)).flat()

const seal: WasmFunction = {
  name: 's',
  takes: [I32, I32, I32],
  gives: [],
  locals: [[1, I32]],
  code: [
    ...clear(BEFORE, BLOCK_BYTES),
    ...stream(i32(BEFORE), textEnd, 0),
    ...padAndLengths,
    ...authenticate(BEFORE, textEnd),
  ],
}

const CLAIMED = 4
const openText: Code = Array.from({ length: FIRST_TEXT_BYTES / 16 }, (_, index) => {
  const from = loadVector(i32(FIRST + BLOCK_BYTES), index * 16)
  return storeVector(text, xor(loadVector(text, index * 16), from), index * 16)
}).flat()

const open: WasmFunction = {
  name: 'o',
  takes: [I32, I32, I32],
  gives: [I32],
  locals: [
    [1, I32],
    [1, V128],
  ],
  code: [
    ...clear(FIRST, BLOCK_BYTES + FIRST_TEXT_BYTES),
    ...stream(i32(FIRST), i32(FIRST + 1), 0),
    ...set(CLAIMED, loadVector(textEnd)),
    ...padAndLengths,
    ...authenticate(FIRST, i32(TAG)),
    // All 16 bytes are compared before anything depends on them.
    ...set(BEHIND, anyTrue(xor(get(CLAIMED), loadVector(i32(TAG))))),
    ...when(isZero32(get(BEHIND)), [
      ...openText,
      ...when(
        isBelow32(i32(FIRST_TEXT_BYTES), get(LENGTH)),
        stream(add32(text, i32(FIRST_TEXT_BYTES)), textEnd, 4),
      ),
    ]),
    ...get(BEHIND),
  ],
}

export const aeadModule = (): Uint8Array<ArrayBuffer> =>
  moduleOf(PAGES, [chacha20(KEY), poly1305, seal, open])

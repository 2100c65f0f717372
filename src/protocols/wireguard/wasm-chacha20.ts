/**
 * ChaCha20 (RFC 8439 §2.3, §2.4) as WebAssembly with SIMD: four blocks at once, each word of the state a vector of that
 * word in the four. XORs the key stream into memory, 256 bytes a step; what lies behind the end in the last step is
 * changed, too.
 *
 *   chacha20(at, end, block, counterLow, counterHigh): from `block` on; at < end
 */
import {
  add32,
  addLanes,
  type Code,
  get,
  I32,
  i32,
  isBelow32,
  lanes,
  loadSplat,
  loadVector,
  orLanes,
  repeatWhile,
  set,
  shiftLanesLeft,
  shiftLanesRight,
  shuffle,
  splat,
  storeVector,
  sub32,
  V128,
  type WasmFunction,
  xor,
} from './wasm-assembly.ts'

/** "expand 32-byte k" as little-endian words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const
const DOUBLE_ROUNDS = 10
const STEP_BYTES = 256
const BLOCK_BYTES = 64

const [AT, BLOCK_END, BLOCK, COUNTER_LOW, COUNTER_HIGH, ROUND] = [0, 1, 2, 3, 4, 5] as const
const STATE = 6
const TEMPORARY = STATE + 16

const word = (index: number): number => STATE + index

/** What word `index` of the four blocks begins as. WireGuard's nonce: four zero bytes, then the counter. */
function initial(index: number, keyAt: number): Code {
  if (index < 4) return splat(i32(SIGMA[index] ?? 0))
  if (index < 12) return loadSplat(i32(keyAt), (index - 4) * 4)
  if (index === 12) return addLanes(splat(get(BLOCK)), lanes(0, 1, 2, 3))
  return splat(index === 13 ? i32(0) : get(index === 14 ? COUNTER_LOW : COUNTER_HIGH))
}

const BYTES_16 = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13]
const BYTES_8 = [3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14]

function rotate(local: number, bits: number): Code {
  const value = get(local)
  if (bits === 16) return shuffle(value, value, BYTES_16)
  if (bits === 8) return shuffle(value, value, BYTES_8)
  return orLanes(shiftLanesLeft(value, bits), shiftLanesRight(value, 32 - bits))
}

type Quarter = readonly [a: number, b: number, c: number, d: number]

/** One of the four lines of a quarter round (§2.1), for four quarters at once: they do not wait for each other. */
function line(quarters: readonly Quarter[], pick: (q: Quarter) => Quarter, bits: number): Code {
  return quarters.flatMap((quarter) => {
    const [to, from, mixed] = pick(quarter).map(word) as unknown as Quarter
    return [
      ...set(to, addLanes(get(to), get(from))),
      ...set(mixed, xor(get(mixed), get(to))),
      ...set(mixed, rotate(mixed, bits)),
    ]
  })
}

const quarterRounds = (quarters: readonly Quarter[]): Code => [
  ...line(quarters, ([a, b, , d]) => [a, b, d, 0], 16),
  ...line(quarters, ([, b, c, d]) => [c, d, b, 0], 12),
  ...line(quarters, ([a, b, , d]) => [a, b, d, 0], 8),
  ...line(quarters, ([, b, c, d]) => [c, d, b, 0], 7),
]

const COLUMNS: readonly Quarter[] = [0, 1, 2, 3].map((i) => [i, i + 4, i + 8, i + 12])
const DIAGONALS: readonly Quarter[] = [0, 1, 2, 3].map((i) => [
  i,
  4 + ((i + 1) % 4),
  8 + ((i + 2) % 4),
  12 + ((i + 3) % 4),
])

const LOW_32 = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]
const HIGH_32 = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]
const LOW_64 = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
const HIGH_64 = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]

/** Four words of four blocks become four pieces of 16 bytes, one in each block. */
function output(group: number): Code {
  const [a, b, c, d] = [0, 1, 2, 3].map((index) => get(word(group * 4 + index))) as unknown as [
    Code,
    Code,
    Code,
    Code,
  ]
  const [t0, t1, t2, t3] = [0, 1, 2, 3].map((index) => TEMPORARY + index) as unknown as Quarter
  const piece = (block: number, value: Code): Code => {
    const offset = block * BLOCK_BYTES + group * 16
    return storeVector(get(AT), xor(loadVector(get(AT), offset), value), offset)
  }
  return [
    ...set(t0, shuffle(a, b, LOW_32)),
    ...set(t1, shuffle(c, d, LOW_32)),
    ...set(t2, shuffle(a, b, HIGH_32)),
    ...set(t3, shuffle(c, d, HIGH_32)),
    ...piece(0, shuffle(get(t0), get(t1), LOW_64)),
    ...piece(1, shuffle(get(t0), get(t1), HIGH_64)),
    ...piece(2, shuffle(get(t2), get(t3), LOW_64)),
    ...piece(3, shuffle(get(t2), get(t3), HIGH_64)),
  ]
}

const WORDS = Array.from({ length: 16 }, (_, index) => index)

export function chacha20(keyAt: number): WasmFunction {
  const step = [
    ...WORDS.flatMap((index) => set(word(index), initial(index, keyAt))),
    ...set(ROUND, i32(DOUBLE_ROUNDS)),
    ...repeatWhile(get(ROUND), [
      ...quarterRounds(COLUMNS),
      ...quarterRounds(DIAGONALS),
      ...set(ROUND, sub32(get(ROUND), i32(1))),
    ]),
    ...WORDS.flatMap((index) => set(word(index), addLanes(get(word(index)), initial(index, keyAt)))),
    ...[0, 1, 2, 3].flatMap(output),
    ...set(AT, add32(get(AT), i32(STEP_BYTES))),
    ...set(BLOCK, add32(get(BLOCK), i32(4))),
  ]
  return {
    takes: [I32, I32, I32, I32, I32],
    gives: [],
    locals: [
      [1, I32],
      [20, V128],
    ],
    code: repeatWhile(isBelow32(get(AT), get(BLOCK_END)), step),
  }
}

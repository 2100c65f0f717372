/**
 * Poly1305 (RFC 8439 §2.5) as WebAssembly: the accumulator in four limbs of 32 bits and a small fifth, products in 64.
 *
 *   poly1305(keyAt, at, end, tagAt): over whole blocks of 16 bytes, at < end
 *
 * r is clamped, so its limbs are below 2^28, and 5/4 of each is an integer: what would be multiplied by 2^128 and more
 * comes back as a multiple of that (2^130 = 5). Limbs of the accumulator may exceed 32 bits by what was added to them:
 * below 2^33.7 each, so a sum of five products stays below 2^64, and carrying once per block is enough.
 */
import {
  add32,
  add64,
  and64,
  type Code,
  get,
  I32,
  I64,
  i32,
  i64,
  isBelow32,
  load32,
  mul64,
  repeatWhile,
  set,
  shiftRight64,
  store32,
  type WasmFunction,
} from './wasm-assembly.ts'

const [KEY_AT, AT, BLOCKS_END, TAG_AT] = [0, 1, 2, 3] as const
const FIRST = 4
const H = (index: number): number => FIRST + index
const R = (index: number): number => FIRST + 5 + index
/** 5/4 of R(1) to R(3). */
const S = (index: number): number => FIRST + 8 + index
const D = (index: number): number => FIRST + 12 + index
const CARRY = FIRST + 16
const LOCALS = 17

const LOW_32 = 0xffffffff
const CLAMP = [0x0fffffff, 0x0ffffffc, 0x0ffffffc, 0x0ffffffc] as const
const LIMBS = [0, 1, 2, 3] as const

const low = (value: Code): Code => and64(value, i64(LOW_32))
const high = (value: Code): Code => shiftRight64(value, i64(32))
const sum = (first: Code, ...rest: readonly Code[]): Code => rest.reduce(add64, first)

/** h·r in the column of 2^(32·index): limbs whose places add up to it, or to 128 more and come back by 5/4. */
function column(index: number): Code {
  const [first = [], ...rest] = [0, 1, 2, 3, 4].flatMap((limb) => {
    const other = index - limb
    if (other >= 0) return [mul64(get(H(limb)), get(R(other)))]
    // The fifth limb times R(0) goes into the fifth column, which nothing else does.
    return other + 4 === 0 ? [] : [mul64(get(H(limb)), get(S(other + 4)))]
  })
  return sum(first, ...rest)
}

/** What is above 2^130 comes back times five. */
const fold: Code = [
  ...set(CARRY, shiftRight64(get(H(4)), i64(2))),
  ...set(H(4), and64(get(H(4)), i64(3))),
  ...set(H(0), sum(get(H(0)), get(CARRY), mul64(get(CARRY), i64(4)))),
]

const block: Code = [
  ...LIMBS.flatMap((index) => set(H(index), add64(get(H(index)), load32(get(AT), index * 4)))),
  ...set(H(4), add64(get(H(4)), i64(1))),
  ...LIMBS.flatMap((index) => set(D(index), column(index))),
  ...set(H(4), mul64(get(H(4)), get(R(0)))),
  ...set(H(0), low(get(D(0)))),
  ...[1, 2, 3].flatMap((index) => [
    ...set(D(index), add64(get(D(index)), high(get(D(index - 1))))),
    ...set(H(index), low(get(D(index)))),
  ]),
  ...set(H(4), add64(get(H(4)), high(get(D(3))))),
  ...fold,
]

const carryThrough: Code = LIMBS.flatMap((index) => [
  ...set(H(index + 1), add64(get(H(index + 1)), high(get(H(index))))),
  ...set(H(index), low(get(H(index)))),
])

/** h if it is below 2^130 - 5, else less that; without a branch. Then plus s, modulo 2^128. */
const finish: Code = [
  ...carryThrough,
  ...fold,
  ...carryThrough,
  // h + 5 reaches 2^130 exactly when h is not reduced: 1 then, else 0.
  ...set(CARRY, i64(5)),
  ...LIMBS.flatMap((index) => set(CARRY, high(add64(get(CARRY), get(H(index)))))),
  ...set(CARRY, shiftRight64(add64(get(CARRY), get(H(4))), i64(2))),
  // Less 2^130 - 5 is plus 5, as far as 128 bits show.
  ...set(H(0), add64(get(H(0)), mul64(get(CARRY), i64(5)))),
  ...carryThrough,
  ...set(CARRY, i64(0)),
  ...LIMBS.flatMap((index) => [
    ...set(CARRY, sum(get(CARRY), get(H(index)), load32(get(KEY_AT), 16 + index * 4))),
    ...store32(get(TAG_AT), get(CARRY), index * 4),
    ...set(CARRY, high(get(CARRY))),
  ]),
]

export const poly1305: WasmFunction = {
  takes: [I32, I32, I32, I32],
  gives: [],
  locals: [[LOCALS, I64]],
  code: [
    ...LIMBS.flatMap((index) => set(R(index), and64(load32(get(KEY_AT), index * 4), i64(CLAMP[index])))),
    ...[1, 2, 3].flatMap((index) => set(S(index), add64(get(R(index)), shiftRight64(get(R(index)), i64(2))))),
    ...repeatWhile(isBelow32(get(AT), get(BLOCKS_END)), [...block, ...set(AT, add32(get(AT), i32(16)))]),
    ...finish,
  ],
}

/**
 * The WebAssembly behind packet-memory.ts, assembled here by hand (webassembly.github.io/spec, binary format):
 *
 *   s(from, n) → i32        RFC 1071 sum of little-endian words     16 bytes a step with SIMD:
 *   c(to, from, n) → i32    the same, copying                        i32x4.extadd_pairwise_i16x8_u, i32x4.add
 *   m(to, from, n)          memory.copy
 *
 * A lane gains at most 131,070 a step, so 64 KiB (4,096 steps) and the sum of the four lanes stay below 2^32.
 */
const I32 = 0x7f
const V128 = 0x7b

const leb = (value: number): number[] => {
  const bytes = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>= 7
  } while (rest > 0)
  return bytes
}
const vector = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()]
const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content]
const text = (name: string): number[] => [...leb(name.length), ...Buffer.from(name, 'latin1')]

const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
/** 0 to 63: one byte of signed LEB128. */
const constant = (value: number) => [0x41, value]
const ADD = [0x6a]
const SUB = [0x6b]
const LESS_THAN = [0x49]
const END = [0x0b]
const LOAD8 = [0x2d, 0, 0]
const LOAD16 = [0x2f, 0, 0]
const STORE8 = [0x3a, 0, 0]
const STORE16 = [0x3b, 0, 0]
const V_LOAD = [0xfd, 0x00, 0, 0]
const V_STORE = [0xfd, 0x0b, 0, 0]
const V_ADD = [0xfd, 0xae, 0x01]
const V_PAIRWISE = [0xfd, 0x7f]
const lane = (index: number) => [0xfd, 0x1b, index]

const increase = (local: number, by: number) => [...get(local), ...constant(by), ...ADD, ...set(local)]
const decrease = (local: number, by: number) => [...get(local), ...constant(by), ...SUB, ...set(local)]
/** while (local ≥ least) body */
const whileAtLeast = (local: number, least: number, body: readonly number[]) => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...get(local), ...constant(least), ...LESS_THAN, 0x0d, 1],
  ...body,
  ...[0x0c, 0, ...END, ...END],
]

interface Locals {
  readonly to: number | undefined
  readonly from: number
  readonly length: number
  readonly lanes: number
  readonly loaded: number
  readonly total: number
}

/** One step of `width` bytes: load, store when copying, add, move on. `loaded` stays in a local. */
function step(l: Locals, width: number, o: { load: number[]; store: number[]; add: number[]; keep: number }) {
  const load = [...get(l.from), ...o.load, ...set(o.keep)]
  const store = l.to === undefined ? [] : [...get(l.to), ...get(o.keep), ...o.store]
  const advance = l.to === undefined ? [] : increase(l.to, width)
  return [...load, ...store, ...o.add, ...increase(l.from, width), ...advance, ...decrease(l.length, width)]
}

function summing(l: Locals, word: number): number[] {
  const addLanes = [...get(l.lanes), ...get(l.loaded), ...V_PAIRWISE, ...V_ADD, ...set(l.lanes)]
  const addWord = [...get(l.total), ...get(word), ...ADD, ...set(l.total)]
  const body = [
    ...whileAtLeast(
      l.length,
      16,
      step(l, 16, { load: V_LOAD, store: V_STORE, add: addLanes, keep: l.loaded }),
    ),
    ...[...get(l.lanes), ...lane(0), ...get(l.lanes), ...lane(1), ...ADD],
    ...[...get(l.lanes), ...lane(2), ...ADD, ...get(l.lanes), ...lane(3), ...ADD, ...set(l.total)],
    ...whileAtLeast(l.length, 2, step(l, 2, { load: LOAD16, store: STORE16, add: addWord, keep: word })),
    ...whileAtLeast(l.length, 1, step(l, 1, { load: LOAD8, store: STORE8, add: addWord, keep: word })),
    ...[...get(l.total), ...END],
  ]
  const locals = vector([
    [2, V128],
    [2, I32],
  ])
  const code = [...locals, ...body]
  return [...leb(code.length), ...code]
}

const sumCode = summing({ to: undefined, from: 0, length: 1, lanes: 2, loaded: 3, total: 4 }, 5)
const copySumCode = summing({ to: 0, from: 1, length: 2, lanes: 3, loaded: 4, total: 5 }, 6)
const copyBody = [0, ...get(0), ...get(1), ...get(2), 0xfc, 0x0a, 0, 0, ...END]
const copyCode = [...leb(copyBody.length), ...copyBody]

export const CHECKSUM_MODULE: Uint8Array<ArrayBuffer> = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(
    1,
    vector([
      [0x60, 2, I32, I32, 1, I32],
      [0x60, 3, I32, I32, I32, 1, I32],
      [0x60, 3, I32, I32, I32, 0],
    ]),
  ),
  ...section(2, vector([[...text('e'), ...text('m'), 2, 0, 1]])),
  ...section(3, vector([[0], [1], [2]])),
  ...section(
    7,
    vector([
      [...text('s'), 0, 0],
      [...text('c'), 0, 1],
      [...text('m'), 0, 2],
    ]),
  ),
  ...section(10, vector([sumCode, copySumCode, copyCode])),
])

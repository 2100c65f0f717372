/**
 * Enough of WebAssembly's binary format (webassembly.github.io/spec/core/binary) to write functions over one memory:
 * code is lists of bytes that are put together, and `moduleOf` wraps them up.
 */

export type Code = readonly number[]

export const I32 = 0x7f
export const I64 = 0x7e
export const V128 = 0x7b
export const NOTHING = 0x40

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return bytes
}

/** Signed LEB128 of a number below 2^53. */
function signed(value: number): number[] {
  const bytes = []
  let rest = BigInt(value)
  for (;;) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    const isLast = (rest === 0n && low < 64) || (rest === -1n && low >= 64)
    bytes.push(isLast ? low : low | 0x80)
    if (isLast) return bytes
  }
}

export const get = (local: number): Code => [0x20, ...leb(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...leb(local)]
export const call = (index: number, ...inputs: readonly Code[]): Code => [
  ...inputs.flat(),
  0x10,
  ...leb(index),
]

export const i32 = (value: number): Code => [0x41, ...signed(value | 0)]
export const i64 = (value: number): Code => [0x42, ...signed(value)]

const binary =
  (...opcode: readonly number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode]

export const add32 = binary(0x6a)
export const sub32 = binary(0x6b)
export const and32 = binary(0x71)
export const add64 = binary(0x7c)
export const mul64 = binary(0x7e)
export const and64 = binary(0x83)
/** Unsigned. */
export const shiftRight64 = binary(0x88)
export const isBelow32 = binary(0x49)
export const addLanes = binary(0xfd, 0xae, 0x01)
export const xor = binary(0xfd, 0x51)
export const orLanes = binary(0xfd, 0x50)

export const isZero32 = (value: Code): Code => [...value, 0x45]
export const wide = (value: Code): Code => [...value, 0xad]
export const splat = (value: Code): Code => [...value, 0xfd, 0x11]
export const anyTrue = (value: Code): Code => [...value, 0xfd, 0x53]
export const shiftLanesLeft = (value: Code, bits: number): Code => [...value, ...i32(bits), 0xfd, 0xab, 0x01]
/** Unsigned. */
export const shiftLanesRight = (value: Code, bits: number): Code => [...value, ...i32(bits), 0xfd, 0xad, 0x01]
export const lanes = (...values: readonly number[]): Code => [
  ...[0xfd, 0x0c],
  ...values.flatMap((value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]),
]
/** Bytes 0 to 15 are those of `a`, 16 to 31 those of `b`. */
export const shuffle = (a: Code, b: Code, bytes: readonly number[]): Code => [
  ...a,
  ...b,
  0xfd,
  0x0d,
  ...bytes,
]

const load =
  (...opcode: readonly number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...leb(offset)]
/** Alignment is a hint, and nothing here is aligned. */
export const loadVector = load(0xfd, 0x00)
export const loadSplat = load(0xfd, 0x09)
/** As an unsigned 64-bit number. */
export const load32 = load(0x35)

const store =
  (...opcode: readonly number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, 0, ...leb(offset)]
export const storeVector = store(0xfd, 0x0b)
export const store64 = store(0x37)
/** The low half of a 64-bit number. */
export const store32 = store(0x3e)

const END = 0x0b
/** do body while (condition) */
export const repeatWhile = (condition: Code, body: Code): Code => [
  ...[0x03, NOTHING],
  ...body,
  ...condition,
  ...[0x0d, 0, END],
]
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, NOTHING, ...body, END]

export interface WasmFunction {
  /** Undefined: for this module's own functions only. */
  readonly name?: string
  readonly takes: readonly number[]
  readonly gives: readonly number[]
  /** How many of each type, behind what it takes. */
  readonly locals: readonly (readonly [count: number, type: number])[]
  readonly code: Code
}

const vector = (items: readonly Code[]): number[] => [...leb(items.length), ...items.flat()]
const section = (id: number, content: Code): number[] => [id, ...leb(content.length), ...content]
const text = (name: string): number[] => [...leb(name.length), ...Array.from(name, (c) => c.charCodeAt(0))]

/** With one memory of its own, exported as `memory`. */
export function moduleOf(pages: number, functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const bodies = functions.map(({ locals, code }) => {
    const body = [...vector(locals.map(([count, type]) => [...leb(count), type])), ...code, END]
    return [...leb(body.length), ...body]
  })
  const exported = functions.flatMap(({ name }, index) =>
    name === undefined ? [] : [[...text(name), 0, ...leb(index)]],
  )
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      vector(
        functions.map(({ takes, gives }) => [
          0x60,
          ...vector(takes.map((t) => [t])),
          ...vector(gives.map((t) => [t])),
        ]),
      ),
    ),
    ...section(3, vector(functions.map((_, index) => leb(index)))),
    ...section(5, vector([[1, ...leb(pages), ...leb(pages)]])),
    ...section(7, vector([...exported, [...text('memory'), 2, 0]])),
    ...section(10, vector(bodies)),
  ])
}

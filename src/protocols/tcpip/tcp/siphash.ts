/**
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) on 32-bit halves, its low 32 bits as a
 * signed integer. A pseudorandom function of short inputs under a 128-bit key.
 */

/** Four registers of 64 bits: low half, high half. */
type State = Int32Array

const COMPRESSION_ROUNDS = 2
const FINALIZATION_ROUNDS = 4

/** `key`: 16 bytes. */
export function sipHash(key: Uint8Array, input: Uint8Array): number {
  const keys = new DataView(key.buffer, key.byteOffset, 16)
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const v = initialState(keys)
  const whole = input.length & ~7
  for (let at = 0; at < whole; at += 8) compress(v, view.getInt32(at, true), view.getInt32(at + 4, true))
  const tail = new Int32Array([0, input.length << 24])
  for (let index = whole; index < input.length; index++) {
    const inside = index - whole
    tail[inside >> 2]! |= input[index]! << (8 * (inside & 3))
  }
  compress(v, tail[0]!, tail[1]!)
  v[4]! ^= 0xff
  for (let round = 0; round < FINALIZATION_ROUNDS; round++) mix(v)
  return v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
}

function initialState(key: DataView): State {
  const [k0, k0High] = [key.getInt32(0, true), key.getInt32(4, true)]
  const [k1, k1High] = [key.getInt32(8, true), key.getInt32(12, true)]
  return new Int32Array([
    ...[k0 ^ 0x70736575, k0High ^ 0x736f6d65],
    ...[k1 ^ 0x6e646f6d, k1High ^ 0x646f7261],
    ...[k0 ^ 0x6e657261, k0High ^ 0x6c796765],
    ...[k1 ^ 0x79746573, k1High ^ 0x74656462],
  ])
}

function compress(v: State, low: number, high: number): void {
  v[6]! ^= low
  v[7]! ^= high
  for (let round = 0; round < COMPRESSION_ROUNDS; round++) mix(v)
  v[0]! ^= low
  v[1]! ^= high
}

/** SipRound. */
function mix(v: State): void {
  addTo(v, 0, 2)
  rotate(v, 2, 13)
  xorInto(v, 2, 0)
  rotate(v, 0, 32)
  addTo(v, 4, 6)
  rotate(v, 6, 16)
  xorInto(v, 6, 4)
  addTo(v, 0, 6)
  rotate(v, 6, 21)
  xorInto(v, 6, 0)
  addTo(v, 4, 2)
  rotate(v, 2, 17)
  xorInto(v, 2, 4)
  rotate(v, 4, 32)
}

function addTo(v: State, to: number, from: number): void {
  const low = (v[to]! >>> 0) + (v[from]! >>> 0)
  v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0)
  v[to] = low
}

function xorInto(v: State, to: number, from: number): void {
  v[to]! ^= v[from]!
  v[to + 1]! ^= v[from + 1]!
}

function rotate(v: State, at: number, bits: number): void {
  const low = v[at]!
  const high = v[at + 1]!
  if (bits === 32) {
    v[at] = high
    v[at + 1] = low
    return
  }
  v[at] = (low << bits) | (high >>> (32 - bits))
  v[at + 1] = (high << bits) | (low >>> (32 - bits))
}

/** TCP options (RFC 9293 §3.2, RFC 7323, RFC 2018) as a value and as bytes, padded to words. */
import assert from 'node:assert/strict'

export interface TcpOptions {
  readonly mss?: number
  readonly windowScale?: number
  readonly sackPermitted?: true
  readonly timestamps?: { readonly value: number; readonly echo: number }
  /** Left and right edges, absolute. */
  readonly sack?: readonly (readonly [number, number])[]
  /** Put in front as it is. */
  readonly raw?: Uint8Array
}

const word32 = (value: number): number[] => [
  (value >>> 24) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
]

export function encodeTcpOptions(options: TcpOptions): Uint8Array {
  const { mss, windowScale, sackPermitted, timestamps, sack, raw } = options
  const bytes = [
    ...(raw ?? []),
    ...(mss === undefined ? [] : [2, 4, mss >> 8, mss & 0xff]),
    ...(sackPermitted ? [4, 2] : []),
    ...(timestamps ? [8, 10, ...word32(timestamps.value), ...word32(timestamps.echo)] : []),
    ...(windowScale === undefined ? [] : [3, 3, windowScale]),
    ...(sack ? [5, 2 + 8 * sack.length, ...sack.flatMap(([l, r]) => [...word32(l), ...word32(r)])] : []),
  ]
  while (bytes.length % 4 !== 0) bytes.push(1)
  assert.ok(bytes.length <= 40, 'options fit into 40 bytes')
  return Uint8Array.from(bytes)
}

/** Of the stack's own segments, so whatever is not well formed is a failure. */
export function decodeTcpOptions(bytes: Uint8Array): TcpOptions {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let options: TcpOptions = {}
  for (let at = 0; at < bytes.length; ) {
    const kind = view.getUint8(at)
    if (kind === 0) break
    if (kind === 1) {
      at += 1
      continue
    }
    const length = view.getUint8(at + 1)
    assert.ok(length >= 2 && at + length <= bytes.length, `the length of option ${kind}`)
    options = { ...options, ...decodeOption(kind, new DataView(view.buffer, view.byteOffset + at, length)) }
    at += length
  }
  return options
}

const LENGTHS: Readonly<Record<number, number>> = { 2: 4, 3: 3, 4: 2, 8: 10 }

function decodeOption(kind: number, view: DataView): TcpOptions {
  assert.equal(view.byteLength, LENGTHS[kind] ?? view.byteLength, `the length of option ${kind}`)
  if (kind === 2) return { mss: view.getUint16(2) }
  if (kind === 3) return { windowScale: view.getUint8(2) }
  if (kind === 4) return { sackPermitted: true }
  if (kind === 8) return { timestamps: { value: view.getUint32(2), echo: view.getUint32(6) } }
  assert.equal(kind, 5, 'an option that we know')
  assert.equal((view.byteLength - 2) % 8, 0, 'SACK blocks are whole')
  const count = (view.byteLength - 2) / 8
  return {
    sack: Array.from({ length: count }, (_, i) => [view.getUint32(2 + 8 * i), view.getUint32(6 + 8 * i)]),
  }
}

/** TCP options read one after the other as RFC 9293 §3.2 has them: the twin of the stack's reader. */

export interface SlowTcpOptions {
  maximumSegmentBytes: number
  windowScale: number
  sackPermitted: boolean
  timestamps: readonly [number, number] | undefined
  sack: readonly number[]
}

/** The last of each kind counts; from the first impossible length on nothing does. */
export function slowTcpOptions(bytes: Uint8Array): SlowTcpOptions {
  const found: SlowTcpOptions = {
    ...{ maximumSegmentBytes: 0, windowScale: -1, sackPermitted: false, timestamps: undefined, sack: [] },
  }
  let rest = [...bytes]
  while (rest.length > 0 && rest[0] !== 0) {
    if (rest[0] === 1) {
      rest = rest.slice(1)
      continue
    }
    const [kind = 0, length = 0] = rest
    if (rest.length < 2 || length < 2 || length > rest.length) break
    read(found, kind, rest.slice(2, length))
    rest = rest.slice(length)
  }
  return found
}

function read(found: SlowTcpOptions, kind: number, value: readonly number[]): void {
  const words = Array.from({ length: value.length >> 2 }, (_, index) => word(value.slice(4 * index)))
  if (kind === 2 && value.length === 2) found.maximumSegmentBytes = (value[0] ?? 0) * 256 + (value[1] ?? 0)
  if (kind === 3 && value.length === 1) found.windowScale = Math.min(14, value[0] ?? 0)
  if (kind === 4 && value.length === 0) found.sackPermitted = true
  if (kind === 8 && value.length === 8) found.timestamps = [words[0] ?? 0, words[1] ?? 0]
  if (kind === 5 && value.length % 8 === 0) found.sack = words.slice(0, 8)
}

/** Signed, as sequence numbers are kept. */
function word([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number {
  return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) | 0
}

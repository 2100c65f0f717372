/**
 * The timestamp of an initiation (paper §5.1, §5.4.2): TAI64N, https://cr.yp.to/libtai/tai64.html. It must
 * rise with every initiation of a static key, for ever: a peer ignores what is not later than the last.
 *
 * So the last one survives restarts, and a clock that starts in 1970 changes nothing. To write a file rarely,
 * a minute is reserved ahead: what `reserved` says is later than every timestamp handed out so far.
 *
 * Whitened: nanoseconds in steps of 2^24, 60 ticks a second, so that it tells little about the clock.
 */

export const TIMESTAMP_LENGTH = 12

const TICKS_PER_SECOND = 60
const TICK_NANOSECONDS = 2 ** 24
const RESERVED_TICKS = 60 * TICKS_PER_SECOND
/** TAI64 labels start at 2^62; TAI was 10 s ahead of UTC in 1970 and leap seconds are ignored, as by others. */
const HIGH_WORD = 0x40000000
const TAI_OFFSET_SECONDS = 10

export class HandshakeClock {
  #last: number
  #reserved: number

  /** `reserved` of the previous run: 24 hexadecimal digits. Anything else counts as none. */
  constructor(reserved: string | undefined) {
    this.#last = reserved === undefined ? 0 : (parseTimestamp(reserved) ?? 0)
    this.#reserved = this.#last
  }

  /** Later than every one before, at or after the given time. */
  next(wallClockMs: number): Uint8Array {
    this.#last = Math.max(tickOf(wallClockMs), this.#last + 1)
    if (this.#last > this.#reserved) this.#reserved = this.#last + RESERVED_TICKS
    return encodeTick(this.#last)
  }

  /** To be on disk before the timestamp leaves the host. */
  get reserved(): string {
    return Array.from(encodeTick(this.#reserved), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** Negative, zero or positive, as both are compared byte by byte. */
export function compareTimestamps(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < TIMESTAMP_LENGTH; index += 1) {
    const difference = a[index]! - b[index]!
    if (difference !== 0) return difference
  }
  return 0
}

function tickOf(wallClockMs: number): number {
  const seconds = Math.floor(Math.max(0, wallClockMs) / 1000)
  const nanoseconds = Math.floor((Math.max(0, wallClockMs) - seconds * 1000) * 1e6)
  return seconds * TICKS_PER_SECOND + Math.floor(nanoseconds / TICK_NANOSECONDS)
}

function encodeTick(tick: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(TIMESTAMP_LENGTH))
  const seconds = Math.floor(tick / TICKS_PER_SECOND) + TAI_OFFSET_SECONDS
  view.setUint32(0, HIGH_WORD + Math.floor(seconds / 2 ** 32))
  view.setUint32(4, seconds % 2 ** 32)
  view.setUint32(8, (tick % TICKS_PER_SECOND) * TICK_NANOSECONDS)
  return new Uint8Array(view.buffer)
}

function parseTimestamp(text: string): number | undefined {
  const match = /^([\da-f]{8})([\da-f]{8})([\da-f]{8})$/i.exec(text)
  if (!match) return undefined
  const [high = 0, low = 0, nanoseconds = 0] = match.slice(1).map((word) => Number.parseInt(word, 16))
  const seconds = (high - HIGH_WORD) * 2 ** 32 + low - TAI_OFFSET_SECONDS
  const tick = seconds * TICKS_PER_SECOND + Math.floor(nanoseconds / TICK_NANOSECONDS)
  return tick >= 0 && tick < 2 ** 48 ? tick : undefined
}

/**
 * What we promise to take. The right edge never moves back (RFC 9293 §3.8.6), and forward only by steps that are worth
 * a segment (silly window syndrome, §3.8.6.2.2). Memory is taken when bytes arrive, so a promise costs nothing; it
 * grows while the reader keeps up, and not when memory is short.
 */
import { MAX_WINDOW_SCALE } from './options.ts'
import { add, distance, later } from './sequence.ts'

export const START_WINDOW_BYTES = 128 * 1024
const MAX_UNSCALED = 0xffff
/** Of all memory: when less is free, promises no longer grow. */
const SCARCE = 1 / 4

export class ReceiveWindow {
  readonly #maxBytes: number
  /** Of bytes that are promised or wait for the reader. */
  sizeBytes: number
  /** Our scale: what we shift our windows by (RFC 7323 §2.2); 0 when the other end knows none. */
  scale: number
  /** Right edge of what was promised: what arrives up to here is taken. */
  edge = 0
  /** The same before it was rounded up to whole units of our scale. */
  #grantedTo = 0
  #periodStart = -1
  #readInPeriod = 0

  constructor(maxBytes: number) {
    this.scale = scaleFor(maxBytes)
    // Windows are rounded up to whole units.
    this.#maxBytes = maxBytes - (1 << this.scale) + 1
    this.sizeBytes = Math.min(START_WINDOW_BYTES, this.#maxBytes)
  }

  /** The other end does not scale. */
  doNotScale(): void {
    this.scale = 0
    this.sizeBytes = Math.min(this.sizeBytes, MAX_UNSCALED)
  }

  /** On a SYN: never scaled (RFC 7323 §2.2). */
  openingField(next: number): number {
    this.#grantedTo = add(next, Math.min(this.sizeBytes, MAX_UNSCALED))
    this.edge = this.#grantedTo
    return distance(next, this.edge)
  }

  /** The same for what follows a SYN that may have to be sent again: no more than that one can say. */
  openingFieldScaled(): number {
    return Math.min(this.sizeBytes, MAX_UNSCALED) >> this.scale
  }

  /** Moves the edge if that is worth it, and returns the window field. `waitingBytes`: for the reader. */
  field(next: number, waitingBytes: number, segmentBytes: number): number {
    const wanted = Math.max(0, this.sizeBytes - waitingBytes)
    if (this.#isWorthIt(wanted - distance(next, this.#grantedTo), segmentBytes))
      this.#grantedTo = add(next, wanted)
    const left = distance(next, this.#grantedTo)
    if (left <= 0) return 0
    // Rounded up, as rounding down would move the edge back.
    const field = Math.min(MAX_UNSCALED, Math.ceil(left / (1 << this.scale)))
    this.edge = later(this.edge, add(next, field << this.scale))
    return field
  }

  /** The reader made room: is the other end to hear of it although nothing else is to be said? */
  isNews(next: number, waitingBytes: number, segmentBytes: number): boolean {
    const left = distance(next, this.#grantedTo)
    const gain = this.sizeBytes - waitingBytes - left
    return gain >= this.sizeBytes / 2 || (left < this.sizeBytes / 2 && gain >= 2 * segmentBytes)
  }

  /** Dynamic right-sizing: whoever reads more than half a window per round trip gets twice the window. */
  // oxlint-disable-next-line eslint/max-params -- once per read: an options object would be garbage
  consumed(bytes: number, nowMs: number, roundTripMs: number, freeShare: number): void {
    if (this.sizeBytes >= this.#maxBytes) return
    this.#readInPeriod += bytes
    if (this.#readInPeriod <= this.sizeBytes / 2) {
      if (this.#periodStart >= 0 && nowMs - this.#periodStart <= roundTripMs) return
      this.#periodStart = nowMs
      this.#readInPeriod = bytes
      return
    }
    this.#readInPeriod = 0
    this.#periodStart = nowMs
    if (freeShare < SCARCE) return
    const most = this.scale === 0 ? Math.min(this.#maxBytes, MAX_UNSCALED) : this.#maxBytes
    this.sizeBytes = Math.min(most, 2 * this.sizeBytes)
  }

  #isWorthIt(gain: number, segmentBytes: number): boolean {
    return gain >= Math.min(this.sizeBytes / 2, segmentBytes)
  }
}

function scaleFor(bytes: number): number {
  let scale = 0
  while (scale < MAX_WINDOW_SCALE && MAX_UNSCALED << scale < bytes) scale += 1
  return scale
}

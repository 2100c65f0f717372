/**
 * Slow start and congestion avoidance of RFC 5681, counting bytes (RFC 3465); RFC 6582 gave it its name. The plain twin
 * of cubic.ts.
 */
import { initialWindowBytes, NO_THRESHOLD, type CongestionControl } from './control.ts'

export class NewReno implements CongestionControl {
  readonly name = 'newreno'
  windowBytes: number
  thresholdBytes = NO_THRESHOLD
  #segmentBytes: number
  /** Acknowledged in congestion avoidance since the window last grew. */
  #countedBytes = 0
  #windowBefore = 0
  #thresholdBefore = NO_THRESHOLD

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes
    this.windowBytes = initialWindowBytes(segmentBytes)
  }

  start(segmentBytes: number, carefully: boolean): void {
    this.#segmentBytes = segmentBytes
    this.windowBytes = carefully ? segmentBytes : initialWindowBytes(segmentBytes)
  }

  acknowledged(bytes: number): void {
    if (this.windowBytes < this.thresholdBytes) {
      this.windowBytes = Math.min(this.windowBytes + bytes, this.thresholdBytes)
      return
    }
    this.#countedBytes += bytes
    if (this.#countedBytes < this.windowBytes) return
    this.#countedBytes -= this.windowBytes
    this.windowBytes += this.#segmentBytes
  }

  roundBegan(): void {}

  lost(inFlightBytes: number): void {
    this.#windowBefore = this.windowBytes
    this.#thresholdBefore = this.thresholdBytes
    this.#countedBytes = 0
    // What was sent beyond the window while duplicates came in is not counted (RFC 5681 §3.2, step 2).
    const flight = Math.min(inFlightBytes, this.windowBytes)
    this.thresholdBytes = Math.max(Math.floor(flight / 2), 2 * this.#segmentBytes)
  }

  timedOut(): void {
    this.windowBytes = this.#segmentBytes
  }

  undo(): void {
    this.windowBytes = Math.max(this.windowBytes, this.#windowBefore)
    this.thresholdBytes = Math.max(this.thresholdBytes, this.#thresholdBefore)
  }

  restart(): void {
    this.windowBytes = Math.min(this.windowBytes, initialWindowBytes(this.#segmentBytes))
    this.#countedBytes = 0
  }

  setSegmentBytes(bytes: number): void {
    this.#segmentBytes = bytes
    this.windowBytes = Math.max(this.windowBytes, bytes)
  }
}

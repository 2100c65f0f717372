/**
 * CUBIC, RFC 9438: after a loss the window returns quickly towards where it was, lingers there, and goes beyond, by
 * time and not by round trips; where Reno would be faster it is as fast as Reno (§4.3).
 *
 *     window │          ╭────╯ convex: probing
 *       Wmax │ ─ ─╭─────╯
 *            │  ╭─╯ concave
 *            └──┴───────────── t        W(t) = C (t - K)³ + Wmax, here in bytes
 */
import { initialWindowBytes, NO_THRESHOLD, type CongestionControl } from './control.ts'
import { SlowStart } from './slow-start.ts'

/** Segments per second cubed (§4.1). */
const C = 0.4
const BETA = 0.7
const RENO_ALPHA = (3 * (1 - BETA)) / (1 + BETA)
/** §4.2: in one round trip at most half as much again. */
const MAX_GROWTH = 1.5

export class Cubic implements CongestionControl {
  readonly name = 'cubic'
  windowBytes: number
  thresholdBytes = NO_THRESHOLD
  readonly #slowStart = new SlowStart()
  #segmentBytes: number
  /** Wmax, where the last loss was; 0: there was none. */
  #wmaxBytes = 0
  /** cwnd_prior: the window before the last loss. */
  #priorBytes = 0
  /** When this congestion avoidance began; -1: with the next acknowledgment. */
  #epochMs = -1
  /** K in seconds. */
  #k = 0
  /** What Reno would have. */
  #renoBytes = 0
  /** What `undo` returns to. */
  #before: Readonly<Record<'windowBytes' | 'thresholdBytes' | 'wmaxBytes' | 'priorBytes', number>> | undefined

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes
    this.windowBytes = initialWindowBytes(segmentBytes)
  }

  start(segmentBytes: number, carefully: boolean): void {
    this.#segmentBytes = segmentBytes
    this.windowBytes = carefully ? segmentBytes : initialWindowBytes(segmentBytes)
  }

  acknowledged(bytes: number, nowMs: number, roundTripMs: number): void {
    if (this.windowBytes < this.thresholdBytes) {
      const growth = this.#slowStart.growth(bytes, roundTripMs)
      this.windowBytes = Math.min(this.windowBytes + growth, this.thresholdBytes)
      return
    }
    if (this.#epochMs < 0) this.#begin(nowMs)
    const window = this.windowBytes
    const alpha = this.#renoBytes >= this.#priorBytes ? 1 : RENO_ALPHA
    this.#renoBytes += (alpha * bytes * this.#segmentBytes) / window
    const seconds = (nowMs - this.#epochMs) / 1_000
    // §4.3: where Reno would be now.
    if (this.#at(seconds) < this.#renoBytes) {
      this.windowBytes = Math.max(window, this.#renoBytes)
      return
    }
    // §4.4, §4.5: a round trip from now.
    const wanted = this.#at(seconds + roundTripMs / 1_000)
    const target = Math.min(Math.max(wanted, window), MAX_GROWTH * window)
    this.windowBytes = Math.min(window + ((target - window) * bytes) / window, NO_THRESHOLD)
  }

  roundBegan(): void {
    if (this.windowBytes < this.thresholdBytes && this.#slowStart.roundBegan())
      this.thresholdBytes = this.windowBytes
  }

  lost(inFlightBytes: number): void {
    const { windowBytes, thresholdBytes } = this
    this.#before = { windowBytes, thresholdBytes, wmaxBytes: this.#wmaxBytes, priorBytes: this.#priorBytes }
    // §4.6 allows the flight: a window that was never filled proves nothing.
    const flight = Math.min(inFlightBytes, windowBytes)
    this.#priorBytes = flight
    // §4.7, fast convergence: smaller than last time, so others have come; leave them room.
    this.#wmaxBytes = flight < this.#wmaxBytes ? (flight * (1 + BETA)) / 2 : flight
    this.thresholdBytes = Math.max(Math.floor(flight * BETA), 2 * this.#segmentBytes)
    this.#epochMs = -1
    this.#slowStart.reset()
  }

  timedOut(): void {
    this.windowBytes = this.#segmentBytes
    this.#epochMs = -1
  }

  undo(): void {
    const before = this.#before
    if (before === undefined) return
    this.windowBytes = Math.max(this.windowBytes, before.windowBytes)
    this.thresholdBytes = Math.max(this.thresholdBytes, before.thresholdBytes)
    this.#wmaxBytes = before.wmaxBytes
    this.#priorBytes = before.priorBytes
    this.#epochMs = -1
  }

  restart(): void {
    this.windowBytes = Math.min(this.windowBytes, initialWindowBytes(this.#segmentBytes))
    // §5.8: the time when nothing was sent is not counted.
    this.#epochMs = -1
    this.#slowStart.reset()
  }

  setSegmentBytes(bytes: number): void {
    this.#segmentBytes = bytes
    this.windowBytes = Math.max(this.windowBytes, bytes)
  }

  #begin(nowMs: number): void {
    const window = this.windowBytes
    this.#epochMs = nowMs
    this.#renoBytes = window
    // After slow start alone, or beyond the last Wmax, the curve starts convex (§4.10).
    if (this.#wmaxBytes <= window) this.#wmaxBytes = window
    this.#k = Math.cbrt((this.#wmaxBytes - window) / this.#segmentBytes / C)
  }

  #at(seconds: number): number {
    return C * (seconds - this.#k) ** 3 * this.#segmentBytes + this.#wmaxBytes
  }
}

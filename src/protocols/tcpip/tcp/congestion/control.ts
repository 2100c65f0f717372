/**
 * How much may be in flight: what RFC 5681 calls cwnd and ssthresh, in bytes, kept by an algorithm that one can choose.
 * When something counts as lost, and how it is sent again, is not decided here (recovery.ts).
 */
export interface CongestionControl {
  readonly name: string
  windowBytes: number
  thresholdBytes: number
  /** New data was acknowledged, outside of recovery, while the window was what held us back. */
  acknowledged(bytes: number, nowMs: number, roundTripMs: number): void
  /** Something was lost: sets the threshold, which recovery leads the window to. */
  lost(inFlightBytes: number, nowMs: number): void
  /** The retransmission timer expired. */
  timedOut(inFlightBytes: number, nowMs: number): void
  /** The last loss was none (RFC 4015): as it was before. */
  undo(): void
  /** Nothing was sent for longer than a timeout (RFC 5681 §4.1). */
  restart(): void
  setSegmentBytes(bytes: number): void
}

/** RFC 6928 §2. */
export function initialWindowBytes(segmentBytes: number): number {
  return Math.min(10 * segmentBytes, Math.max(2 * segmentBytes, 14_600))
}

export const NO_THRESHOLD = 0x3fffffff

/**
 * How much may be in flight: what RFC 5681 calls cwnd and ssthresh, in bytes, kept by an algorithm that one can choose.
 * When something counts as lost, and how it is sent again, is not decided here (recovery.ts).
 */
export interface CongestionControl {
  readonly name: string
  windowBytes: number
  thresholdBytes: number
  /** The handshake is over. `carefully`: it took several attempts. */
  start(segmentBytes: number, carefully: boolean): void
  /** New data was acknowledged, outside of recovery, while the window was what held us back. */
  acknowledged(bytes: number, nowMs: number, roundTripMs: number): void
  /** What was sent when this was called last is acknowledged: a round trip is over. */
  roundBegan(): void
  /** Something was lost: sets the threshold, which recovery leads the window to. */
  lost(inFlightBytes: number, nowMs: number): void
  /** The retransmission timer expired, after `lost` or again: the window is one segment. */
  timedOut(): void
  /** What was lost was not (RFC 4015 §3.2): as it was before. */
  undo(): void
  /** Nothing was sent for longer than a timeout (RFC 5681 §4.1). */
  restart(): void
  setSegmentBytes(bytes: number): void
}

/** RFC 6928 §2. */
export function initialWindowBytes(segmentBytes: number): number {
  return Math.min(10 * segmentBytes, Math.max(2 * segmentBytes, 14_600))
}

/** Larger than any window. */
export const NO_THRESHOLD = 0x3fffffff

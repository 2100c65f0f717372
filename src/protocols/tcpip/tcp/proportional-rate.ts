/** RFC 6937: while a loss is made good, the window goes down to the threshold in step with what is delivered. */
import type { CongestionControl } from './congestion/control.ts'

export class ProportionalRate {
  #delivered = 0
  #sent = 0
  #flightAtStart = 1

  start(inFlightBytes: number): void {
    this.#delivered = 0
    this.#sent = 0
    this.#flightAtStart = Math.max(1, inFlightBytes)
  }

  sent(bytes: number): void {
    this.#sent += bytes
  }

  /** `isSafe`: SND.UNA moved and nothing more was found to be lost (§3, in the words of its successor). */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  acknowledged(
    congestion: CongestionControl,
    deliveredBytes: number,
    inFlightBytes: number,
    segmentBytes: number,
    isSafe: boolean,
  ): void {
    this.#delivered += deliveredBytes
    const threshold = congestion.thresholdBytes
    let more: number
    if (inFlightBytes > threshold) {
      more = Math.ceil((this.#delivered * threshold) / this.#flightAtStart) - this.#sent
    } else {
      more = Math.max(this.#delivered - this.#sent, deliveredBytes)
      if (isSafe) more += segmentBytes
      more = Math.min(threshold - inFlightBytes, more)
    }
    // The first retransmission goes out in any case.
    if (this.#sent === 0) more = Math.max(more, segmentBytes)
    congestion.windowBytes = inFlightBytes + Math.max(0, more)
  }
}

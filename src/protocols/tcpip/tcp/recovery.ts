/** What counts as lost, and how it is made good. */
import type { Connection } from './connection.ts'
import { LOST, RETRANSMITTED, SACKED } from './sent-segments.ts'
import type { Segment } from './segment.ts'
import { armRetransmission } from './timers.ts'
import { add, atMost, before, distance } from './sequence.ts'

export class Recovery {
  /** Of records that are to be sent again. */
  lostBytes = 0
  sackedBytes = 0
  /** Recovery ends when everything up to here is acknowledged. */
  recoverTo = 0
  inRecovery = false
  /** The congestion window held back what follows this sequence number. */
  limitedTo = 0

  /** Everything before is over: the handshake is acknowledged. */
  start(c: Connection): void {
    this.recoverTo = c.sender.oldest
    this.limitedTo = c.sender.oldest
  }

  get armsTimeoutOnProgress(): boolean {
    return true
  }

  inFlightBytes(c: Connection): number {
    return c.sender.outstandingBytes - this.sackedBytes - this.lostBytes
  }

  /** SND.UNA moves to SEG.ACK, or stays. */
  acknowledged(c: Connection, segment: Segment, nowMs: number, windowBefore: number): void {
    void windowBefore
    const { sender } = c
    const to = segment.acknowledgment
    const from = sender.oldest
    const count = distance(from, to)
    if (count <= 0) return
    this.#dropRecords(c, to, nowMs)
    sender.acknowledge(to)
    sender.progressAt = nowMs
    c.roundTrip.backoff = 0
    if (this.inRecovery && !before(to, this.recoverTo)) this.inRecovery = false
    else if (before(from, this.limitedTo) || this.inRecovery)
      c.congestion.acknowledged(count, nowMs, c.roundTrip.smoothedMs)
  }

  sentNew(c: Connection, nowMs: number): void {
    if (c.retransmitAt === Number.POSITIVE_INFINITY || c.retransmitTimer === 'window-probe')
      armRetransmission(c, nowMs)
  }

  sentAgain(c: Connection, nowMs: number): void {
    armRetransmission(c, nowMs)
  }

  /** -1: none. */
  firstLost(c: Connection): number {
    const { sent } = c.sender
    for (let index = 0; index < sent.count; index++) if ((sent.flags(index) & LOST) !== 0) return index
    return -1
  }

  timedOut(c: Connection, nowMs: number): void {
    const { sent } = c.sender
    c.congestion.timedOut(this.inFlightBytes(c), nowMs)
    c.roundTrip.backOff()
    this.inRecovery = true
    this.recoverTo = c.sender.next
    this.lostBytes = 0
    let start = c.sender.oldest
    for (let index = 0; index < sent.count; index++) {
      const end = sent.end(index)
      if ((sent.flags(index) & SACKED) === 0) {
        sent.setFlags(index, sent.flags(index) | LOST)
        this.lostBytes += distance(start, end)
      }
      start = end
    }
  }

  #dropRecords(c: Connection, to: number, nowMs: number): void {
    const { sent, oldest } = c.sender
    let start = oldest
    let sample = -1
    while (sent.count > 0) {
      const end = sent.end(0)
      const flags = sent.flags(0)
      const isWhole = atMost(end, to)
      const gone = distance(start, isWhole ? end : to)
      if (gone <= 0) break
      if ((flags & LOST) !== 0) this.lostBytes -= gone
      if ((flags & SACKED) !== 0) this.sackedBytes -= gone
      if (!isWhole) break
      if ((flags & RETRANSMITTED) === 0) sample = nowMs - sent.sentAt(0)
      sent.dropFirst()
      start = add(start, gone)
    }
    if (sample >= 0) c.roundTrip.sample(sample)
  }
}

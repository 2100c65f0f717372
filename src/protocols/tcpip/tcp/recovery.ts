/**
 * What counts as lost, and when the window suffers for it. With SACK by RACK and tail loss probes (RFC 8985); without, by
 * duplicate acknowledgments (RFC 6582). The window goes down by proportional-rate.ts; what turns out not to have been
 * lost is forgiven (RFC 3522, RFC 4015).
 *
 *            something is lost                everything up to there is acknowledged
 *     open ────────────────────▶ recovery ──────────────────────────────────────────▶ open
 *       └───── timeout ────────▶ loss ──────────────────────────────────────────────▶ open
 */
import type { Connection } from './connection.ts'
import { DuplicateAcknowledgments } from './duplicate-acknowledgments.ts'
import { Forgiveness } from './forgiveness.ts'
import { ProportionalRate } from './proportional-rate.ts'
import { Rack } from './rack.ts'
import { dropAcknowledged, forgetLosses, markSacked } from './scoreboard.ts'
import { LOST, SACKED } from './sent-segments.ts'
import type { Segment } from './segment.ts'
import { atMost, before, distance } from './sequence.ts'
import { TailProbe } from './tail-probe.ts'
import { armRetransmission } from './timers.ts'

export class Recovery {
  phase: 'open' | 'recovery' | 'loss' = 'open'
  /** Of records that are to be sent again. */
  lostBytes = 0
  sackedBytes = 0
  sackedSegments = 0
  /** It ends when everything up to here is acknowledged; none begins for what was sent before. */
  recoverTo = 0
  /** The congestion window held back what follows this sequence number. */
  limitedTo = 0
  readonly rack = new Rack()
  readonly tailProbe = new TailProbe()
  /** Without SACK. */
  readonly duplicates = new DuplicateAcknowledgments()
  readonly #rate = new ProportionalRate()
  readonly #forgiveness = new Forgiveness()
  #roundEnd = 0
  /** The most that was in flight in this round trip, and in the one before. */
  #peakBytes = 0
  #peakBeforeBytes = 0
  /** Before this record nothing is lost. */
  #lostFrom = 0

  /** The handshake is over. */
  start(c: Connection): void {
    this.recoverTo = c.sender.initial
    this.rack.start(c)
    this.limitedTo = c.sender.oldest
    this.#roundEnd = c.sender.next
  }

  inFlightBytes(c: Connection): number {
    return c.sender.outstandingBytes - this.sackedBytes - this.lostBytes - this.duplicates.bytes
  }

  /** SND.UNA moves to SEG.ACK, or stays. `windowBefore`: SND.WND before this segment. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  acknowledged(c: Connection, s: Segment, nowMs: number, windowBefore: number): void {
    const { sender } = c
    const to = s.acknowledgment
    const from = sender.oldest
    const count = distance(from, to)
    if (count < 0 || (count === 0 && sender.outstandingBytes === 0)) return
    const lostBefore = this.lostBytes
    const moved = count > 0
    let delivered = 0
    this.rack.acknowledgmentBegins()
    if (moved) {
      delivered = dropAcknowledged(c, to, nowMs, s.timestampEcho)
      sender.acknowledge(to)
      sender.progressAt = nowMs
      sender.timeouts = 0
      if (this.#forgiveness.isDue(c, s)) this.#forgive(c)
    }
    const isDuplicate = !moved && s.length === 0 && sender.windowBytes === windowBefore && windowBefore > 0
    if (c.usesSack) {
      if (s.sackCount > 0) delivered += markSacked(c, s, nowMs)
      this.tailProbe.acknowledged(c, s, isDuplicate, nowMs)
    } else if (isDuplicate) {
      delivered += this.duplicates.another(c)
    } else if (moved) {
      this.duplicates.moved(c, count)
    }
    const againMs = this.#findLosses(c, nowMs)
    this.#adjustWindow(c, from, delivered, moved && this.lostBytes <= lostBefore, nowMs)
    this.schedule(c, nowMs, moved, againMs)
  }

  /** The record counts as lost; `length` is its own. */
  markLost(c: Connection, index: number, length: number): void {
    const { sent } = c.sender
    sent.setFlags(index, sent.flags(index) | LOST)
    this.lostBytes += length
    if (index < this.#lostFrom) this.#lostFrom = index
  }

  /** The oldest record that is to be sent again; -1: none. */
  firstLost(c: Connection): number {
    const { sent } = c.sender
    let index = this.#lostFrom
    while (index < sent.count && (sent.flags(index) & LOST) === 0) index += 1
    this.#lostFrom = index
    return index < sent.count ? index : -1
  }

  nothingInFlight(): void {
    this.lostBytes = 0
    this.sackedBytes = 0
    this.sackedSegments = 0
    this.duplicates.clear()
    this.tailProbe.clear()
  }

  recordDropped(): void {
    if (this.#lostFrom > 0) this.#lostFrom -= 1
  }

  sentNew(c: Connection, length: number, nowMs: number): void {
    if (this.phase === 'recovery') this.#rate.sent(length)
    if (c.sender.outstandingBytes > this.#peakBytes) this.#peakBytes = c.sender.outstandingBytes
    this.schedule(c, nowMs, false, 0)
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  sentAgain(c: Connection, end: number, length: number, nowMs: number): void {
    if (this.phase === 'recovery') this.#rate.sent(length)
    const { sent } = c.sender
    if (this.phase !== 'open') this.#forgiveness.sentAgain(c, end, length, nowMs)
    // Only of the oldest: else those that follow it would put off its timeout for ever.
    this.schedule(c, nowMs, sent.count > 0 && end === sent.end(0), 0)
  }

  /** RFC 6298 §5.4 to §5.6, RFC 5681 §3.1. */
  timedOut(c: Connection, nowMs: number): void {
    const { sent } = c.sender
    // What was said to have arrived was dropped again (RFC 2018 §8), or else SND.UNA would be behind it.
    if (sent.count > 0 && (sent.flags(0) & SACKED) !== 0) forgetLosses(c, true)
    // Only the first timeout in a row tells about the path (RFC 5681 §3.1, equation 4).
    if (c.sender.timeouts === 0) c.congestion.lost(this.#flightBytes(c), nowMs)
    c.congestion.timedOut()
    if (this.phase === 'open' || c.sender.timeouts === 0) this.#forgiveness.begin(c, true)
    c.roundTrip.backOff()
    c.sender.timeouts += 1
    this.phase = 'loss'
    this.recoverTo = c.sender.next
    this.duplicates.clear()
    this.tailProbe.clear()
    this.loseEverything(c)
  }

  /** What is in flight is to be sent again; nobody is blamed. */
  loseEverything(c: Connection): void {
    const { sent } = c.sender
    let start = c.sender.oldest
    for (let index = 0; index < sent.count; index++) {
      const end = sent.end(index)
      if ((sent.flags(index) & (SACKED | LOST)) === 0) this.markLost(c, index, distance(start, end))
      start = end
    }
  }

  /** Sets the timer for what is in flight. `restart`: the timeout begins anew. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  schedule(c: Connection, nowMs: number, restart: boolean, lookAgainMs: number): void {
    if (c.sender.outstandingBytes === 0) return
    if (restart || c.timeoutAt === Number.POSITIVE_INFINITY) c.timeoutAt = nowMs + c.roundTrip.timeoutMs
    if (lookAgainMs > 0) armRetransmission(c, 'reordering', nowMs + lookAgainMs)
    else if (this.tailProbe.isWanted(c)) armRetransmission(c, 'tail-probe', nowMs + this.tailProbe.afterMs(c))
    else armRetransmission(c, 'timeout', c.timeoutAt)
  }

  /** Time has passed for the reordering that we were patient with. */
  reorderingExpired(c: Connection, nowMs: number): void {
    const again = this.#findLosses(c, nowMs)
    this.#adjustWindow(c, c.sender.oldest, 0, false, nowMs)
    this.schedule(c, nowMs, false, again)
  }

  /** A tail probe has told that something was lost, and the probe itself has repaired it. */
  tailWasLost(c: Connection, nowMs: number): void {
    if (this.phase !== 'open') return
    c.congestion.lost(this.#flightBytes(c), nowMs)
    c.congestion.windowBytes = c.congestion.thresholdBytes
  }

  #findLosses(c: Connection, nowMs: number): number {
    if (c.usesSack) {
      // Without anything delivered out of order there is nothing to find, unless retransmissions are under way.
      if (this.sackedBytes === 0 && this.phase === 'open') return 0
      return this.rack.detect(c, nowMs)
    }
    return 0
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  #adjustWindow(c: Connection, from: number, delivered: number, isSafe: boolean, nowMs: number): void {
    const { congestion, sender } = c
    if (this.phase !== 'open' && atMost(this.recoverTo, sender.oldest)) this.#end(c)
    if (this.phase === 'open' && this.lostBytes > 0) this.#begin(c, nowMs)
    if (!before(sender.oldest, this.#roundEnd)) {
      this.#roundEnd = sender.next
      this.#peakBeforeBytes = this.#peakBytes
      this.#peakBytes = sender.outstandingBytes
      congestion.roundBegan()
    }
    if (this.phase === 'recovery') {
      this.#rate.acknowledged(congestion, delivered, this.inFlightBytes(c), sender.segmentBytes, isSafe)
    } else if (this.phase === 'loss' || before(from, this.limitedTo)) {
      // After a timeout, what arrives beyond a hole clocks out as much as what fills it.
      const count = this.phase === 'loss' ? delivered : distance(from, sender.oldest)
      if (count > 0) congestion.acknowledged(count, nowMs, c.roundTrip.takeRecent())
    }
  }

  #begin(c: Connection, nowMs: number): void {
    this.phase = 'recovery'
    this.recoverTo = c.sender.next
    this.#forgiveness.begin(c, false)
    c.congestion.lost(this.#flightBytes(c), nowMs)
    this.#rate.start(c.sender.outstandingBytes)
    this.tailProbe.clear()
    c.host.context.count('tcp-recoveries')
  }

  /**
   * FlightSize (RFC 5681 §3.1), as it was when the lost segment was on its way: the rest of its flight may have been
   * acknowledged since, all at once, and nothing new written.
   */
  #flightBytes(c: Connection): number {
    const peak = Math.max(this.#peakBytes, this.#peakBeforeBytes)
    return Math.max(c.sender.outstandingBytes, Math.min(peak, c.congestion.windowBytes))
  }

  #end(c: Connection): void {
    if (this.phase === 'recovery') c.congestion.windowBytes = c.congestion.thresholdBytes
    this.phase = 'open'
    this.duplicates.clear()
    this.rack.recoveryEnded()
  }

  /** RFC 2883: that arrived twice. */
  duplicateReported(c: Connection, start: number, end: number): void {
    // Probes and timeouts say nothing of disorder.
    if (this.tailProbe.duplicateReported(end)) return
    if (this.#forgiveness.isRepair(start, end)) this.rack.duplicateReported(c)
    if (this.#forgiveness.duplicateReported(start, end)) this.#forgive(c)
  }

  #forgive(c: Connection): void {
    this.#forgiveness.done()
    c.congestion.undo()
    forgetLosses(c, false)
    this.phase = 'open'
    this.duplicates.clear()
    c.host.context.count('tcp-recoveries-undone')
  }
}

/**
 * What an arriving segment does: RFC 9293 §3.10.7.3 and .4 in their order, with RFC 7323's test of timestamps before
 * and RFC 5961's doubts about RST, SYN and ACK that somebody else may have guessed.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { StackDrop } from '../stack-api.ts'
import { acceptable, challenge, isPast, recentIsOld } from './checks.ts'
import type { Connection } from './connection.ts'
import { finIsAcknowledged, otherEndEnded } from './closing.ts'
import { ACK, FIN, RST, SYN, type Segment } from './segment.ts'
import { add, atMost, before } from './sequence.ts'
import { CLOSED, CLOSING, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './states.ts'
import { arriveInSynSent, arriveSyn, establish } from './synchronize.ts'
import { armLife, disarm } from './timers.ts'

/** Undefined: it was taken. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function arrive(
  c: Connection,
  s: Segment,
  memory: PacketMemory,
  nowMs: number,
): StackDrop | undefined {
  if (c.state === SYN_SENT) return arriveInSynSent(c, s, nowMs)
  if (isPast(c, s) || !acceptable(c, s)) return refuse(c, s, nowMs)
  if (s.has(RST)) return arriveReset(c, s, nowMs)
  if (s.has(SYN)) return arriveSyn(c, s, nowMs)
  if (!s.has(ACK)) return 'malformed'
  c.lastHeardAt = nowMs
  c.keepalivesSent = 0
  noteTimestamp(c, s, nowMs)
  if (c.state === SYN_RECEIVED && !establish(c, s, nowMs)) return 'out-of-window'
  if (!takeAcknowledgment(c, s, nowMs)) {
    challenge(c, nowMs)
    return 'out-of-window'
  }
  if (c.state === CLOSED) return undefined
  if (s.payloadLength > 0 || s.has(FIN)) takeText(c, s, memory, nowMs)
  if (c.sender.hasWork || c.recovery.lostBytes > 0 || c.acknowledgment.isDue) c.host.wantsToSend(c)
  return undefined
}

/** RFC 5961 §3.2: only exactly in place it is believed; elsewhere in the window it is asked about. */
function arriveReset(c: Connection, s: Segment, nowMs: number): StackDrop | undefined {
  if (s.sequence !== c.receiver.next) {
    challenge(c, nowMs)
    return 'out-of-window'
  }
  if (c.state === TIME_WAIT) return 'out-of-window' // RFC 1337
  if (c.state === SYN_RECEIVED && c.listener === undefined) c.fail('ECONNREFUSED', 'the other end refused')
  // Both have said everything, and everything we said has arrived (§3.10.7.4 for these states).
  else if (c.state >= CLOSING && c.sender.buffer.length === 0) c.finish()
  else c.fail('ECONNRESET', 'the other end reset the connection')
  return undefined
}

/** What is not acceptable is answered, unless it is a RST. What carries text was lost on its way, so it is answered at once. */
function refuse(c: Connection, s: Segment, nowMs: number): StackDrop | undefined {
  if (s.has(RST)) return 'out-of-window'
  if (c.state === SYN_RECEIVED && s.has(SYN)) return arriveSyn(c, s, nowMs)
  if (s.length === 0) challenge(c, nowMs)
  else {
    c.receiver.noteDuplicate(s)
    c.acknowledgment.isDue = true
    c.host.wantsToSend(c)
  }
  if (c.state === TIME_WAIT && s.has(FIN)) armLife(c, nowMs + c.settings.timeWaitMs)
  return 'out-of-window'
}

/** RFC 7323 §4.3. */
function noteTimestamp(c: Connection, s: Segment, nowMs: number): void {
  if (!c.usesTimestamps || !s.hasTimestamps) return
  if (!atMost(s.sequence, c.lastAcknowledgmentSent)) return
  if (before(s.timestamp, c.recentTimestamp) && !recentIsOld(c, nowMs)) return
  c.recentTimestamp = s.timestamp
  c.recentTimestampAt = nowMs
}

/** False: RFC 5961 §5.2 does not believe it. */
function takeAcknowledgment(c: Connection, s: Segment, nowMs: number): boolean {
  const { sender } = c
  const to = s.acknowledgment
  if (before(sender.next, to) || before(to, add(sender.oldest, -sender.maxWindowBytes))) return false
  const moved = before(sender.oldest, to)
  const windowBefore = sender.windowBytes
  if (!before(to, sender.oldest)) sender.updateWindow(s.sequence, to, s.window << sender.scale)
  c.recovery.acknowledged(c, s, nowMs, windowBefore)
  if (windowBefore === 0 && sender.windowBytes > 0) windowOpened(c)
  if (moved) {
    if (sender.outstandingBytes === 0) disarm(c)
    c.host.hasNews(c)
    if (sender.finAcknowledged) finIsAcknowledged(c, nowMs)
  }
  return true
}

/** What waited for the window is sent now; a probe that is not acknowledged with it was dropped. */
function windowOpened(c: Connection): void {
  c.roundTrip.backoff = 0
  const { sender } = c
  if (sender.outstandingBytes === 0) disarm(c)
  else if (sender.outstandingBytes > 1 || sender.finSent) c.recovery.loseEverything(c)
  else {
    // The byte that was probed with goes along with what follows it.
    sender.next = sender.oldest
    sender.sent.clear()
    c.recovery.nothingInFlight()
    disarm(c)
  }
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function takeText(c: Connection, s: Segment, memory: PacketMemory, nowMs: number): void {
  if (c.receiver.ended) {
    c.acknowledgment.isDue = true
    if (c.state === TIME_WAIT) armLife(c, nowMs + c.settings.timeWaitMs)
    return
  }
  const arrival = c.receiver.take(s, memory.bytes)
  if (arrival === 'advanced' && !c.receiver.hasHoles) {
    c.acknowledgment.received(s.payloadLength, nowMs + c.settings.delayedAckMs)
    if (!c.acknowledgment.isDue) c.host.expectBy(c, c.acknowledgment.delayedUntil)
  } else {
    if (arrival === 'out-of-order' && c.acknowledgment.isDue && !c.usesSack) c.acknowledgment.owesDuplicate()
    c.acknowledgment.isDue = true
  }
  if (arrival === 'advanced' || arrival === 'filled-hole') c.host.hasNews(c)
  if (c.receiver.ended) otherEndEnded(c, nowMs)
}

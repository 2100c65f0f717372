/**
 * Which segment a connection sends next: what was lost before what is new, text before a bare acknowledgment. Silly
 * windows are avoided by RFC 9293 §3.8.6.2.1, small segments held back by Nagle's rule (§3.7.4) if it is on.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { Connection } from './connection.ts'
import { refreshPathMtu } from './path-mtu.ts'
import { ACK, FIN, PSH, SYN } from './segment.ts'
import { add, distance } from './sequence.ts'
import { CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT_1, LAST_ACK, SYN_SENT, TIME_WAIT } from './states.ts'
import { armSynTimeout, armWindowProbe, NEVER } from './timers.ts'
import { writeSegment } from './write-segment.ts'

/**
 * In flight. More than the largest window has of ordinary size; but a peer chooses its own, and every selective
 * acknowledgment looks through all of them (rack.ts).
 */
export const MAX_SEGMENTS_IN_FLIGHT = 4_096

/** Length of the packet at memory.bytes[at…]; 0: nothing now. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
export function transmit(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  if (c.state === CLOSED) return 0
  if (c.synIsDue) return sendSyn(c, memory, at, nowMs)
  if (c.state >= ESTABLISHED) {
    const length = c.state === TIME_WAIT ? 0 : sendText(c, memory, at, nowMs)
    if (length > 0) return length
  }
  if (c.keepaliveIsDue) {
    c.keepaliveIsDue = false
    return writeSegment(c, memory, at, add(c.sender.next, -1), ACK, 0, nowMs)
  }
  if (!c.acknowledgment.isDue) return 0
  return writeSegment(c, memory, at, c.sender.next, ACK, 0, nowMs)
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendSyn(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  c.synIsDue = false
  c.synsSent += 1
  if (c.synsSent === 1) {
    // Now it is known what time it is (RFC 6528 §3).
    if (c.listener === undefined) c.sender.start(c.host.numbers.sequence(c, nowMs))
    c.sender.progressAt = nowMs
    c.lifeAt = nowMs + c.settings.connectTimeoutMs
    c.host.expectBy(c, c.lifeAt)
  }
  armSynTimeout(c, nowMs)
  const flags = c.state === SYN_SENT ? SYN : SYN | ACK
  c.synSentAt = nowMs
  return writeSegment(c, memory, at, c.sender.initial, flags, 0, nowMs)
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendText(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  const { recovery, sender } = c
  if (recovery.lostBytes > 0) {
    const packetLength = sendLost(c, memory, at, nowMs)
    if (packetLength > 0) return packetLength
  }
  if (sender.hasWork) {
    if (sender.next === sender.oldest) resume(c, nowMs)
    const length = newTextLength(c)
    const unsent = sender.unsentBytes
    const withFin = sender.ending && length === unsent && (length > 0 || finFits(c))
    if (length > 0 || withFin) return sendNew(c, memory, at, length, withFin, nowMs)
  }
  return c.tailProbeIsDue ? sendTail(c, memory, at, nowMs) : 0
}

/** It takes a place in the other end's window, unless it is what probes that. */
function finFits(c: Connection): boolean {
  return c.sender.usableWindowBytes > 0 || c.sender.next === c.sender.oldest
}

/** Nothing is in flight: after a pause, what was known of the path is old. */
function resume(c: Connection, nowMs: number): void {
  const { sender } = c
  sender.progressAt = nowMs
  if (nowMs - sender.lastSentAt <= c.roundTrip.timeoutMs) return
  sender.lastSentAt = nowMs
  c.congestion.restart()
  refreshPathMtu(c, nowMs)
}

/** How many new bytes the next segment has; 0: none now, or only the FIN. */
function newTextLength(c: Connection): number {
  const { recovery, sender } = c
  const unsent = sender.unsentBytes
  if (unsent <= 0 || sender.sent.count >= MAX_SEGMENTS_IN_FLIGHT) return 0
  const segmentBytes = sender.segmentBytes
  const full = Math.min(unsent, segmentBytes)
  const window = sender.usableWindowBytes
  const inFlight = recovery.inFlightBytes(c)
  if (inFlight > 0 && inFlight + full > c.congestion.windowBytes && !c.tailProbeIsDue) {
    recovery.limitedTo = sender.next
    return 0
  }
  const isIdle = sender.next === sender.oldest
  if (window >= full) {
    if (full === segmentBytes || c.settings.noDelay || sender.ending || isIdle) return full
    return 0
  }
  // The other end's window is what holds us back: half of its largest is worth a segment.
  if (window > 0 && (window >= sender.maxWindowBytes / 2 || c.windowProbeIsDue)) return window
  if (!isIdle) return 0
  if (c.windowProbeIsDue) return 1
  armWindowProbe(c)
  return 0
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendNew(
  c: Connection,
  memory: PacketMemory,
  at: number,
  length: number,
  withFin: boolean,
  nowMs: number,
): number {
  const { sender } = c
  const start = sender.next
  const isLast = length === sender.unsentBytes
  const flags = ACK | (isLast && length > 0 ? PSH : 0) | (withFin ? FIN : 0)
  const count = length + (withFin ? 1 : 0)
  sender.next = add(start, count)
  sender.sent.push(sender.next, nowMs)
  sender.bytesSent += length
  sender.lastSentAt = nowMs
  c.windowProbeIsDue = false
  c.acknowledgment.sentText()
  if (c.tailProbeIsDue) {
    c.tailProbeIsDue = false
    c.timeoutAt = NEVER // begins anew (RFC 8985 §7.3)
    c.recovery.tailProbe.sent(sender.next, false)
  }
  if (withFin) {
    sender.finSent = true
    c.state = c.state === CLOSE_WAIT ? LAST_ACK : FIN_WAIT_1
  }
  c.recovery.sentNew(c, count, nowMs)
  return writeSegment(c, memory, at, start, flags, length, nowMs)
}

/** The oldest that counts as lost. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendLost(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  const { recovery, sender } = c
  const { sent } = sender
  const index = recovery.firstLost(c)
  if (index < 0) return 0
  const start = index === 0 ? sender.oldest : sent.end(index - 1)
  let end = sent.end(index)
  if (sender.payloadUntil(start, end) > sender.segmentBytes) {
    end = add(start, sender.segmentBytes)
    sent.split(index, end)
  }
  const count = distance(start, end)
  const inFlight = recovery.inFlightBytes(c)
  // Into a window that has closed, or shrunk, only one at a time.
  const most = Math.min(c.congestion.windowBytes, sender.windowBytes)
  if (inFlight > 0 && inFlight + count > most) return 0
  recovery.lostBytes -= count
  sent.sentAgain(index, nowMs)
  return sendAgain(c, memory, at, start, end, nowMs)
}

/** RFC 8985 §7.3: nothing new can be sent, so the last segment is sent once more. */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendTail(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  const { recovery, sender } = c
  const { sent } = sender
  c.tailProbeIsDue = false
  if (sent.count === 0 || !recovery.tailProbe.isWanted(c)) {
    recovery.schedule(c, nowMs, false, 0)
    return 0
  }
  const end = sender.next
  let start = sent.count === 1 ? sender.oldest : sent.end(sent.count - 2)
  if (sender.payloadUntil(start, end) > sender.segmentBytes) {
    start = add(end, -sender.segmentBytes)
    sent.split(sent.count - 1, start)
  }
  sent.sentAgain(sent.count - 1, nowMs)
  recovery.tailProbe.sent(end, true)
  c.timeoutAt = NEVER
  return sendAgain(c, memory, at, start, end, nowMs)
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sendAgain(
  c: Connection,
  memory: PacketMemory,
  at: number,
  start: number,
  end: number,
  nowMs: number,
): number {
  const { sender } = c
  const count = distance(start, end)
  const length = sender.payloadUntil(start, end)
  const flags = ACK | PSH | (length < count ? FIN : 0)
  sender.retransmittedSegments += 1
  sender.lastSentAt = nowMs
  c.recovery.sentAgain(c, end, count, nowMs)
  return writeSegment(c, memory, at, start, flags, length, nowMs)
}

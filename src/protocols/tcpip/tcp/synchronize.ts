/**
 * SYNs on their way in, RFC 9293 §3.5 and §3.10.7.3: the answer to ours, one that crosses it, one that comes again, and
 * the acknowledgment that makes a connection established.
 */
import type { StackDrop } from '../stack-api.ts'
import { challenge } from './checks.ts'
import type { Connection } from './connection.ts'
import { takeSyn } from './handshake.ts'
import { ACK, RST, SYN, type Segment } from './segment.ts'
import { add } from './sequence.ts'
import { ESTABLISHED, SYN_RECEIVED } from './states.ts'
import { armLife, disarm, NEVER } from './timers.ts'

/** RFC 6928 §2 keeps the initial window after one lost SYN. */
const MAX_SYNS_FOR_INITIAL_WINDOW = 2

/** RFC 9293 §3.10.7.3. */
export function arriveInSynSent(c: Connection, s: Segment, nowMs: number): StackDrop | undefined {
  const { sender } = c
  const acknowledges = s.has(ACK)
  if (acknowledges && s.acknowledgment !== sender.next) {
    if (!s.has(RST)) c.host.answerWithReset(c, s, nowMs)
    return 'out-of-window'
  }
  if (s.has(RST)) {
    if (!acknowledges) return 'out-of-window'
    c.fail('ECONNREFUSED', 'the other end refused')
    return undefined
  }
  if (!s.has(SYN)) return 'out-of-window'
  takeSyn(c, s)
  c.lastHeardAt = nowMs
  if (!acknowledges) {
    // Simultaneous open (§3.5, figure 8).
    c.state = SYN_RECEIVED
    c.synIsDue = true
    c.host.wantsToSend(c)
    return undefined
  }
  sender.oldest = sender.next
  becomeEstablished(c, nowMs)
  c.acknowledgment.isDue = true
  c.host.wantsToSend(c)
  return undefined
}

/** SYN-RECEIVED and an ACK: is it of our SYN? */
export function establish(c: Connection, s: Segment, nowMs: number): boolean {
  const { sender } = c
  if (s.acknowledgment !== sender.next) {
    c.host.answerWithReset(c, s, nowMs)
    return false
  }
  if (c.listener !== undefined && !c.host.accept(c)) return false
  sender.windowSequence = s.sequence
  sender.windowAcknowledgment = s.acknowledgment
  sender.oldest = sender.next
  becomeEstablished(c, nowMs)
  return true
}

function becomeEstablished(c: Connection, nowMs: number): void {
  const { sender } = c
  c.state = ESTABLISHED
  c.synIsDue = false
  c.recovery.start(c)
  disarm(c)
  c.roundTrip.backoff = 0
  if (c.synsSent <= 1) c.roundTrip.sample(nowMs - c.synSentAt)
  else c.roundTrip.synWasLost()
  c.congestion.start(sender.segmentBytes, c.synsSent > MAX_SYNS_FOR_INITIAL_WINDOW)
  sender.progressAt = nowMs
  armLife(c, c.settings.keepaliveIdleMs > 0 ? nowMs + c.settings.keepaliveIdleMs : NEVER)
  if (sender.hasWork) c.host.wantsToSend(c)
  c.host.hasNews(c)
}

/** RFC 5961 §4.2; a SYN that comes again asks for the same answer. */
export function arriveSyn(c: Connection, s: Segment, nowMs: number): StackDrop | undefined {
  if (c.state === SYN_RECEIVED && add(s.sequence, 1) === c.receiver.next) {
    c.synIsDue = c.listener !== undefined || !s.has(ACK)
    if (!c.synIsDue && s.acknowledgment === c.sender.next) {
      // The answer to both of a simultaneous open.
      establish(c, s, nowMs)
      c.acknowledgment.isDue = true
    }
    c.host.wantsToSend(c)
    return undefined
  }
  challenge(c, nowMs)
  return 'out-of-window'
}

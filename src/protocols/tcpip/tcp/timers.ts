/**
 * What time does to a connection. It has three deadlines: of what is to be sent again or probed (`retransmitAt`), of a
 * delayed acknowledgment, and of its present stage of life (`lifeAt`).
 */
import type { Connection } from './connection.ts'
import { refreshPathMtu, suspectBlackHole } from './path-mtu.ts'
import { CLOSED, ESTABLISHED, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './states.ts'

export const NEVER = Number.POSITIVE_INFINITY

/** At the timeout at the latest, and when it is time to give up. */
export function armRetransmission(c: Connection, timer: Connection['retransmitTimer'], at: number): void {
  if (at < c.timeoutAt) return arm(c, timer, at)
  const giveUp = giveUpAt(c)
  arm(c, 'timeout', giveUp > c.host.nowMs ? Math.min(c.timeoutAt, giveUp) : c.timeoutAt)
}

export function armSynTimeout(c: Connection, nowMs: number): void {
  c.timeoutAt = nowMs + c.roundTrip.timeoutMs
  arm(c, 'timeout', c.timeoutAt)
}

/** RFC 9293 §3.8.6.1: nothing is in flight and the window is closed; the segment that opens it could be lost. */
export function armWindowProbe(c: Connection): void {
  if (c.retransmitAt === NEVER) arm(c, 'window-probe', c.host.nowMs + c.roundTrip.timeoutMs)
}

export function disarm(c: Connection): void {
  c.retransmitAt = NEVER
  c.timeoutAt = NEVER
}

export function armLife(c: Connection, at: number): void {
  c.lifeAt = at
  c.host.expectBy(c, at)
}

/** One of its deadlines is due. */
export function expire(c: Connection, nowMs: number): void {
  if (c.acknowledgment.delayedUntil <= nowMs) {
    c.acknowledgment.delayedUntil = NEVER
    c.acknowledgment.isDue = true
    c.host.wantsToSend(c)
  }
  if (c.retransmitAt <= nowMs) retransmissionExpired(c, nowMs)
  if (c.lifeAt <= nowMs) lifeExpired(c, nowMs)
}

function arm(c: Connection, timer: Connection['retransmitTimer'], at: number): void {
  c.retransmitTimer = timer
  c.retransmitAt = at
  c.host.expectBy(c, at)
}

/** A closed window is borne for as long as somebody answers (RFC 9293 §3.8.6.1, MUST-37). */
function giveUpAt(c: Connection): number {
  const { progressAt, windowBytes } = c.sender
  const since = windowBytes === 0 ? Math.max(progressAt, c.lastHeardAt) : progressAt
  return since + c.settings.userTimeoutMs
}

function retransmissionExpired(c: Connection, nowMs: number): void {
  const timer = c.retransmitTimer
  c.retransmitAt = NEVER
  c.host.wantsToSend(c)
  if (c.state < ESTABLISHED) return synExpired(c)
  switch (timer) {
    case 'timeout':
      return timeoutExpired(c, nowMs)
    case 'window-probe':
      c.windowProbeIsDue = true
      return
    case 'tail-probe':
      c.tailProbeIsDue = true
      return
    case 'reordering':
      c.recovery.reorderingExpired(c, nowMs)
  }
}

function timeoutExpired(c: Connection, nowMs: number): void {
  c.timeoutAt = NEVER
  if (nowMs >= giveUpAt(c)) return timedOut(c)
  if (c.sender.windowBytes === 0) {
    // What was sent into a closed window was dropped by the other end, not by the path.
    c.roundTrip.backOff()
    c.recovery.loseEverything(c)
    return
  }
  c.host.context.count('tcp-retransmission-timeouts')
  c.recovery.timedOut(c, nowMs)
  suspectBlackHole(c, nowMs)
  refreshPathMtu(c, nowMs)
}

function synExpired(c: Connection): void {
  c.roundTrip.backOff()
  c.synIsDue = true
}

function lifeExpired(c: Connection, nowMs: number): void {
  c.lifeAt = NEVER
  switch (c.state) {
    case SYN_SENT:
    case SYN_RECEIVED:
      return timedOut(c)
    case TIME_WAIT:
      return c.finish()
    case CLOSED:
      // The reader never came.
      c.receiver.consume(c.receiver.readyBytes)
      return
    default:
      idleExpired(c, nowMs)
  }
}

/** RFC 9293 §3.8.4: is anybody there? Not asked while something unacknowledged asks anyhow. */
function idleExpired(c: Connection, nowMs: number): void {
  const { keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes } = c.settings
  if (keepaliveIdleMs === 0) return
  const isQuiet = nowMs - c.lastHeardAt >= keepaliveIdleMs
  if (!isQuiet || c.sender.outstandingBytes > 0) {
    c.keepalivesSent = 0
    armLife(c, Math.max(c.lastHeardAt, isQuiet ? nowMs : 0) + keepaliveIdleMs)
    return
  }
  if (c.keepalivesSent >= keepaliveProbes)
    return c.fail('ETIMEDOUT', 'the other end does not answer keepalives')
  c.keepalivesSent += 1
  c.keepaliveIsDue = true
  c.host.wantsToSend(c)
  armLife(c, nowMs + keepaliveIntervalMs)
}

function timedOut(c: Connection): void {
  const code = c.softFailure ?? 'ETIMEDOUT'
  c.fail(code, c.state < ESTABLISHED ? 'no answer to our SYN' : 'no acknowledgment of what was sent')
}

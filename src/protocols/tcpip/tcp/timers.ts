/**
 * What time does to a connection. It has three deadlines: of what is to be sent again or probed (`retransmitAt`), of a
 * delayed acknowledgment, and of its present stage of life (`lifeAt`).
 */
import type { Connection } from './connection.ts'
import { CLOSED, ESTABLISHED, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './states.ts'

export const NEVER = Number.POSITIVE_INFINITY

/** RFC 6298 §5.1 to §5.3: the oldest segment is to be acknowledged within the timeout. */
export function armRetransmission(c: Connection, nowMs: number): void {
  const giveUpAt = c.sender.progressAt + c.settings.userTimeoutMs
  const at = nowMs + c.roundTrip.timeoutMs
  arm(c, 'timeout', c.state >= ESTABLISHED && giveUpAt > nowMs ? Math.min(at, giveUpAt) : at)
}

/** RFC 9293 §3.8.6.1: nothing is in flight and the window is closed; who opens it could be lost. */
export function armWindowProbe(c: Connection): void {
  if (c.retransmitAt !== NEVER) return
  const { nowMs } = c.host
  arm(c, 'window-probe', Math.min(nowMs + c.roundTrip.timeoutMs, Math.max(nowMs + 1, giveUpAt(c))))
}

export function disarm(c: Connection): void {
  c.retransmitAt = NEVER
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

function giveUpAt(c: Connection): number {
  return c.sender.progressAt + c.settings.userTimeoutMs
}

function retransmissionExpired(c: Connection, nowMs: number): void {
  disarm(c)
  c.host.wantsToSend(c)
  if (c.state < ESTABLISHED) return synExpired(c)
  if (nowMs >= giveUpAt(c)) return timedOut(c)
  switch (c.retransmitTimer) {
    case 'timeout':
      c.recovery.timedOut(c, nowMs)
      c.host.context.count('tcp-retransmission-timeouts')
      return
    case 'window-probe':
      c.probeIsDue = true
      c.roundTrip.backOff()
      return
    case 'tail-probe':
    case 'reordering':
  }
}

function synExpired(c: Connection): void {
  c.roundTrip.backOff()
  c.roundTrip.synWasLost()
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

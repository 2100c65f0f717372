/** Does a segment belong to this connection, now? RFC 9293 §3.10.7.4 first, RFC 7323 §5, RFC 5961 §7 and §10. */
import type { Connection } from './connection.ts'
import { RST, type Segment } from './segment.ts'
import { add, atMost, before } from './sequence.ts'

/** Doubtful segments are answered so often in a second; beyond it they are only dropped. */
export const CHALLENGES_PER_SECOND = 10
/** RFC 7323 §5.5: after so long idle, the other end's clock may have gone round. */
const TIMESTAMPS_EXPIRE_MS = 24 * 24 * 3_600_000

/** PAWS: it was sent before something that we have seen. */
export function isPast(c: Connection, s: Segment): boolean {
  if (!c.usesTimestamps || s.has(RST)) return false
  // §3.2: without the option, where it was agreed on, it is not of this connection.
  if (!s.hasTimestamps) return true
  if (!before(s.timestamp, c.recentTimestamp)) return false
  return !recentIsOld(c, c.host.nowMs)
}

export function recentIsOld(c: Connection, nowMs: number): boolean {
  return nowMs - c.recentTimestampAt > TIMESTAMPS_EXPIRE_MS
}

/**
 * Something of it lies in the window. Without text it may be as old as our last acknowledgment, because acknowledgments
 * overtake text, and come from the very edge, because that is where one sends from who has filled our window. A closed
 * window does not keep out what a segment says beside its text (§3.10.7.4, "special allowance").
 */
export function acceptable(c: Connection, s: Segment): boolean {
  const { next, window } = c.receiver
  const { sequence } = s
  const length = s.length
  if (length === 0) return atMost(c.lastAcknowledgmentSent, sequence) && atMost(sequence, window.edge)
  if (sequence === next) return true
  return before(sequence, window.edge) && before(next, add(sequence, length))
}

/** A bare acknowledgment: whoever really is the other end finds out from it what is right. */
export function challenge(c: Connection, nowMs: number): void {
  if (nowMs - c.challengeSecondAt >= 1_000) {
    c.challengeSecondAt = nowMs
    c.challengesInSecond = 0
  }
  if (c.challengesInSecond >= CHALLENGES_PER_SECOND) return
  c.challengesInSecond += 1
  c.host.context.count('tcp-challenges')
  c.acknowledgment.isDue = true
  c.host.wantsToSend(c)
}

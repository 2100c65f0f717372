/**
 * A clock that went back. WireGuard refuses a handshake that is not newer than the last one it took from that peer
 * (TAI64N, paper §5.1), so a machine whose clock fell back is refused until its clock has caught up.
 */
import { isAlive, type LegCheck, peerAt } from '../context.ts'
import { findingsOf } from '../finding.ts'

/** Two machines that ask a time server differ by far less; the answers themselves take a moment. */
const TOLERANCE_MS = 60_000

export const clock: LegCheck = (context) => {
  const { near, far, facts } = context
  const [own, other] = [facts.get(near.node), facts.get(far.node)]
  if (own === undefined || other === undefined) return undefined
  const { ok, fails, unknown } = findingsOf('clock', near.node)
  const behindMs = other.nowMs - own.nowMs
  if (isAlive(context, context) || Math.abs(behindMs) < TOLERANCE_MS)
    return ok(`${near.node} and ${far.node} agree`)
  const last = Math.max(
    peerAt(own, near)?.lastHandshakeMs ?? 0,
    // What the other end remembers of us, by its clock, is at least as late as what we said it was.
    (peerAt(other, far)?.lastHandshakeMs ?? 0) - TOLERANCE_MS,
  )
  if (last > own.nowMs)
    return fails({
      says: `the clock of ${near.node} is ${seconds(last - own.nowMs)} before its last handshake with ${far.node}`,
      because: `${far.node} takes its handshakes for old ones that somebody repeats, until the clock has caught up`,
      fix: ['timedatectl set-ntp true', 'chronyc makestep'],
    })
  return unknown(`the clocks of ${near.node} and ${far.node} differ by ${seconds(Math.abs(behindMs))}`)
}

const seconds = (ms: number): string => {
  const total = Math.round(ms / 1000)
  return total < 600
    ? `${total} s`
    : total < 36_000
      ? `${Math.round(total / 60)} min`
      : `${Math.round(total / 3600)} h`
}

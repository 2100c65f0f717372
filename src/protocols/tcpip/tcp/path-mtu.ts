/**
 * Segments that fit the path: what routers said (RFC 1191, RFC 8201), and what can only be concluded where they keep
 * silent. Two timeouts in a row of a full segment make this connection try smaller ones for a while (RFC 2923 §2.1); when
 * it happens again after that while, the path is known to be narrow.
 */
import type { Connection } from './connection.ts'
import { fitSegments } from './handshake.ts'
import { distance } from './sequence.ts'

const TIMEOUTS_OF_A_BLACK_HOLE = 2
/** Where such a segment has just been acknowledged, it is rather loss, unless the way has changed. */
const TIMEOUTS_IF_NEW = 4
const JUST_MS = 10_000
const FIRST_TRIAL_MS = 30_000
/** Of whole packets; what every IPv6 path carries, and what every host takes. */
const SMALLER_IPV4 = [1_280, 1_006, 576] as const
const SMALLER_IPV6 = [1_280] as const

/** Whatever may have changed: what the path carries, or how long we are to be careful. */
export function refreshPathMtu(c: Connection, nowMs: number): void {
  if (nowMs >= c.carefulUntil) c.carefulMtuBytes = Number.POSITIVE_INFINITY
  const mtuBytes = Math.min(c.host.context.pathMtu(c.remote), c.carefulMtuBytes)
  if (mtuBytes === c.pathMtuBytes) return
  const isLower = mtuBytes < c.pathMtuBytes
  c.pathMtuBytes = mtuBytes
  if (c.peerSegmentBytes === 0) return
  fitSegments(c)
  if (isLower) loseTooLarge(c)
}

/** What no longer fits was dropped on its way; that says nothing about congestion (RFC 1191 §6.5). */
function loseTooLarge(c: Connection): void {
  const { recovery, sender } = c
  const { sent } = sender
  let start = sender.oldest
  let any = false
  for (let index = 0; index < sent.count; index++) {
    const end = sent.end(index)
    if (sent.flags(index) === 0 && distance(start, end) > sender.segmentBytes) {
      recovery.markLost(c, index, distance(start, end))
      any = true
    }
    start = end
  }
  if (any) c.host.wantsToSend(c)
}

/** After a timeout: perhaps it was the size. */
export function suspectBlackHole(c: Connection, nowMs: number): void {
  const { sender } = c
  const isNew = nowMs - sender.fullAcknowledgedAt < JUST_MS
  const least = isNew ? TIMEOUTS_IF_NEW : TIMEOUTS_OF_A_BLACK_HOLE
  if (sender.timeouts < least || sender.sent.count === 0) return
  if (distance(sender.oldest, sender.sent.end(0)) < sender.segmentBytes) return
  const smaller = (c.remote.length === 4 ? SMALLER_IPV4 : SMALLER_IPV6).find((mtu) => mtu < c.pathMtuBytes)
  if (smaller === undefined) return
  c.host.context.count('tcp-black-hole-suspected')
  const isAgain =
    c.trialMs > 0 && nowMs < c.carefulUntil + c.trialMs && c.carefulMtuBytes === Number.POSITIVE_INFINITY
  if (isAgain) c.host.context.lowerPathMtu(c.remote, smaller, nowMs)
  c.trialMs = c.trialMs === 0 ? FIRST_TRIAL_MS : 2 * c.trialMs
  c.carefulMtuBytes = smaller
  c.carefulUntil = nowMs + c.trialMs
  refreshPathMtu(c, nowMs)
}

/** How acknowledgments change the records of what was sent: RFC 2018, RFC 6675 §3, and RFC 2883 for duplicates. */
import type { Connection } from './connection.ts'
import { MIN_RTO_ALLOWANCE_MS } from './round-trip.ts'
import { LOST, RETRANSMITTED, SACKED } from './sent-segments.ts'
import type { Segment } from './segment.ts'
import { add, atMost, before, distance } from './sequence.ts'

/** So much longer than before may a round trip be that could as well be something else. */
const MAX_DOUBTFUL_GROWTH = 4

/** Everything up to `to` is acknowledged. Returns how many bytes of it were not known to have arrived. */
export function dropAcknowledged(c: Connection, to: number, nowMs: number, echo: number): number {
  const { recovery, sender } = c
  const { sent } = sender
  let start = sender.oldest
  let delivered = 0
  let sampleMs = -1
  let isClear = true
  let sentAgainAt = 0
  while (sent.count > 0 && before(start, to)) {
    const end = sent.end(0)
    const flags = sent.flags(0)
    const isWhole = atMost(end, to)
    const gone = distance(start, isWhole ? end : to)
    if ((flags & LOST) !== 0) recovery.lostBytes -= gone
    if ((flags & SACKED) === 0) {
      delivered += gone
      if (isWhole) recovery.rack.delivered(c, end, sent.sentAt(0), flags, nowMs)
      if ((flags & RETRANSMITTED) !== 0) {
        isClear = false
        sentAgainAt = Math.max(sentAgainAt, sent.sentAt(0))
      } else if (sampleMs < 0) sampleMs = nowMs - sent.sentAt(0)
    } else {
      recovery.sackedBytes -= gone
      if (isWhole) recovery.sackedSegments -= 1
    }
    if (!isWhole) break
    if (gone >= sender.segmentBytes) sender.fullAcknowledgedAt = nowMs
    sent.dropFirst()
    recovery.recordDropped()
    start = add(start, gone)
  }
  // Karn: with a retransmission among them, nobody knows what was answered, unless the clock was echoed.
  if (isClear && sampleMs >= 0) c.roundTrip.sample(sampleMs)
  else if (!isClear && c.usesTimestamps) sampleByEcho(c, nowMs, echo, sentAgainAt)
  return delivered
}

/**
 * An echo of what was sent before `sentAgainAt` may be as old as it looks, on a path that has become slow; or the first
 * acknowledgment was lost, and what repeats it echoes what it knows: then it says nothing of the path.
 */
// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function sampleByEcho(c: Connection, nowMs: number, echo: number, sentAgainAt: number): void {
  const ms = distance(echo, c.timestampAt(nowMs))
  if (echo === 0 || ms < 0) return
  const isOld = before(echo, c.timestampAt(sentAgainAt))
  const most = Math.max(MIN_RTO_ALLOWANCE_MS, MAX_DOUBTFUL_GROWTH * c.roundTrip.smoothedMs)
  c.roundTrip.sample(isOld ? Math.min(ms, most) : ms)
}

/** The blocks of one segment. Returns how many bytes are now known to have arrived that were not before. */
export function markSacked(c: Connection, s: Segment, nowMs: number): number {
  const { sackCount, sackEdges } = s
  const { oldest, next } = c.sender
  let delivered = 0
  for (let index = 0; index < sackCount; index++) {
    const start = sackEdges[2 * index]!
    const end = sackEdges[2 * index + 1]!
    if (!before(start, end)) continue
    // RFC 2883 §4: below SEG.ACK, or inside the second block, the first one reports a duplicate.
    if (index === 0 && isDuplicate(s, start, end)) {
      c.recovery.duplicateReported(c, start, end)
      continue
    }
    // Older than SND.UNA, or of what was never sent: nothing to learn.
    if (before(start, oldest) || before(next, end)) continue
    delivered += markBlock(c, start, end, nowMs)
  }
  return delivered
}

function isDuplicate(s: Segment, start: number, end: number): boolean {
  if (atMost(end, s.acknowledgment)) return true
  return s.sackCount > 1 && atMost(s.sackEdges[2]!, start) && atMost(end, s.sackEdges[3]!)
}

// oxlint-disable-next-line eslint/max-params -- once per block: an options object would be garbage
function markBlock(c: Connection, start: number, end: number, nowMs: number): number {
  const { recovery, sender } = c
  const { sent } = sender
  let delivered = 0
  let index = firstFrom(c, start)
  let from = index === 0 ? sender.oldest : sent.end(index - 1)
  for (; index < sent.count; index++) {
    const recordEnd = sent.end(index)
    if (before(end, recordEnd)) break
    const flags = sent.flags(index)
    const length = distance(from, recordEnd)
    from = recordEnd
    if ((flags & SACKED) !== 0) continue
    if ((flags & LOST) !== 0) recovery.lostBytes -= length
    sent.setFlags(index, (flags & ~LOST) | SACKED)
    recovery.sackedBytes += length
    recovery.sackedSegments += 1
    delivered += length
    const sentAt = sent.sentAt(index)
    recovery.rack.delivered(c, recordEnd, sentAt, flags, nowMs)
    if ((flags & RETRANSMITTED) === 0) c.roundTrip.sample(nowMs - sentAt)
  }
  return delivered
}

/** The first record that starts at or after `start`. */
function firstFrom(c: Connection, start: number): number {
  const { oldest, sent } = c.sender
  const target = distance(oldest, start)
  if (target <= 0) return 0
  let low = 0
  let high = sent.count
  // Records before `low` end before the target.
  while (low < high) {
    const middle = (low + high) >> 1
    if (distance(oldest, sent.end(middle)) < target) low = middle + 1
    else high = middle
  }
  return Math.min(low + 1, sent.count)
}

/** Nothing is lost after all. `selective`: and nothing is known to have arrived beyond SND.UNA. */
export function forgetLosses(c: Connection, selective: boolean): void {
  const { recovery, sender } = c
  const { sent } = sender
  const gone = selective ? LOST | SACKED : LOST
  for (let index = 0; index < sent.count; index++) sent.setFlags(index, sent.flags(index) & ~gone)
  recovery.lostBytes = 0
  if (!selective) return
  recovery.sackedBytes = 0
  recovery.sackedSegments = 0
}

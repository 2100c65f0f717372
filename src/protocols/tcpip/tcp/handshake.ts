/**
 * SYNs: what we offer, and what both then use. Options of RFC 7323 and RFC 2018 are used only if both SYNs had them.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { Connection } from './connection.ts'
import {
  TIMESTAMPS_OPTION_BYTES,
  writeMaximumSegmentSize,
  writeSackPermitted,
  writeTimestamps,
  writeWindowScale,
} from './options.ts'
import { TCP_HEADER_BYTES, type Segment } from './segment.ts'
import { add } from './sequence.ts'
import { SYN_RECEIVED, SYN_SENT } from './states.ts'

/** RFC 9293 §3.7.1, MUST-15: what is assumed when nobody says. */
const DEFAULT_SEGMENT_BYTES = 536
const DEFAULT_SEGMENT_BYTES_IPV6 = 1_220
/** A peer that wants smaller segments wants us to drown in headers. */
export const LEAST_SEGMENT_BYTES = 48

/** We open: a SYN is sent with the next emission. */
export function openActively(c: Connection): void {
  c.state = SYN_SENT
  c.sender.start(c.host.numbers.sequence(c, c.host.nowMs))
  c.synIsDue = true
}

/** A SYN has arrived at a listener. `initial`: our first sequence number. */
export function openPassively(c: Connection, syn: Segment, initial: number): void {
  c.state = SYN_RECEIVED
  c.sender.start(initial)
  takeSyn(c, syn)
  c.synIsDue = true
}

/** The other end's SYN: where its bytes begin and what it can do. */
export function takeSyn(c: Connection, syn: Segment): void {
  const { receiver, sender, settings } = c
  receiver.next = add(syn.sequence, 1)
  c.lastAcknowledgmentSent = receiver.next
  c.usesTimestamps = settings.timestamps && syn.hasTimestamps
  c.usesSack = settings.sack && syn.sackPermitted
  if (c.usesTimestamps) {
    c.recentTimestamp = syn.timestamp
    c.recentTimestampAt = c.host.nowMs
  }
  c.peerScales = settings.windowScaling && syn.windowScale >= 0
  if (c.peerScales) sender.scale = syn.windowScale
  else receiver.window.doNotScale()
  // What the SYN itself promised (or is about to) was not scaled.
  receiver.window.openingField(receiver.next)
  sender.windowSequence = syn.sequence
  sender.windowAcknowledgment = sender.oldest
  sender.windowBytes = syn.window
  sender.maxWindowBytes = syn.window
  c.peerSegmentBytes =
    syn.maximumSegmentBytes > 0
      ? Math.max(syn.maximumSegmentBytes, LEAST_SEGMENT_BYTES)
      : c.remote.length === 4
        ? DEFAULT_SEGMENT_BYTES
        : DEFAULT_SEGMENT_BYTES_IPV6
  fitSegments(c)
}

/** The largest payload: what the other end takes and the path carries, without the options of every segment. */
export function fitSegments(c: Connection): void {
  const carried = c.pathMtuBytes - c.ipHeaderBytes - TCP_HEADER_BYTES
  const options = c.usesTimestamps ? TIMESTAMPS_OPTION_BYTES : 0
  const fits = Math.min(c.peerSegmentBytes, carried) - options
  if (fits === c.sender.segmentBytes) return
  c.sender.segmentBytes = fits
  c.congestion.setSegmentBytes(fits)
}

/** Returns how many bytes of options it wrote. */
export function writeSynOptions(c: Connection, memory: PacketMemory, at: number, nowMs: number): number {
  const { view } = memory
  const isAnswer = c.state === SYN_RECEIVED
  let to = at + writeMaximumSegmentSize(view, at, ownSegmentBytes(c))
  if (isAnswer ? c.usesSack : c.settings.sack) to += writeSackPermitted(view, to)
  if (isAnswer ? c.usesTimestamps : c.settings.timestamps)
    to += writeTimestamps(view, to, c.timestampAt(nowMs), isAnswer ? c.recentTimestamp : 0)
  if (isAnswer ? c.peerScales : c.settings.windowScaling)
    to += writeWindowScale(view, to, c.receiver.window.scale)
  return to - at
}

/** RFC 6691: without options. */
function ownSegmentBytes(c: Connection): number {
  return c.pathMtuBytes - c.ipHeaderBytes - TCP_HEADER_BYTES
}

/**
 * ICMP errors about segments of ours, believed as far as RFC 5927 advises: the sequence number quoted must be one that
 * is on its way, and what concerns an established connection never ends it.
 */
import type { FailureCode } from '../../../streams/index.ts'
import type { QuotedPacket } from '../layers.ts'
import type { Connection } from './connection.ts'
import { atMost, before } from './sequence.ts'
import { CLOSED, SYN_RECEIVED, SYN_SENT } from './states.ts'

const CODES: Readonly<Record<Exclude<QuotedPacket['kind'], 'packet-too-big'>, FailureCode>> = {
  'unreachable-port': 'ECONNREFUSED',
  'unreachable-host': 'EHOSTUNREACH',
  'unreachable-net': 'ENETUNREACH',
  prohibited: 'EACCES',
}

export function takeIcmpError(c: Connection, quoted: QuotedPacket, nowMs: number): void {
  if (c.state === CLOSED) return
  const { sender } = c
  if (!atMost(sender.oldest, quoted.sequence) || !before(quoted.sequence, sender.next)) {
    c.host.context.count('tcp-icmp-not-believed')
    return
  }
  if (quoted.kind === 'packet-too-big') {
    c.host.context.lowerPathMtu(c.remote, quoted.mtuBytes, nowMs)
    c.host.pathChanged(c.remote)
    return
  }
  const code = CODES[quoted.kind]
  // Hard errors end what is only being opened (RFC 5461 §4); later they only explain a timeout.
  if (c.state === SYN_SENT || c.state === SYN_RECEIVED) c.fail(code, 'a router or the other host refused')
  else c.softFailure = code
}

/** What one may know of a connection, for status and for tests. */
import { distance } from './sequence.ts'
import type { TcpInfo } from '../stack-api.ts'
import type { Connection } from './connection.ts'
import { STATE_NAMES } from './states.ts'

export function connectionInfo(c: Connection): TcpInfo {
  const { congestion, receiver, roundTrip, sender } = c
  return {
    tcpState: STATE_NAMES[c.state]!,
    smoothedRttMs: roundTrip.smoothedMs < 0 ? undefined : roundTrip.smoothedMs,
    retransmissionTimeoutMs: roundTrip.timeoutMs,
    congestionWindowBytes: Math.floor(congestion.windowBytes),
    slowStartThresholdBytes: Math.floor(congestion.thresholdBytes),
    sendWindowBytes: sender.windowBytes,
    receiveWindowBytes: Math.max(0, distance(receiver.next, receiver.window.edge)),
    maximumSegmentBytes: sender.segmentBytes,
    retransmittedSegments: sender.retransmittedSegments,
    bytesSent: sender.bytesSent,
    bytesReceived: receiver.bytesReceived,
  }
}

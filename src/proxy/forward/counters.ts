/** What a forward, SOCKS or a published port counts, as metrics and the status show it. */

export interface RelayFigures {
  readonly connections: number
  readonly connectionsTotal: number
  /** From whoever connects, and to them; of connections that last, too. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** By reason: a code of errno(3), or one of RelayTrouble. Those that have not happened are not there. */
  readonly errors: Readonly<Record<string, number>>
}

export type RelayTrouble =
  /** As many connections, or flows, as there may be. */
  | 'limit'
  | 'idle'
  | 'dial-timeout'
  /** The client went away before the other side was reached. */
  | 'client-gone'
  | 'handshake'
  | 'handshake-timeout'
  | 'authentication'
  | 'unsupported'
  /** Datagrams that went nowhere. */
  | 'datagram-dropped'
  | 'malformed'

export class RelayCounters {
  connectionsTotal = 0
  receivedBytes = 0
  sentBytes = 0
  readonly errors: Record<string, number> = {}

  count(reason: string): void {
    this.errors[reason] = (this.errors[reason] ?? 0) + 1
  }
}

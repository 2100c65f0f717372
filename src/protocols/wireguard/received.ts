/** What `receive` says about one datagram. */
import type { DropReason } from './drop-reason.ts'
import type { Peer } from './peer.ts'

/** The device reuses one object for all calls of `receive`. */
export interface Received {
  /** `packet`: an inner IP packet to deliver; `none`: consumed; `drop`: see `reason`. */
  readonly kind: 'packet' | 'none' | 'drop'
  /** The inner packet inside the given buffer, cut to what its IP header says. */
  readonly offset: number
  readonly length: number
  readonly peer: Peer | undefined
  readonly reason: DropReason | undefined
}

/** The one object. */
export class ReceivedSlot implements Received {
  kind: 'packet' | 'none' | 'drop' = 'none'
  offset = 0
  length = 0
  peer: Peer | undefined = undefined
  reason: DropReason | undefined = undefined

  none(peer: Peer | undefined): this {
    this.kind = 'none'
    this.peer = peer
    this.reason = undefined
    return this
  }

  drop(reason: DropReason, peer: Peer | undefined): this {
    this.kind = 'drop'
    this.peer = peer
    this.reason = reason
    return this
  }

  packet(offset: number, length: number, peer: Peer): this {
    this.kind = 'packet'
    this.offset = offset
    this.length = length
    this.peer = peer
    this.reason = undefined
    return this
  }
}

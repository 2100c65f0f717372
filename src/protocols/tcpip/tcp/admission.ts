/**
 * Who is let in: from a SYN at a listener over SYN-RECEIVED to the listener's `onConnection`. Strangers cost a bounded
 * number of half-open connections; beyond it, the oldest gives way.
 */
import { openPassively } from './handshake.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import type { ConnectionEnds } from './initial-numbers.ts'
import type { Listener } from './listener.ts'
import { ACK, RST, SYN, type Segment } from './segment.ts'
import { add, before, later } from './sequence.ts'
import { ConnectionStream } from './stream.ts'

/** RFC 6191 §2: a connection that replaces one in TIME-WAIT starts so far beyond it. */
const BEYOND_PREDECESSOR = 128 * 1024

export class Admission {
  readonly #host: ConnectionHost
  /** In SYN-RECEIVED, the oldest first. */
  readonly #halfOpen = new Set<Connection>()

  constructor(host: ConnectionHost) {
    this.#host = host
  }

  /** A SYN at a listener. */
  // oxlint-disable-next-line eslint/max-params -- called from one place
  open(
    ends: ConnectionEnds,
    s: Segment,
    listener: Listener,
    predecessor: Connection | undefined,
  ): Connection {
    const host = this.#host
    const c = new Connection(host, ends, { settings: listener.settings, listener })
    c.isAbandoned = true
    let initial = host.numbers.sequence(ends, host.nowMs)
    if (predecessor !== undefined) {
      initial = later(initial, add(predecessor.sender.next, BEYOND_PREDECESSOR))
      predecessor.finish()
    }
    if (this.#halfOpen.size >= host.context.limits.halfOpen) this.#dropOldest()
    openPassively(c, s, initial)
    this.#halfOpen.add(c)
    return c
  }

  /** It is established; false: there is no room for it, and its acknowledgment was not heard. */
  accept(c: Connection): boolean {
    const { listener } = c
    if (listener === undefined || listener.isClosed || listener.isFull) return false
    this.#halfOpen.delete(c)
    c.isAbandoned = false
    c.isToBeAccepted = true
    listener.waiting.add(c)
    return true
  }

  introduce(c: Connection): void {
    const listener = c.listener!
    c.isToBeAccepted = false
    listener.waiting.delete(c)
    // It came and went in the same turn.
    if (c.failure !== undefined && c.receiver.readyBytes === 0) return
    if (listener.isClosed) return new ConnectionStream(c).destroy()
    listener.onConnection(new ConnectionStream(c))
  }

  forget(c: Connection): void {
    this.#halfOpen.delete(c)
  }

  listenerClosed(listener: Listener): void {
    for (const c of this.#halfOpen) {
      if (c.listener !== listener) continue
      this.#host.sendReset(c)
      c.finish()
    }
  }

  #dropOldest(): void {
    this.#host.context.count('tcp-half-open-dropped')
    for (const oldest of this.#halfOpen) return oldest.finish()
  }
}

/** RFC 9293 §3.10.7.4 for TIME-WAIT, RFC 6191: a SYN that cannot be of the connection that was. */
export function isSuccessor(c: Connection, s: Segment): boolean {
  if (!s.has(SYN) || s.has(ACK) || s.has(RST)) return false
  if (c.usesTimestamps && s.hasTimestamps && before(c.recentTimestamp, s.timestamp)) return true
  return before(c.receiver.next, s.sequence)
}

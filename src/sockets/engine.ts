/**
 * TCP of this machine as ByteStreams, in turns, behind one port with two implementations:
 *
 *   native/   one epoll descriptor in Node's loop and system calls by address: no object per event
 *   plain/    node:net; loads no native code, and runs wherever Node does
 *
 * Both pass test/contracts/byte-stream.ts and test/contracts/engine.test.ts.
 */
import type { Reactor } from '../linux/index.ts'
import type { ByteStream, PagePool, SocketEnd, StreamEnds, Turns } from '../streams/index.ts'

export type EngineKind = 'native' | 'plain'
export type SocketStream = ByteStream & StreamEnds

export interface Engine {
  readonly kind: EngineKind
  readonly turns: Turns
  /** What waits in connections of this engine. */
  readonly pool: PagePool
  /** Of the native engine. */
  readonly reactor?: Reactor | undefined
  readonly counters: SocketCounters
  /** Small integers, since this engine was opened. */
  nowMs(): number
  /** `run` is a turn of its own. */
  after(ms: number, run: () => void): { close(): void }
  /** Rejects with a StreamError: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
  listen(options: ListenOptions): Promise<SocketListener>
  /** To an IP address. Opening at first; what goes wrong is its `failure`. */
  connect(to: SocketEnd): SocketStream
  /** Listeners and connections end now. */
  close(): void
}

export interface ListenOptions {
  /** An IP address; `''` and `::` are all of both families. */
  readonly address: string
  /** 0: a free one. */
  readonly port: number
  readonly backlog?: number
  /** Once per connection; whoever sets `onProgress` looks first. */
  readonly onConnection: (stream: SocketStream) => void
}

export interface SocketListener {
  readonly port: number
  /** No more connections; those that are there stay. */
  close(): void
}

/** Since the engine was opened. */
export interface SocketCounters {
  accepted: number
  connected: number
  /** Of both kinds, now. */
  open: number
  /** Accepting paused because the process or the system had no descriptor or memory left. */
  acceptPauses: number
  bytesReceived: number
  bytesSent: number
}

export const newSocketCounters = (): SocketCounters => ({
  accepted: 0,
  connected: 0,
  open: 0,
  acceptPauses: 0,
  bytesReceived: 0,
  bytesSent: 0,
})

export const DEFAULT_BACKLOG = 1024
/** After EMFILE and the like: connections wait in the backlog meanwhile. */
export const ACCEPT_RETRY_MS = 100
/** Of TCP keepalive on every connection: one whose other end is gone is not kept for ever. */
export const KEEPALIVE = { idleSeconds: 60, intervalSeconds: 15, probes: 4 } as const

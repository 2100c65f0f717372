/**
 * One connection as bytes in both directions, whatever carries it: a socket of this machine (sockets/), TCP inside a
 * tunnel (tunnel/), a pair in memory (stream-pair.ts). All pass test/contracts/byte-stream.ts.
 *
 * Nothing is queued beyond fixed bounds and nothing is awaited: `peek` and `write` take what is there, and `onProgress`
 * says when to look again. A request costs microseconds, and a promise per chunk would double them.
 */

export interface ByteStream {
  /**
   * Called once per turn at most, when bytes or room came, the other end ended, or it is over; never from inside a
   * method of this stream. Level-triggered where it matters: whoever sets it looks first.
   */
  onProgress: (() => void) | undefined
  /** `closed`: both directions ended and everything was consumed, or it failed, or it was destroyed. */
  readonly state: 'opening' | 'open' | 'closed'
  /** Why it is closed, unless both ends wished it so. */
  readonly failure: StreamFailure | undefined
  /** The other end has ended its direction, and every byte of it was consumed. Stays so. */
  readonly inputEnded: boolean

  /** Bytes that `peek` and `consume` can get at, maybe in several pieces. */
  readonly readableBytes: number
  /**
   * The oldest of them, in one piece; empty when there are none. True until the next `consume`, and no longer than the
   * turn: what it was read into is used again.
   */
  peek(): Uint8Array
  consume(length: number): void

  /** How much `write` would take now. 0 while opening. */
  readonly writableBytes: number
  /** Copies, or sends at once. How many bytes it took; `onProgress` comes when there is room for more. */
  write(bytes: Uint8Array): number
  /** Bytes taken by `write` that the other end's kernel, or stack, has not acknowledged as far as we know. */
  readonly pendingBytes: number

  /** Half close: the other end sees the end after everything that was written. The other direction goes on. */
  end(): void
  /** Now, in both directions; what was not sent is lost, and the other end fails. Closed, it does nothing. */
  destroy(): void
}

/** Where a connection comes from and goes to. */
export interface StreamEnds {
  readonly local: SocketEnd
  readonly remote: SocketEnd
}

export interface SocketEnd {
  /** Without brackets or zone. */
  readonly address: string
  readonly port: number
}

/** The words of errno(3), as Node uses them. */
export type FailureCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'EPIPE'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ENOBUFS'
  | 'ENOTFOUND'
  | 'EACCES'
  | 'EPROTO'

export interface StreamFailure {
  readonly code: FailureCode
  /** For a log: what happened, to what. */
  readonly message: string
}

export class StreamError extends Error implements StreamFailure {
  readonly code: FailureCode

  constructor({ code, message }: StreamFailure) {
    super(message)
    this.name = 'StreamError'
    this.code = code
  }
}

/** Everything that one wake-up of the event loop brings is a turn: readers look once, senders send once, at its end. */
export interface Turns {
  /** Runs once at the end of this turn, also when asked from inside another such function. */
  atEndOfTurn(run: () => void): void
}

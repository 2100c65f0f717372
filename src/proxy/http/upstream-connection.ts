/** One connection to the target: used by one request at a time, or kept, or about to be closed. */
import { copyOctets } from '../../protocols/http/index.ts'
import type { ByteStream } from '../../streams/index.ts'
import type { HeadHolder, PartialHead } from './head-reader.ts'
import { Outlet } from './outlet.ts'
import { Deadline } from './timer-wheel.ts'

/** Ordinary heads. */
const KEPT_BYTES = 1024
const NO_BYTES = new Uint8Array(0)

/** Whom a connection tells of its progress while it is in use. */
export interface UpstreamUser {
  onUpstream(): void
}

export interface UpstreamOwner {
  /** Something happened on a connection that nobody uses: the target closed it, or speaks out of turn. */
  onIdleProgress(connection: UpstreamConnection): void
}

export class UpstreamConnection extends Deadline implements HeadHolder {
  readonly stream: ByteStream
  readonly outlet: Outlet
  readonly #owner: UpstreamOwner
  user: UpstreamUser | undefined
  partialHead: PartialHead | undefined
  /** How many requests it has carried. */
  carried = 0
  /** The head of the request that may have to be sent again elsewhere: kept[0, keptBytes). */
  keptBytes = 0
  #kept: Uint8Array = NO_BYTES

  constructor(stream: ByteStream, owner: UpstreamOwner) {
    super()
    this.stream = stream
    this.outlet = new Outlet(stream)
    this.#owner = owner
    stream.onProgress = () => {
      if (this.user === undefined) this.#owner.onIdleProgress(this)
      else this.user.onUpstream()
    }
  }

  /** Copies scratch[0, length), into memory that the next request uses again. */
  keepHead(scratch: Uint8Array, length: number): void {
    if (this.#kept.length < length) this.#kept = new Uint8Array(Math.max(KEPT_BYTES, length))
    copyOctets(this.#kept, 0, scratch, 0, length)
    this.keptBytes = length
  }

  keptHead(): Uint8Array {
    return this.#kept.slice(0, this.keptBytes)
  }

  /** Open, with nothing said by the target that nobody has asked for. */
  get isFresh(): boolean {
    const { stream } = this
    return (
      stream.state === 'open' && !stream.inputEnded && stream.readableBytes === 0 && !this.outlet.isBlocked
    )
  }

  /** The time for being kept is over. Deadlines are not cleared when it is used again: that would cost more. */
  onDeadline(): void {
    if (this.user === undefined) this.#owner.onIdleProgress(this)
  }
}

/** A connection as the ByteStream that its user holds. */
import { SMALL_PAGE_BYTES, type SocketEnd, type StreamFailure } from '../../../streams/index.ts'
import { formatAddress } from '../../addresses/index.ts'
import type { TcpInfo, TcpSettings, TcpStream } from '../stack-api.ts'
import type { Connection } from './connection.ts'
import { connectionInfo } from './info.ts'
import { reserveOf } from './reserve.ts'
import { CLOSED, CLOSING, ESTABLISHED, LAST_ACK, SYN_SENT, TIME_WAIT } from './states.ts'
import { armLife, NEVER } from './timers.ts'

/** Bytes that may be written before the path has shown how much it carries. */
const LEAST_SEND_BUFFER_BYTES = 64 * 1024

export class ConnectionStream implements TcpStream {
  onProgress: (() => void) | undefined
  readonly #c: Connection
  #isDestroyed = false

  constructor(connection: Connection) {
    this.#c = connection
    connection.stream = this
  }

  get local(): SocketEnd {
    return { address: formatAddress(this.#c.local), port: this.#c.localPort }
  }

  get remote(): SocketEnd {
    return { address: formatAddress(this.#c.remote), port: this.#c.remotePort }
  }

  get state(): 'opening' | 'open' | 'closed' {
    const c = this.#c
    if (this.#isDestroyed || c.failure !== undefined) return 'closed'
    if (c.state !== CLOSED && c.state < ESTABLISHED) return 'opening'
    const isOver = c.state === CLOSED || c.isComplete
    return isOver && c.receiver.readyBytes === 0 ? 'closed' : 'open'
  }

  get failure(): StreamFailure | undefined {
    return this.#isDestroyed ? undefined : this.#c.failure
  }

  get inputEnded(): boolean {
    return this.#c.receiver.ended && this.#c.receiver.readyBytes === 0
  }

  get readableBytes(): number {
    return this.#c.receiver.readyBytes
  }

  peek(): Uint8Array {
    const { receiver } = this.#c
    return receiver.buffer.peek(0, receiver.readyBytes)
  }

  consume(length: number): void {
    const c = this.#c
    const { receiver } = c
    const { pool } = c.host.context
    receiver.consume(length)
    if (c.state < ESTABLISHED || receiver.ended) return
    const share = pool.freeBytes / (pool.freeBytes + pool.usedBytes)
    receiver.window.consumed(length, c.host.nowMs, c.roundTrip.smoothedMs, share)
    if (!receiver.window.isNews(receiver.next, receiver.readyBytes, c.sender.segmentBytes)) return
    c.acknowledgment.isDue = true
    this.#work()
  }

  get writableBytes(): number {
    const c = this.#c
    if (c.sender.ending || this.state !== 'open') return 0
    const most = c.host.context.limits.connectionBufferBytes
    // Twice what is in flight, so that acknowledgments find something to send.
    const bound = Math.min(most, Math.max(LEAST_SEND_BUFFER_BYTES, 2 * c.congestion.windowBytes))
    return Math.max(0, bound - c.sender.buffer.length)
  }

  write(bytes: Uint8Array): number {
    const c = this.#c
    const room = this.writableBytes
    if (room === 0 || bytes.length === 0) return 0
    const wanted = Math.min(room, bytes.length)
    const count = Math.min(wanted, this.#allowance())
    const taken = c.sender.buffer.append(count < bytes.length ? bytes.subarray(0, count) : bytes)
    if (taken > 0) this.#work()
    if (taken < wanted) c.host.wantsMemory(c)
    return taken
  }

  /** What waits to be sent leaves memory for what is to be received: otherwise two ends that write both stand still. */
  #allowance(): number {
    const { sender, host } = this.#c
    const spare = host.context.pool.freeBytes - reserveOf(host.context.pool)
    if (spare > 0) return spare
    return sender.buffer.length === 0 ? SMALL_PAGE_BYTES : 0
  }

  get pendingBytes(): number {
    return this.#c.sender.buffer.length
  }

  end(): void {
    const c = this.#c
    if (this.#isDestroyed || c.state === CLOSED || c.sender.ending) return
    c.sender.ending = true
    this.#work()
  }

  destroy(): void {
    if (this.#isDestroyed) return
    const c = this.#c
    const wasClosed = this.state === 'closed'
    if (!wasClosed) this.#isDestroyed = true
    c.isAbandoned = true
    c.receiver.consume(c.receiver.readyBytes)
    if (c.state === CLOSED || c.state === TIME_WAIT) return
    // Everything was said by both: what is on its way may arrive.
    if ((c.state === CLOSING || c.state === LAST_ACK) && c.sender.unsentBytes === 0) return
    if (c.state > SYN_SENT) c.host.sendReset(c)
    c.finish()
  }

  info(): TcpInfo {
    return connectionInfo(this.#c)
  }

  set(settings: Partial<Pick<TcpSettings, 'noDelay' | 'keepaliveIdleMs' | 'userTimeoutMs'>>): void {
    const c = this.#c
    c.settings = { ...c.settings, ...settings }
    const isIdleTimer = c.state >= ESTABLISHED && c.state !== TIME_WAIT
    const { keepaliveIdleMs } = c.settings
    if (isIdleTimer && settings.keepaliveIdleMs !== undefined)
      armLife(c, keepaliveIdleMs > 0 ? c.lastHeardAt + keepaliveIdleMs : NEVER)
    if (c.sender.hasWork) this.#work()
  }

  #work(): void {
    this.#c.host.wantsToSend(this.#c)
    this.#c.host.context.work()
  }
}

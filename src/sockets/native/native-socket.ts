/**
 * A TCP socket of this machine as a ByteStream, nonblocking and edge-triggered: the kernel says once that something
 * came, and it is received when somebody looks, so that a reader who is busy leaves it in the kernel.
 *
 *   kernel ─recv─▶ slice of the arena ─▶ peek, consume        what is left at the end of the turn: pages (#held)
 *   write ─▶ pages (#output, corked) ─send, once a turn─▶ kernel        large writes go at once, from where they are
 *
 * No closure, no promise and no object per event.
 */
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, type FdHandler } from '../../linux/index.ts'
import { SlidingBuffer, type SocketEnd, type StreamFailure } from '../../streams/index.ts'
import type { SocketStream } from '../engine.ts'
import { formatEnd, kernelFailure } from '../failure.ts'
import { HeldBytes } from './held-bytes.ts'
import { pendingError, resetOnClose, socketName } from './socket-calls.ts'
import type { PutOff, SocketIo } from './socket-io.ts'

const RECEIVE_BYTES = 64 * 1024
/** Fewer are not worth a call: the rest of this turn is for others. */
const LEAST_RECEIVE_BYTES = 4 * 1024
/** Of one socket, so that a fast one leaves time for the rest. */
const RECEIVES_PER_TURN = 4
/** Received, but not consumed. Beyond it, the kernel's window closes. */
const MAX_HELD_BYTES = 64 * 1024
/** Written, but not taken by the kernel. */
const MAX_OUTPUT_BYTES = 64 * 1024
/** From here on a copy costs more than a call. */
const DIRECT_BYTES = 16 * 1024

const MSG_NOSIGNAL_DONTWAIT = 0x4040
const MSG_MORE = 0x8000
const SHUT_WR = 1
const EINTR = 4
const EAGAIN = 11
const EPIPE = 32
const NO_BYTES = new Uint8Array(0)
const READING = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR

type State = 'opening' | 'open' | 'closed'

export interface NativeSocketOptions {
  readonly fd: number
  readonly remote: SocketEnd
  readonly state: State
}

export class NativeSocket implements SocketStream, FdHandler, PutOff {
  onProgress: (() => void) | undefined = undefined
  state: State
  failure: StreamFailure | undefined = undefined
  readonly remote: SocketEnd
  readonly #io: SocketIo
  #fd: number
  #local: SocketEnd | undefined = undefined
  /** The kernel may have something; false after it had nothing more. */
  #mayReceive = false
  /** The other end has ended; what it sent before may still be in the kernel. */
  #endIsNear = false
  #endReceived = false
  /** False from EAGAIN until the kernel says otherwise. */
  #maySend = true
  #isCorked = false
  /** A writer was told that there is no room. */
  #isStarved = false
  #endWanted = false
  #endSent = false
  #isToBeTold = false
  #turn = -1
  #receives = 0
  /** In the arena, of this turn. */
  #sliceStart = 0
  #sliceAt = 0
  #sliceEnd = 0
  #held: HeldBytes | undefined = undefined
  #output: SlidingBuffer | undefined = undefined

  constructor(io: SocketIo, { fd, remote, state }: NativeSocketOptions) {
    this.#io = io
    this.#fd = fd
    this.remote = remote
    this.state = state
    if (fd >= 0) {
      io.sockets[fd] = this
      io.counters.open++
    }
  }

  get local(): SocketEnd {
    this.#local ??= socketName(this.#io.sys, this.#fd)
    return this.#local
  }

  get inputEnded(): boolean {
    if (this.#endReceived) return this.#waiting() === 0
    if (this.#mayReceive && this.#waiting() === 0) this.#receive()
    return this.#endReceived
  }

  get readableBytes(): number {
    if (this.#mayReceive && this.#sliceAt === this.#sliceEnd) this.#receive()
    return this.#waiting()
  }

  peek(): Uint8Array {
    if (this.#held !== undefined && this.#held.length > 0) return this.#held.peek()
    if (this.#sliceAt === this.#sliceEnd) {
      if (this.#mayReceive) this.#receive()
      if (this.#sliceAt === this.#sliceEnd) return NO_BYTES
    }
    return this.#io.arena.bytes.subarray(this.#sliceAt, this.#sliceEnd)
  }

  consume(length: number): void {
    let left = length
    if (this.#held !== undefined && this.#held.length > 0) left -= this.#held.consume(left)
    const inSlice = Math.min(left, this.#sliceEnd - this.#sliceAt)
    if (inSlice > 0) {
      this.#sliceAt += inSlice
      if (this.#sliceAt === this.#sliceEnd) this.#giveSliceBack()
    }
    // Nothing more will be said of the end: it is looked for as soon as it can be the next thing.
    if (this.#endIsNear && this.#mayReceive && this.#waiting() === 0) this.#receive()
    else if (this.#endSent && this.#endReceived && this.#waiting() === 0) this.#close()
  }

  get writableBytes(): number {
    if (this.state !== 'open' || this.#endWanted) return 0
    const room = this.#maySend ? MAX_OUTPUT_BYTES - this.pendingBytes : 0
    if (room === 0) this.#isStarved = true
    return room
  }

  write(bytes: Uint8Array): number {
    if (this.state !== 'open' || this.#endWanted || bytes.length === 0) return 0
    if (!this.#maySend) {
      this.#isStarved = true
      return 0
    }
    if (bytes.length >= DIRECT_BYTES) return this.#sendNow(bytes)
    const taken = this.#cork(bytes)
    if (taken === bytes.length) return taken
    // No pages left, or too much for this turn: the kernel has memory of its own.
    return taken + this.#sendNow(taken === 0 ? bytes : bytes.subarray(taken))
  }

  get pendingBytes(): number {
    return this.#output === undefined ? 0 : this.#output.length
  }

  end(): void {
    if (this.state === 'closed' || this.#endWanted) return
    this.#endWanted = true
    if (this.state === 'open' && this.pendingBytes === 0) this.#sendEnd()
  }

  destroy(): void {
    this.onProgress = undefined
    if (this.state === 'closed') return
    // Whoever is there must not take what it got for everything.
    resetOnClose(this.#io.sys, this.#fd)
    this.#shut()
  }

  handleEvents(events: number): void {
    let isNews = this.state === 'opening'
    if (isNews) this.#opened()
    if ((events & READING) !== 0) {
      this.#mayReceive = true
      isNews = true
      if ((events & ~(EPOLLIN | EPOLLOUT)) !== 0) {
        this.#endIsNear = true
        if (this.#waiting() === 0) this.#receive()
      }
    }
    if ((events & EPOLLOUT) !== 0 && !this.#maySend) {
      this.#maySend = true
      isNews = this.#flushed() || isNews
    }
    if (isNews || this.state === 'closed') this.tell()
  }

  /** At the end of the turn: what was written goes out in one piece. */
  flush(): void {
    this.#isCorked = false
    if (this.state === 'open' && this.#maySend && this.#flushed()) this.#tellLater()
  }

  /** At the end of the turn: the arena is used again. */
  saveSlice(): void {
    if (this.#sliceAt === this.#sliceEnd) return
    this.#held ??= new HeldBytes(this.#io.pool)
    this.#held.append(this.#io.arena.bytes.subarray(this.#sliceAt, this.#sliceEnd))
    this.#sliceAt = 0
    this.#sliceEnd = 0
  }

  tell(): void {
    this.#isToBeTold = false
    this.onProgress?.()
  }

  #tellLater(): void {
    if (this.#isToBeTold) return
    this.#isToBeTold = true
    this.#io.tellLater(this)
  }

  /** Sends what waits. True: there is room again for somebody who was refused. */
  #flushed(): boolean {
    if (!this.#sendOutput(0)) return false
    if (this.#endWanted && !this.#endSent) this.#sendEnd()
    const wasStarved = this.#isStarved
    this.#isStarved = false
    return wasStarved
  }

  #waiting(): number {
    return (this.#held === undefined ? 0 : this.#held.length) + this.#sliceEnd - this.#sliceAt
  }

  /** Into a new slice. There must be none. */
  #receive(): void {
    const io = this.#io
    if (this.state !== 'open' || this.#endReceived) return
    // Without pages, what is held is ordinary memory: a little of each, and more when that was consumed.
    const isShort = io.pool.freeBytes === 0
    if (this.#held !== undefined && this.#held.length >= (isShort ? 1 : MAX_HELD_BYTES)) return
    if (!this.#mayReceiveInThisTurn()) return this.#tellLater()
    const { arena } = io
    const wanted = Math.min(isShort ? LEAST_RECEIVE_BYTES : RECEIVE_BYTES, arena.freeBytes)
    const count = io.calls.recv(this.#fd, arena.address + arena.at, wanted, MSG_NOSIGNAL_DONTWAIT)
    if (count <= 0) return this.#receivedNothing(count)
    if (count < wanted && !this.#endIsNear) this.#mayReceive = false
    this.#sliceStart = arena.at
    this.#sliceAt = arena.at
    arena.at += count
    this.#sliceEnd = arena.at
    io.counters.bytesReceived += count
    io.hold(this)
  }

  #mayReceiveInThisTurn(): boolean {
    if (this.#turn !== this.#io.turn) {
      this.#turn = this.#io.turn
      this.#receives = 0
    }
    return ++this.#receives <= RECEIVES_PER_TURN && this.#io.arena.freeBytes >= LEAST_RECEIVE_BYTES
  }

  #receivedNothing(result: number): void {
    if (result === -EINTR) return this.#tellLater()
    this.#mayReceive = false
    if (result === -EAGAIN) return
    if (result < 0) return this.#fail('receive from', -result)
    this.#endReceived = true
    if (this.#endSent && this.#waiting() === 0) this.#close()
  }

  #giveSliceBack(): void {
    const { arena } = this.#io
    if (arena.at !== this.#sliceEnd) return
    arena.at = this.#sliceStart
    this.#io.release(this)
  }

  #cork(bytes: Uint8Array): number {
    const room = MAX_OUTPUT_BYTES - this.pendingBytes
    if (room === 0) return 0
    this.#output ??= new SlidingBuffer(this.#io.pool)
    const taken = this.#output.append(bytes.length <= room ? bytes : bytes.subarray(0, room))
    if (taken > 0 && !this.#isCorked) {
      this.#isCorked = true
      this.#io.cork(this)
    }
    return taken
  }

  /** Whatever is corked, and then this, without a copy. What the kernel does not take is kept as far as promised. */
  #sendNow(bytes: Uint8Array): number {
    if (this.pendingBytes > 0 && !this.#sendOutput(MSG_MORE)) return this.#keep(bytes, 0)
    const sent = this.#send(bytes, 0)
    return sent === bytes.length ? sent : this.#keep(bytes, sent)
  }

  #keep(bytes: Uint8Array, sent: number): number {
    if (this.state !== 'open') return 0
    const kept = this.#cork(bytes.subarray(sent))
    if (sent + kept < bytes.length) this.#isStarved = true
    return sent + kept
  }

  /** True: nothing is left. */
  #sendOutput(flags: number): boolean {
    const output = this.#output
    if (output === undefined) return true
    while (this.pendingBytes > 0) {
      const piece = output.peek()
      const sent = this.#send(piece, piece.length < output.length ? MSG_MORE : flags)
      output.consume(sent)
      if (sent < piece.length) return false
    }
    return this.state === 'open'
  }

  /** How many bytes the kernel took; fewer: it has no room, or the connection failed. */
  #send(bytes: Uint8Array, flags: number): number {
    const sent = this.#io.calls.sendBytes(this.#fd, bytes, MSG_NOSIGNAL_DONTWAIT | flags)
    if (sent === bytes.length) {
      this.#io.counters.bytesSent += sent
      return sent
    }
    this.#maySend = false
    if (sent >= 0) {
      this.#io.counters.bytesSent += sent
      return sent
    }
    if (sent === -EINTR) this.#maySend = true
    else if (sent !== -EAGAIN) this.#failSending(-sent)
    return 0
  }

  #failSending(errno: number): void {
    // The other end's reset, when we have not heard of it yet.
    const cause = errno === EPIPE ? pendingError(this.#io.sys, this.#fd) || errno : errno
    this.#fail('send to', cause)
  }

  #sendEnd(): void {
    this.#endSent = true
    if (this.#endReceived && this.#waiting() === 0) {
      this.#close()
      return
    }
    this.#io.calls.shutdown(this.#fd, SHUT_WR)
  }

  #opened(): void {
    const error = pendingError(this.#io.sys, this.#fd)
    if (error !== 0) return this.#fail('connect to', error)
    this.state = 'open'
    this.#io.counters.connected++
    if (this.#endWanted) this.#sendEnd()
  }

  #fail(what: string, errno: number): void {
    this.failure = kernelFailure(`${what} ${formatEnd(this.remote)}`, errno)
    this.#close()
  }

  /** Maybe from inside a method of the stream, so its user is told in another turn. */
  #close(): void {
    this.#shut()
    this.#tellLater()
  }

  #shut(): void {
    const io = this.#io
    this.state = 'closed'
    this.#mayReceive = false
    this.#sliceAt = this.#sliceEnd
    this.#held?.clear()
    this.#held = undefined
    this.#output?.clear()
    this.#output = undefined
    if (this.#fd < 0) return
    io.sockets[this.#fd] = undefined
    io.counters.open--
    io.reactor.forget(this.#fd)
    io.calls.close(this.#fd)
    this.#fd = -1
  }
}

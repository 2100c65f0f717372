/**
 * Thousands of descriptors as one in Node's event loop: an edge-triggered epoll descriptor (epoll(7)) that one uv_poll
 * watches. Everything that one wake-up brings is a turn; what was put off to its end runs then, once.
 *
 *   uv_poll ─▶ epoll_wait, 256 events at a time ─▶ handler by descriptor ─▶ end of turn: until nothing is left
 *
 * A descriptor's number is used again as soon as it is closed, so every event carries the generation of its watch, and
 * one of an older watch is ignored. For the main thread only, as event-loop.ts is.
 */
import type { Closeable } from './closeable.ts'
import { EventLoop, type FdWatcher } from './event-loop.ts'
import { check } from './kernel-error.ts'
import { NativeBlock } from './native-memory.ts'
import { loadStreamCalls, type StreamCalls } from './stream-calls.ts'
import { EINTR } from './uapi/index.ts'

/** <linux/eventpoll.h> */
export const EPOLLIN = 0x1
export const EPOLLOUT = 0x4
export const EPOLLERR = 0x8
export const EPOLLHUP = 0x10
export const EPOLLRDHUP = 0x2000
const EPOLLET = 0x8000_0000
const EVERYTHING = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0
const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2

const EVENTS_PER_CALL = 256
/** Of full calls in one turn: timers and other sources of Node's loop have their turn, too. */
const CALLS_PER_TURN = 8
/** struct epoll_event is packed on x86-64 only. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16
const EVENT_DATA = process.arch === 'x64' ? 4 : 8

/** An object rather than a function, so that a connection can be its own. */
export interface FdHandler {
  /** EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR, or several. Edge-triggered. */
  handleEvents(events: number): void
}

export interface ReactorOptions {
  /** Keeps the process alive until `close`. Default: yes. */
  readonly keepAlive?: boolean
  readonly watcher?: FdWatcher
  readonly calls?: StreamCalls
}

export class Reactor {
  readonly #calls: StreamCalls
  readonly #epoll: number
  readonly #watch: Closeable
  readonly #events = new NativeBlock(EVENTS_PER_CALL * EVENT_BYTES)
  readonly #change = new NativeBlock(EVENT_BYTES)
  readonly #handlers: (FdHandler | undefined)[] = []
  readonly #generations: number[] = []
  /** With a count of its own: a list that is emptied by its length gives its memory away. */
  readonly #atEnd: (() => void)[] = []
  #atEndCount = 0
  readonly #takeTurn = (): void => this.#dispatch()
  readonly #endTurn = (): void => this.turn(nothing)
  #inTurn = false
  #endIsDue = false
  #open = true

  constructor({
    keepAlive = true,
    watcher = new EventLoop(),
    calls = loadStreamCalls(),
  }: ReactorOptions = {}) {
    this.#calls = calls
    this.#epoll = check(calls.epollCreate(EPOLL_CLOEXEC), 'make an epoll descriptor')
    this.#watch = watcher.watch(this.#epoll, 'readable', () => this.turn(this.#takeTurn), { keepAlive })
  }

  /**
   * Told of readable, writable and the end of the other's direction, each when it begins to be so; or of `interest`
   * alone, which without EPOLLET is told again as long as it is so.
   */
  watch(fd: number, on: (events: number) => void, interest = EVERYTHING): Closeable {
    const handler: FdHandler = { handleEvents: on }
    this.add(fd, handler, interest)
    return { close: () => this.#handlers[fd] === handler && this.remove(fd) }
  }

  /** As `watch`, without a closure. Throws KernelError. */
  add(fd: number, handler: FdHandler, interest = EVERYTHING): void {
    const generation = ((this.#generations[fd] ?? 0) + 1) >>> 0
    const { view } = this.#change
    view.setUint32(0, interest, true)
    view.setUint32(EVENT_DATA, fd, true)
    view.setUint32(EVENT_DATA + 4, generation, true)
    const result = this.#calls.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, this.#change.address)
    check(result, `watch descriptor ${fd} by epoll`)
    while (this.#handlers.length < fd) {
      this.#handlers.push(undefined)
      this.#generations.push(0)
    }
    this.#handlers[fd] = handler
    this.#generations[fd] = generation
  }

  remove(fd: number): void {
    this.forget(fd)
    if (this.#open) this.#calls.epollControl(this.#epoll, EPOLL_CTL_DEL, fd, this.#change.address)
  }

  /** Instead of `remove`, for a descriptor that is closed next: the kernel takes it out then. */
  forget(fd: number): void {
    this.#handlers[fd] = undefined
  }

  /** Once, at the end of this turn; asked from outside a turn, it makes one. */
  atEndOfTurn(run: () => void): void {
    this.#atEnd[this.#atEndCount++] = run
    if (this.#inTurn || this.#endIsDue) return
    this.#endIsDue = true
    setImmediate(this.#endTurn)
  }

  /** Makes a turn of what a timer or another source of events brings. Inside a turn, it is part of that one. */
  turn(run: () => void): void {
    if (this.#inTurn) return run()
    this.#inTurn = true
    this.#endIsDue = false
    guarded(run)
    for (let next = 0; next < this.#atEndCount; next++) {
      guarded(this.#atEnd[next] as () => void)
      this.#atEnd[next] = nothing
    }
    this.#atEndCount = 0
    this.#inTurn = false
  }

  /** The descriptors stay open, and nobody is told of them any more. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#watch.close()
    this.#calls.close(this.#epoll)
    this.#handlers.length = 0
  }

  #dispatch(): void {
    for (let call = 0; call < CALLS_PER_TURN && this.#open; call++) {
      const count = this.#calls.epollTake(this.#epoll, this.#events.address, EVENTS_PER_CALL)
      if (count < 0 && count !== -EINTR) check(count, 'take events from epoll')
      for (let index = 0; index < count; index++) this.#tell(index * EVENT_BYTES)
      if (count < EVENTS_PER_CALL) return
    }
  }

  #tell(at: number): void {
    const { view } = this.#events
    const fd = view.getUint32(at + EVENT_DATA, true)
    const handler = this.#handlers[fd]
    if (handler === undefined || view.getUint32(at + EVENT_DATA + 4, true) !== this.#generations[fd]) return
    try {
      handler.handleEvents(view.getUint32(at, true))
    } catch (error) {
      rethrowLater(error)
    }
  }
}

const nothing = (): void => undefined

/** A failure of one must not take away the events of the others: it surfaces as an ordinary uncaught exception. */
function guarded(run: () => void): void {
  try {
    run()
  } catch (error) {
    rethrowLater(error)
  }
}

function rethrowLater(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}

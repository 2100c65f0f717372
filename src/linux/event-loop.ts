/**
 * Descriptors in Node's own event loop: uv_poll called through koffi on the main thread's loop (libuv, poll.h).
 *
 * `uv_default_loop()` is the main thread's loop, so this is for the main thread only; a worker uses poll(2) with
 * an eventfd. Quirks, all measured: an exception thrown inside a native callback vanishes silently, so each is
 * thrown again from process.nextTick; the handle's memory must live until libuv has run the close callback; an
 * unref'ed handle does not keep the process alive; libuv stops watching when the kernel says POLLERR, which for a
 * socket only means that an error waits to be received (netlink: events were lost), so the watch is started again.
 */
import { check, KernelError } from './kernel-error.ts'
import { koffi, processSymbols, type KoffiModule } from './koffi-library.ts'
import type { Closeable } from './closeable.ts'

export type Readiness = 'readable' | 'writable'

export interface WatchOptions {
  /** Keeps the process alive while watched. Default: no. */
  readonly keepAlive?: boolean
}

/**
 * The port: something that says when a descriptor is ready. Level-triggered: said again while it stays so. An error
 * counts as ready, so that the next call on the descriptor finds out; one that stays is a reason to close.
 */
export interface FdWatcher {
  watch(fd: number, readiness: Readiness, onReady: () => void, options?: WatchOptions): Closeable
}

/** uv_handle_type UV_POLL; uv_poll_event UV_READABLE and UV_WRITABLE. */
const UV_POLL = 8
const UV_EVENTS: Readonly<Record<Readiness, number>> = { readable: 1, writable: 2 }

interface Libuv {
  readonly loop: unknown
  readonly handleBytes: number
  readonly pollType: ReturnType<KoffiModule['pointer']>
  readonly closeType: ReturnType<KoffiModule['pointer']>
  init(loop: unknown, handle: unknown, fd: number): number
  start(handle: unknown, events: number, callback: bigint): number
  close(handle: unknown, callback: bigint): void
  unref(handle: unknown): void
}

const bindLibuv = (): Libuv => {
  const library = processSymbols()
  const defaultLoop = library.func('void *uv_default_loop()')
  const handleSize = library.func('size_t uv_handle_size(int type)')
  return {
    loop: defaultLoop(),
    handleBytes: Number(handleSize(UV_POLL)),
    pollType: koffi().pointer(koffi().proto('void warren_uv_poll_cb(void *handle, int status, int events)')),
    closeType: koffi().pointer(koffi().proto('void warren_uv_close_cb(void *handle)')),
    init: library.func('int uv_poll_init(void *loop, void *handle, int fd)'),
    start: library.func('int uv_poll_start(void *handle, int events, void *callback)'),
    close: library.func('void uv_close(void *handle, void *callback)'),
    unref: library.func('void uv_unref(void *handle)'),
  }
}

let shared: Libuv | undefined

/** A native callback must not throw: what `run` throws surfaces as an ordinary uncaught exception. */
const guarded = (run: () => void): void => {
  try {
    run()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

class UvPoll implements Closeable {
  readonly #uv: Libuv
  readonly #handle: unknown
  readonly #callback: bigint
  #open = true
  #events = 0

  constructor(uv: Libuv, fd: number, onReady: () => void) {
    this.#uv = uv
    this.#handle = koffi().alloc('uint8_t', uv.handleBytes)
    const status = uv.init(uv.loop, this.#handle, fd)
    if (status < 0) {
      koffi().free(this.#handle)
      throw new KernelError(`watch descriptor ${fd}`, status)
    }
    this.#callback = koffi().register((_handle: unknown, status: number) => {
      guarded(() => this.#open && onReady())
      if (status < 0 && this.#open) guarded(() => this.#startPolling())
    }, uv.pollType)
  }

  start(readiness: Readiness, keepAlive: boolean): this {
    if (!keepAlive) this.#uv.unref(this.#handle)
    this.#events = UV_EVENTS[readiness]
    this.#startPolling()
    return this
  }

  #startPolling(): void {
    check(this.#uv.start(this.#handle, this.#events, this.#callback), 'start watching a descriptor')
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const closed: bigint = koffi().register(
      () =>
        guarded(() => {
          // libuv is done with the memory; the callbacks can only go once this one has returned.
          setImmediate(() => {
            koffi().unregister(this.#callback)
            koffi().unregister(closed)
            koffi().free(this.#handle)
          })
        }),
      this.#uv.closeType,
    )
    this.#uv.close(this.#handle, closed)
  }
}

export class EventLoop implements FdWatcher {
  watch(fd: number, readiness: Readiness, onReady: () => void, options: WatchOptions = {}): Closeable {
    shared ??= bindLibuv()
    return new UvPoll(shared, fd, onReady).start(readiness, options.keepAlive ?? false)
  }
}

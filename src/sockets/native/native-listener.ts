/**
 * Accepts connections, as many as there are when the kernel says so. Without a descriptor or memory for more it pauses:
 * they wait in the backlog, and it looks again a little later, as an edge is told only once.
 */
import { EPOLLIN, type FdHandler } from '../../linux/index.ts'
import { ACCEPT_RETRY_MS, type ListenOptions, type SocketListener } from '../engine.ts'
import { NativeSocket } from './native-socket.ts'
import { addressSpace, SOCKET_FLAGS, socketName, takeAddress } from './socket-calls.ts'
import type { SocketIo } from './socket-io.ts'

const ACCEPTS_PER_TURN = 256
const EAGAIN = 11
/** ENFILE, EMFILE, ENOMEM, ENOBUFS. */
const EXHAUSTED = new Set([-23, -24, -12, -105])
/** EBADF, EINVAL, ENOTSOCK: nothing will ever come. */
const HOPELESS = new Set([-9, -22, -88])

export class NativeListener implements SocketListener, FdHandler {
  readonly port: number
  readonly #io: SocketIo
  readonly #onConnection: ListenOptions['onConnection']
  readonly #from = addressSpace()
  #fd: number
  #retry: NodeJS.Timeout | NodeJS.Immediate | undefined

  constructor(io: SocketIo, fd: number, onConnection: ListenOptions['onConnection']) {
    this.#io = io
    this.#fd = fd
    this.#onConnection = onConnection
    this.port = socketName(io.sys, fd).port
    io.reactor.add(fd, this)
  }

  handleEvents(events: number): void {
    if ((events & EPOLLIN) !== 0) this.#acceptAll()
  }

  close(): void {
    if (this.#fd < 0) return
    this.#io.reactor.forget(this.#fd)
    this.#io.calls.close(this.#fd)
    this.#fd = -1
    clearTimeout(this.#retry as NodeJS.Timeout | undefined)
    clearImmediate(this.#retry as NodeJS.Immediate | undefined)
  }

  #acceptAll(): void {
    for (let count = 0; count < ACCEPTS_PER_TURN; count++) {
      if (this.#fd < 0) return
      const fd = this.#io.sys.accept4(this.#fd, SOCKET_FLAGS, this.#from)
      if (fd >= 0) this.#welcome(fd)
      else if (fd === -EAGAIN || HOPELESS.has(fd)) return
      else if (EXHAUSTED.has(fd)) return this.#pause()
      // Anything else was about that one connection (accept(2): treat them like EAGAIN by retrying).
    }
    this.#retry = setImmediate(this.#again)
  }

  #welcome(fd: number): void {
    const io = this.#io
    const stream = new NativeSocket(io, { fd, remote: takeAddress(this.#from), state: 'open' })
    io.counters.accepted++
    io.reactor.add(fd, stream)
    try {
      this.#onConnection(stream)
    } catch (error) {
      stream.destroy()
      process.nextTick(() => {
        throw error
      })
    }
  }

  #pause(): void {
    this.#io.counters.acceptPauses++
    clearTimeout(this.#retry as NodeJS.Timeout | undefined)
    this.#retry = setTimeout(this.#again, ACCEPT_RETRY_MS)
  }

  readonly #acceptInTurn = (): void => this.#acceptAll()
  readonly #again = (): void => this.#io.reactor.turn(this.#acceptInTurn)
}

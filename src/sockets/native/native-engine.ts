/** The engine on epoll and system calls. Opening it loads native code; it is for the main thread only. */
import { Reactor } from '../../linux/index.ts'
import { type PagePool, type SocketEnd, StreamError } from '../../streams/index.ts'
import {
  DEFAULT_BACKLOG,
  type Engine,
  type ListenOptions,
  newSocketCounters,
  type SocketListener,
  type SocketStream,
} from '../engine.ts'
import { formatEnd, kernelFailure } from '../failure.ts'
import { NativeListener } from './native-listener.ts'
import { NativeSocket } from './native-socket.ts'
import { connectingSocket, listeningSocket } from './socket-calls.ts'
import { SocketIo } from './socket-io.ts'

export class NativeEngine implements Engine {
  readonly kind = 'native'
  readonly reactor = new Reactor()
  readonly turns = this.reactor
  readonly pool: PagePool
  readonly counters = newSocketCounters()
  readonly #io: SocketIo
  readonly #listeners = new Set<NativeListener>()
  readonly #startMs = performance.now()

  constructor(pool: PagePool) {
    this.pool = pool
    this.#io = new SocketIo({ reactor: this.reactor, pool, counters: this.counters })
  }

  nowMs(): number {
    return Math.floor(performance.now() - this.#startMs)
  }

  after(ms: number, run: () => void): { close(): void } {
    const timer = setTimeout(() => this.reactor.turn(run), ms)
    return { close: () => clearTimeout(timer) }
  }

  async listen({
    address,
    port,
    backlog = DEFAULT_BACKLOG,
    onConnection,
  }: ListenOptions): Promise<SocketListener> {
    const fd = listeningSocket(this.#io.sys, { address, port, backlog })
    if (fd < 0) throw new StreamError(kernelFailure(`listen on ${formatEnd({ address, port })}`, -fd))
    const listener = new NativeListener(this.#io, fd, onConnection)
    this.#listeners.add(listener)
    return {
      port: listener.port,
      close: () => {
        this.#listeners.delete(listener)
        listener.close()
      },
    }
  }

  connect(to: SocketEnd): SocketStream {
    const fd = connectingSocket(this.#io.sys, to)
    const stream = new NativeSocket(this.#io, { fd, remote: to, state: fd < 0 ? 'closed' : 'opening' })
    if (fd >= 0) {
      this.reactor.add(fd, stream)
      return stream
    }
    stream.failure = kernelFailure(`connect to ${formatEnd(to)}`, -fd)
    this.#io.tellLater(stream)
    return stream
  }

  close(): void {
    for (const listener of this.#listeners) listener.close()
    this.#listeners.clear()
    for (const socket of [...this.#io.sockets]) socket?.destroy()
    this.reactor.close()
  }
}

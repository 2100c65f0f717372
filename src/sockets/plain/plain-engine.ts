/** The engine on node:net. Loads no native code. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type PagePool, type SocketEnd, StreamError } from '../../streams/index.ts'
import {
  DEFAULT_BACKLOG,
  type Engine,
  KEEPALIVE,
  type ListenOptions,
  newSocketCounters,
  type SocketListener,
  type SocketStream,
} from '../engine.ts'
import { formatEnd, nodeFailure, withoutMapping } from '../failure.ts'
import { DuplexStream, type DuplexStreamOptions } from './duplex-stream.ts'
import { ImmediateTurns } from './immediate-turns.ts'

const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEPALIVE.idleSeconds * 1000,
}

export class PlainEngine implements Engine {
  readonly kind = 'plain'
  readonly turns = new ImmediateTurns()
  readonly pool: PagePool
  readonly counters = newSocketCounters()
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()
  readonly #startMs = performance.now()

  constructor(pool: PagePool) {
    this.pool = pool
  }

  nowMs(): number {
    return Math.floor(performance.now() - this.#startMs)
  }

  after(ms: number, run: () => void): { close(): void } {
    const timer = setTimeout(run, ms)
    return { close: () => clearTimeout(timer) }
  }

  async listen(options: ListenOptions): Promise<SocketListener> {
    const server = createServer(SOCKET_OPTIONS, (socket) => {
      this.counters.accepted++
      const ends = endsOf(socket)
      const what = `talk to ${formatEnd(ends.remote)}`
      options.onConnection(this.#stream(socket, { turns: this.turns, ends: () => ends, what, abort }))
    })
    const { address, port, backlog = DEFAULT_BACKLOG } = options
    await listening(server, { host: address === '' ? '::' : address, port, backlog })
    // From here on: accepting failed, and Node tries again by itself.
    server.on('error', () => this.counters.acceptPauses++)
    this.#servers.add(server)
    return {
      port: (server.address() as AddressInfo).port,
      close: () => {
        this.#servers.delete(server)
        server.close()
      },
    }
  }

  connect(to: SocketEnd): SocketStream {
    const socket = connect({ host: to.address, port: to.port, ...SOCKET_OPTIONS })
    socket.once('connect', () => this.counters.connected++)
    const ends = () => ({ local: endsOf(socket).local, remote: to })
    const what = `connect to ${formatEnd(to)}`
    return this.#stream(socket, { turns: this.turns, ends, opensWith: 'connect', what, abort })
  }

  close(): void {
    for (const server of this.#servers) server.close()
    this.#servers.clear()
    for (const socket of this.#sockets) abort(socket)
  }

  #stream(socket: Socket, options: DuplexStreamOptions): SocketStream {
    this.#sockets.add(socket)
    this.counters.open++
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.counters.open--
      this.counters.bytesReceived += socket.bytesRead
      this.counters.bytesSent += socket.bytesWritten
    })
    return new DuplexStream(socket, options)
  }
}

/** With a reset: whoever is there must not take what it got for everything. */
function abort(duplex: Duplex): void {
  const socket = duplex as Socket
  // libuv refuses to reset while a shutdown is under way, and Node 24 then keeps a handle that never closes.
  const isShuttingDown = socket.writableEnded && !socket.writableFinished
  if (socket.connecting || isShuttingDown) socket.destroy()
  else socket.resetAndDestroy()
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket) {
  return {
    local: { address: withoutMapping(localAddress ?? ''), port: localPort ?? 0 },
    remote: { address: withoutMapping(remoteAddress ?? ''), port: remotePort ?? 0 },
  }
}

async function listening(server: Server, at: ListenAt): Promise<void> {
  try {
    server.listen(at)
    await once(server, 'listening')
  } catch (error) {
    // Without IPv6 in the kernel, all addresses are those of IPv4.
    if (at.host === '::' && (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT')
      return listening(server, { ...at, host: '0.0.0.0' })
    const where = formatEnd({ address: at.host, port: at.port })
    throw new StreamError(nodeFailure(`listen on ${where}`, error))
  }
}

interface ListenAt {
  readonly host: string
  readonly port: number
  readonly backlog: number
}

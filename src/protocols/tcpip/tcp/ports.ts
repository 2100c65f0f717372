/** Who listens where, and which port a connection of ours comes from. */
import { StreamError, type FailureCode, type SocketEnd } from '../../../streams/index.ts'
import { parseAddress } from '../../addresses/index.ts'
import type { LayerContext } from '../layers.ts'
import type { TcpConnectOptions, TcpListenOptions } from '../stack-api.ts'
import type { Connection } from './connection.ts'
import type { ConnectionTable } from './connection-table.ts'
import type { ConnectionEnds } from './initial-numbers.ts'
import { Listener } from './listener.ts'

/** RFC 6335 §6, without the lower half, where programs like to listen. */
const FIRST_EPHEMERAL_PORT = 32_768
const EPHEMERAL_PORTS = 28_232
const NOWHERE = new Uint8Array(4)

/** Why there can be no such connection; the ends are for its stream to name. */
export interface NoConnection {
  readonly failure: FailureCode
  readonly message: string
  readonly ends: ConnectionEnds
}

export class Ports {
  readonly #context: LayerContext
  readonly #table: ConnectionTable<Connection>
  readonly #listeners = new Map<number, Listener[]>()

  constructor(context: LayerContext, table: ConnectionTable<Connection>) {
    this.#context = context
    this.#table = table
  }

  listenerFor(address: Uint8Array, port: number): Listener | undefined {
    const there = this.#listeners.get(port)
    return (
      there?.find((l) => l.address !== undefined && l.takes(address)) ?? there?.find((l) => l.takes(address))
    )
  }

  listeners(): Listener[] {
    return [...this.#listeners.values()].flat()
  }

  listen(options: TcpListenOptions, onClose: (listener: Listener) => void): Listener {
    const address = options.address === undefined ? undefined : parseAddress(options.address)
    if (options.address !== undefined && (address === undefined || !this.#context.isOurs(address)))
      throw new StreamError({
        code: 'EADDRNOTAVAIL',
        message: `cannot listen at ${options.address}: it is not ours`,
      })
    const port = options.port === 0 ? this.#freePort((at) => !this.#listeners.has(at)) : options.port
    if (port === undefined || this.#isTaken(port, address))
      throw new StreamError({
        code: 'EADDRINUSE',
        message: `cannot listen at port ${options.port}: it is in use`,
      })
    const settings = { ...this.#context.tcp, ...options.settings }
    const listener = new Listener({
      ...{ port, address, settings, listen: options },
      onClose: (closed) => {
        this.#remove(closed)
        onClose(closed)
      },
    })
    const there = this.#listeners.get(port)
    if (there === undefined) this.#listeners.set(port, [listener])
    else there.push(listener)
    return listener
  }

  forConnecting(to: SocketEnd, options: TcpConnectOptions): ConnectionEnds | NoConnection {
    const remote = parseAddress(to.address)
    const refuse = (failure: FailureCode, message: string): NoConnection => ({
      ...{ failure, message: `cannot connect to ${to.address} port ${to.port}: ${message}` },
      ends: { local: remote ?? NOWHERE, localPort: 0, remote: remote ?? NOWHERE, remotePort: to.port },
    })
    if (remote === undefined || to.port < 1 || to.port > 0xffff)
      return refuse('EADDRNOTAVAIL', 'no such address')
    const { localAddress } = options
    const local = localAddress === undefined ? this.#context.sourceFor(remote) : parseAddress(localAddress)
    if (local === undefined) return refuse('ENETUNREACH', 'we have no address of its family')
    if (localAddress !== undefined && !this.#context.isOurs(local))
      return refuse('EADDRNOTAVAIL', `${localAddress} is not ours`)
    if (local.length !== remote.length) return refuse('EADDRNOTAVAIL', 'addresses of two families')
    const isFree = (port: number) =>
      !this.#listeners.has(port) && this.#table.find(local, port, remote, to.port) === undefined
    const localPort =
      options.localPort === undefined || options.localPort === 0
        ? this.#freePort(isFree)
        : this.#table.find(local, options.localPort, remote, to.port) === undefined
          ? options.localPort
          : undefined
    if (localPort === undefined) return refuse('EADDRINUSE', 'no free port on our side')
    return { local, localPort, remote, remotePort: to.port }
  }

  /** RFC 6056 §3.3.1: a random one, and from there on the next that is free. */
  #freePort(isFree: (port: number) => boolean): number | undefined {
    const random = this.#context.random(2)
    const from = (random[0]! << 8) | random[1]!
    for (let index = 0; index < EPHEMERAL_PORTS; index++) {
      const port = FIRST_EPHEMERAL_PORT + ((from + index) % EPHEMERAL_PORTS)
      if (isFree(port)) return port
    }
    return undefined
  }

  #isTaken(port: number, address: Uint8Array | undefined): boolean {
    const there = this.#listeners.get(port) ?? []
    return there.some((other) =>
      address === undefined
        ? other.address === undefined
        : other.address !== undefined && other.takes(address),
    )
  }

  #remove(listener: Listener): void {
    const left = (this.#listeners.get(listener.port) ?? []).filter((other) => other !== listener)
    if (left.length === 0) this.#listeners.delete(listener.port)
    else this.#listeners.set(listener.port, left)
  }
}

/** Which socket has which local port: on one of our addresses, or on all of them. */
import { addressesEqual } from '../../addresses/index.ts'
import { StreamError } from '../../../streams/index.ts'

/** RFC 6056 §3.2: from a large range; below it are ports that somebody may want to listen on. */
export const EPHEMERAL_FIRST = 32_768
const EPHEMERAL_COUNT = 65_536 - EPHEMERAL_FIRST
const RANDOM_TRIES = 16

export interface Bound {
  readonly port: number
  /** Undefined: all of ours. */
  readonly localAddress: Uint8Array | undefined
}

export class UdpPorts<Socket extends Bound> {
  readonly #random: (length: number) => Uint8Array
  readonly #byPort = new Map<number, Socket[]>()

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
  }

  /** The one on this address comes before one on all addresses. */
  find(port: number, address: Uint8Array): Socket | undefined {
    const sockets = this.#byPort.get(port)
    if (sockets === undefined) return undefined
    let found: Socket | undefined
    for (let index = 0; index < sockets.length; index++) {
      const socket = sockets[index]!
      if (socket.localAddress === undefined) found ??= socket
      else if (addressesEqual(socket.localAddress, address)) return socket
    }
    return found
  }

  add(socket: Socket): void {
    const sockets = this.#byPort.get(socket.port)
    if (sockets === undefined) this.#byPort.set(socket.port, [socket])
    else sockets.push(socket)
  }

  remove(socket: Socket): void {
    const sockets = this.#byPort.get(socket.port)?.filter((other) => other !== socket) ?? []
    if (sockets.length === 0) this.#byPort.delete(socket.port)
    else this.#byPort.set(socket.port, sockets)
  }

  all(): readonly Socket[] {
    return [...this.#byPort.values()].flat()
  }

  /** Throws EADDRINUSE when it is taken. */
  check({ port, localAddress }: Bound): void {
    if (!this.#isFree(port, localAddress))
      throw new StreamError({ code: 'EADDRINUSE', message: `UDP port ${port} is in use` })
  }

  /** A free port that is hard to guess (RFC 6056 §3.3.1). Throws EADDRINUSE when there is none. */
  choose(localAddress: Uint8Array | undefined): number {
    let port = 0
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const bytes = this.#random(2)
      port = EPHEMERAL_FIRST + (((bytes[0]! << 8) | bytes[1]!) % EPHEMERAL_COUNT)
      if (this.#isFree(port, localAddress)) return port
    }
    for (let step = 1; step < EPHEMERAL_COUNT; step++) {
      const next = EPHEMERAL_FIRST + ((port - EPHEMERAL_FIRST + step) % EPHEMERAL_COUNT)
      if (this.#isFree(next, localAddress)) return next
    }
    throw new StreamError({ code: 'EADDRINUSE', message: 'no UDP port is free' })
  }

  #isFree(port: number, localAddress: Uint8Array | undefined): boolean {
    const sockets = this.#byPort.get(port)
    if (sockets === undefined) return true
    if (localAddress === undefined) return false
    return sockets.every(
      (other) => other.localAddress !== undefined && !addressesEqual(other.localAddress, localAddress),
    )
  }
}

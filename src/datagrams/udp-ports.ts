/**
 * The sockets that a device listens on: one per family, on one port. A socket cannot be bound twice, and one with a
 * mark or large buffers takes privileges to make; so a few unbound pairs are made while we have them, and each change
 * of the listen port takes the next. When they are used up, plain ones are made; with a mark that is impossible.
 */
import {
  bindUdp,
  isAddressInUse,
  isKernelError,
  KernelError,
  openUdpSocket,
  type Syscalls,
  type UdpSocket,
} from '../linux/index.ts'

export interface SocketPair {
  readonly inet: UdpSocket | undefined
  readonly inet6: UdpSocket | undefined
}

/** Changes of the listen port that keep mark and buffers. */
const SPARE_PAIRS = 6
/** For a random port that must be free in both families. */
const ATTEMPTS = 16

export interface SocketOptions {
  readonly fwmark: number
  readonly plain: boolean
}

export function openSocketPair(sys: Syscalls, { fwmark, plain }: SocketOptions): SocketPair {
  return {
    inet: openUdpSocket(sys, { family: 4, mark: fwmark, plain }),
    inet6: openUdpSocket(sys, { family: 6, mark: fwmark, plain }),
  }
}

export function openSparePairs(sys: Syscalls, options: SocketOptions): SocketPair[] {
  return Array.from({ length: SPARE_PAIRS }, () => openSocketPair(sys, options))
}

export class UdpPorts {
  readonly #sys: Syscalls
  readonly #spares: SocketPair[]
  readonly #options: SocketOptions
  #pair: SocketPair = { inet: undefined, inet6: undefined }
  #port = 0

  constructor(sys: Syscalls, o: { spares: readonly SocketPair[]; sockets: SocketOptions }) {
    this.#sys = sys
    this.#spares = [...o.spares]
    this.#options = o.sockets
  }

  get port(): number {
    return this.#port
  }

  get sockets(): readonly UdpSocket[] {
    return [this.#pair.inet, this.#pair.inet6].filter((socket) => socket !== undefined)
  }

  socketFor(family: 4 | 6): UdpSocket | undefined {
    return family === 4 ? this.#pair.inet : this.#pair.inet6
  }

  /** 0: random. Throws KernelError (EADDRINUSE, EPERM) with the old sockets still in place. */
  listen(port: number): void {
    if (port !== 0 && port === this.#port) return
    const old = this.#pair
    const { pair, port: bound } = this.#bound(port)
    this.#pair = pair
    this.#port = bound
    this.#close(old)
  }

  close(): void {
    this.#close(this.#pair)
    for (const pair of this.#spares.splice(0)) this.#close(pair)
  }

  #bound(wanted: number): { pair: SocketPair; port: number } {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const pair = this.#take()
      try {
        return { pair, port: this.#bindBoth(pair, wanted) }
      } catch (error) {
        this.#close(pair)
        if (wanted !== 0 || !isKernelError(error, 'EADDRINUSE')) throw error
      }
    }
    throw new KernelError('find a UDP port that is free in both families', 98)
  }

  #bindBoth({ inet, inet6 }: SocketPair, wanted: number): number {
    let port = wanted
    for (const socket of [inet, inet6]) {
      if (socket === undefined) continue
      const result = bindUdp(this.#sys, socket, port)
      if (result < 0) {
        const what = isAddressInUse(result) ? `UDP port ${port} is taken` : `UDP port ${port}`
        throw new KernelError(`listen on IPv${socket.family}: ${what}`, result)
      }
      port = result
    }
    return port
  }

  #take(): SocketPair {
    return this.#spares.shift() ?? openSocketPair(this.#sys, this.#options)
  }

  #close({ inet, inet6 }: SocketPair): void {
    for (const socket of [inet, inet6]) if (socket !== undefined) this.#sys.close(socket.fd)
  }
}

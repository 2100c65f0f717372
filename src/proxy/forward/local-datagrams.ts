/** A UDP socket of this machine, by node:dgram: for forwards and SOCKS, where a datagram is not on the fast path. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { SocketEnd } from '../../streams/index.ts'

const MAPPED = '::ffff:'
/** A burst while the loop is busy elsewhere. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024

export interface LocalDatagramsOptions {
  /** `''` and `::`: all, of both families. */
  readonly address: string
  readonly port: number
  /** The bytes are the receiver's own. */
  readonly onDatagram: (bytes: Uint8Array, from: SocketEnd, local: LocalDatagrams) => void
  /** A datagram could not be sent; the socket goes on. */
  readonly onError?: () => void
}

export class LocalDatagrams {
  readonly #socket: Socket
  readonly #isIPv6: boolean
  #isOpen = true

  private constructor(socket: Socket, isV6: boolean) {
    this.#socket = socket
    this.#isIPv6 = isV6
  }

  /** Rejects with what node:dgram says: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
  static async open(o: LocalDatagramsOptions): Promise<LocalDatagrams> {
    const address = o.address === '' ? '::' : o.address
    const isV6 = isIPv6(address)
    const ipv6Only = isV6 && address !== '::'
    const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only, reuseAddr: false })
    const local = new LocalDatagrams(socket, isV6)
    try {
      socket.bind(o.port, address)
      await once(socket, 'listening')
    } catch (error) {
      socket.close()
      // Without IPv6 in the kernel, all addresses are those of IPv4.
      if (address === '::' && (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT')
        return LocalDatagrams.open({ ...o, address: '0.0.0.0' })
      throw error
    }
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    } catch {
      // Some sandboxes refuse it; the system's default does, too.
    }
    socket.on('error', () => o.onError?.())
    socket.on('message', (bytes, { address: from, port }) => {
      // RFC 768: whoever sends from port 0 expects no answer, and there is nowhere to send one to.
      if (port === 0) return
      o.onDatagram(
        bytes,
        { address: from.startsWith(MAPPED) ? from.slice(MAPPED.length) : from, port },
        local,
      )
    })
    return local
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(bytes: Uint8Array, to: SocketEnd): void {
    // Node throws at port 0.
    if (!this.#isOpen || to.port === 0) return
    const address = this.#isIPv6 && !to.address.includes(':') ? MAPPED + to.address : to.address
    // An error comes as an event, too: the callback keeps it from being thrown.
    this.#socket.send(bytes, to.port, address, ignored)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#socket.close()
  }
}

const ignored = (): void => undefined

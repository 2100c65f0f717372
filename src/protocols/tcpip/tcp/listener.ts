/** LISTEN: a port where connections are taken, all of ours or one address. */
import type { StackListener, TcpListenOptions, TcpSettings } from '../stack-api.ts'
import type { Connection } from './connection.ts'

const DEFAULT_BACKLOG = 128

export class Listener implements StackListener {
  readonly port: number
  /** Undefined: any of ours. */
  readonly address: Uint8Array | undefined
  readonly settings: TcpSettings
  readonly onConnection: TcpListenOptions['onConnection']
  /** Established, and not told of yet. */
  readonly waiting = new Set<Connection>()
  readonly #backlog: number
  readonly #onClose: (listener: Listener) => void
  isClosed = false

  constructor(o: ListenerOptions) {
    this.port = o.port
    this.address = o.address
    this.settings = o.settings
    this.onConnection = o.listen.onConnection
    this.#backlog = Math.max(1, o.listen.backlog ?? DEFAULT_BACKLOG)
    this.#onClose = o.onClose
  }

  get isFull(): boolean {
    return this.waiting.size >= this.#backlog
  }

  takes(address: Uint8Array): boolean {
    const own = this.address
    if (own === undefined) return true
    if (own.length !== address.length) return false
    for (let index = 0; index < own.length; index++) if (own[index] !== address[index]) return false
    return true
  }

  /** Nobody else is let in; those who are in stay. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#onClose(this)
  }
}

interface ListenerOptions {
  readonly port: number
  readonly address: Uint8Array | undefined
  readonly settings: TcpSettings
  readonly listen: TcpListenOptions
  readonly onClose: (listener: Listener) => void
}

/** The reverse direction: a port inside the tunnel that leads to a host and port as this machine sees them. */
import type { ByteStream } from '../../streams/index.ts'
import type { Clock, Dialer, HostAndPort, RelayFigures, RelayLimits } from '../forward/index.ts'
import { Relay } from '../forward/index.ts'

/** A tunnel is one. */
export interface InsideListener {
  listen(options: {
    readonly port: number
    readonly backlog?: number
    readonly onConnection: (stream: ByteStream) => void
  }): { readonly port: number; close(): void }
}

export interface PublishOptions {
  /** Of this machine. */
  readonly dialer: Dialer
  readonly to: HostAndPort
  readonly clock: Clock
  readonly limits?: Partial<RelayLimits> | undefined
}

const BACKLOG = 256

export class Publish {
  readonly #relay: Relay
  readonly #options: PublishOptions

  constructor(options: PublishOptions) {
    this.#options = options
    this.#relay = new Relay(options)
  }

  /** Throws StreamError EADDRINUSE or EADDRNOTAVAIL. Closing what it returns leaves connections alone. */
  listen(inside: InsideListener, port: number): { readonly port: number; close(): void } {
    return inside.listen({ port, backlog: BACKLOG, onConnection: (stream) => this.accept(stream) })
  }

  /** A client that came in inside the tunnel. */
  accept(client: ByteStream): void {
    const { dialer, to } = this.#options
    this.#relay.carry(client, { dial: (signal) => dialer.connect(to, { signal }) })
  }

  figures(): RelayFigures {
    return this.#relay.figures()
  }

  drain(): Promise<void> {
    return this.#relay.drain()
  }

  close(): void {
    this.#relay.close()
  }
}

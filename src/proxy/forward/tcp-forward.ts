/** A port of this machine that leads to a host on the other side: what a client sends arrives there, byte by byte. */
import type { ByteStream } from '../../streams/index.ts'
import type { RelayFigures } from './counters.ts'
import type { Clock, Dialer, HostAndPort } from './dialer.ts'
import { Relay, type RelayLimits } from './relay.ts'

export interface TcpForwardOptions {
  /** At the moment of use. */
  readonly dialer: () => Dialer
  readonly to: HostAndPort
  readonly clock: Clock
  readonly limits?: Partial<RelayLimits> | undefined
}

export class TcpForward {
  readonly #relay: Relay
  readonly #options: TcpForwardOptions

  constructor(options: TcpForwardOptions) {
    this.#options = options
    this.#relay = new Relay(options)
  }

  /** A client that came in. */
  accept(client: ByteStream): void {
    const { dialer, to } = this.#options
    this.#relay.carry(client, { dial: async (signal) => await dialer().connect(to, { signal }) })
  }

  figures(): RelayFigures {
    return this.#relay.figures()
  }

  /** Takes no more; resolves when all have ended. */
  drain(): Promise<void> {
    return this.#relay.drain()
  }

  close(): void {
    this.#relay.close()
  }
}

/**
 * A SOCKS5 port of this machine that leads into a tunnel: names are looked up inside it. CONNECT becomes a relayed
 * connection, UDP ASSOCIATE a datagram relay that lives as long as its TCP connection.
 */
import type { ByteStream, StreamEnds } from '../../streams/index.ts'
import {
  type Clock,
  type DatagramDialer,
  type Dialer,
  failureOf,
  Relay,
  type RelayFigures,
  type RelayLimits,
} from '../forward/index.ts'
import { SocksAssociation } from './socks-association.ts'
import { encodeSocksAddress, type SocksAddress } from './socks-address.ts'
import { SOCKS_REPLY, SocksHandshake, socksReply } from './socks-handshake.ts'
import { authenticator, type SocksCredentials } from './users.ts'

export interface SocksServerOptions {
  /** At the moment of use. */
  readonly dialer: () => Dialer & DatagramDialer
  readonly clock: Clock
  /** Default: nobody has to say who they are. */
  readonly users?: readonly SocksCredentials[] | undefined
  readonly limits?: Partial<RelayLimits> | undefined
}

export const SOCKS_HANDSHAKE_MS = 10_000
/** After a refusal, for the client to take note of it. */
const LINGER_MS = 1000

type Client = ByteStream & StreamEnds

export class SocksServer {
  readonly #options: SocksServerOptions
  readonly #relay: Relay
  readonly #authenticate: ReturnType<typeof authenticator>
  readonly #greeting = new Set<Client>()
  readonly #associations = new Set<SocksAssociation>()

  constructor(options: SocksServerOptions) {
    this.#options = options
    this.#relay = new Relay(options)
    this.#authenticate = authenticator(options.users)
  }

  accept(client: Client): void {
    const others = this.#greeting.size + this.#associations.size
    if (!this.#relay.hasRoom || others + this.#relay.open >= this.#relay.limits.connections) {
      this.#relay.counters.count('limit')
      client.destroy()
      return
    }
    this.#greet(client)
  }

  figures(): RelayFigures {
    const figures = this.#relay.figures()
    let { receivedBytes, sentBytes } = figures
    for (const association of this.#associations) {
      receivedBytes += association.receivedBytes
      sentBytes += association.sentBytes
    }
    const connections = figures.connections + this.#greeting.size + this.#associations.size
    return { ...figures, connections, receivedBytes, sentBytes }
  }

  /** Connections may end by themselves; associations, which never do, end now. */
  drain(): Promise<void> {
    this.#closeWhatIsNoRelay()
    return this.#relay.drain()
  }

  close(): void {
    this.#closeWhatIsNoRelay()
    this.#relay.close()
  }

  #greet(client: Client): void {
    const handshake = new SocksHandshake({ authenticate: this.#authenticate })
    this.#greeting.add(client)
    const timer = this.#options.clock.after(SOCKS_HANDSHAKE_MS, () => {
      done('handshake-timeout')
      client.destroy()
    })
    const done = (trouble?: string): void => {
      timer.close()
      this.#greeting.delete(client)
      client.onProgress = undefined
      if (trouble !== undefined) this.#relay.counters.count(trouble)
    }
    const look = (): void => this.#lookAt(client, handshake, done)
    client.onProgress = look
    look()
  }

  #lookAt(client: Client, handshake: SocksHandshake, done: (trouble?: string) => void): void {
    for (;;) {
      const step = handshake.step()
      switch (step.kind) {
        case 'wait':
          if (client.readableBytes > 0) {
            client.consume(handshake.take(client.peek()))
            break
          }
          if (client.state === 'open' && !client.inputEnded) return
          done('handshake')
          return client.destroy()
        case 'send':
          client.write(step.bytes)
          break
        case 'refuse':
          done(step.reason)
          return this.#refuse(client, step.bytes)
        case 'request':
          done()
          return step.command === 'connect'
            ? this.#connect(client, step.target)
            : this.#associate(client, step.target)
      }
    }
  }

  #connect(client: Client, { host, port }: SocksAddress): void {
    this.#relay.carry(client, {
      dial: async (signal) => await this.#options.dialer().connect({ host, port }, { signal }),
      onOpen: (server) => {
        const { local } = server as Partial<StreamEnds>
        client.write(
          local === undefined
            ? socksReply(SOCKS_REPLY.succeeded)
            : socksReply(SOCKS_REPLY.succeeded, encodeSocksAddress(local)),
        )
      },
      onRefused: (error) => this.#refuse(client, socksReply(replyFor(error))),
    })
  }

  #associate(client: Client, claimed: SocksAddress): void {
    const { counters } = this.#relay
    counters.connectionsTotal++
    const association = new SocksAssociation({
      ...{ client, dialer: this.#options.dialer, claimedPort: claimed.port, clock: this.#options.clock },
      count: (reason) => counters.count(reason),
      onOver: () => {
        if (!this.#associations.delete(association)) return
        counters.receivedBytes += association.receivedBytes
        counters.sentBytes += association.sentBytes
      },
    })
    this.#associations.add(association)
    association.start().catch((error: unknown) => {
      counters.count(failureOf(error).code)
      association.close()
      this.#refuse(client, socksReply(SOCKS_REPLY.generalFailure))
    })
  }

  /** In order, so that the client sees the answer; if it does not end its side, it is cut. */
  #refuse(client: Client, bytes: Uint8Array): void {
    if (bytes.length > 0) client.write(bytes)
    client.end()
    const timer = this.#options.clock.after(LINGER_MS, () => client.destroy())
    const look = (): void => {
      if (client.readableBytes > 0) client.consume(client.readableBytes)
      if (client.state === 'closed') timer.close()
    }
    client.onProgress = look
    look()
  }

  #closeWhatIsNoRelay(): void {
    for (const client of this.#greeting) client.destroy()
    this.#greeting.clear()
    for (const association of [...this.#associations]) association.cut()
  }
}

const REPLIES: Readonly<Record<string, number>> = {
  ECONNREFUSED: SOCKS_REPLY.connectionRefused,
  ENETUNREACH: SOCKS_REPLY.networkUnreachable,
  EHOSTUNREACH: SOCKS_REPLY.hostUnreachable,
  ENOTFOUND: SOCKS_REPLY.hostUnreachable,
  ETIMEDOUT: SOCKS_REPLY.ttlExpired,
  EACCES: SOCKS_REPLY.notAllowed,
}

function replyFor(error: unknown): number {
  if (error === 'dial-timeout') return SOCKS_REPLY.ttlExpired
  return REPLIES[failureOf(error).code] ?? SOCKS_REPLY.generalFailure
}

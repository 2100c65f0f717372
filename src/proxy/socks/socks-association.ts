/**
 * UDP ASSOCIATE (RFC 1928 §7): a UDP port of this machine for one client, and a socket inside the tunnel. It ends with
 * the TCP connection that asked for it. Only that client's address may use it, and only who was written to may answer.
 */
import type { ByteStream, SocketEnd, StreamEnds } from '../../streams/index.ts'
import { type Clock, type DatagramDialer, type DatagramPort, LocalDatagrams } from '../forward/index.ts'
import {
  decodeSocksDatagram,
  encodeSocksAddress,
  encodeSocksDatagram,
  type SocksAddress,
} from './socks-address.ts'
import { NamesInUse } from './names-in-use.ts'
import { SOCKS_REPLY, socksReply } from './socks-handshake.ts'

export interface SocksAssociationOptions {
  readonly client: ByteStream & StreamEnds
  readonly dialer: () => DatagramDialer
  readonly clock: Clock
  /** From which the client said it would send; 0: it did not know yet. */
  readonly claimedPort: number
  readonly count: (reason: string) => void
  /** Once. */
  readonly onOver: () => void
}

const MAX_CORRESPONDENTS = 256

export class SocksAssociation {
  receivedBytes = 0
  sentBytes = 0
  readonly #options: SocksAssociationOptions
  readonly #names: NamesInUse
  /** `address port` of whoever was written to, the longest ago first. */
  readonly #correspondents = new Set<string>()
  #local: LocalDatagrams | undefined
  #inside: DatagramPort | undefined
  #clientPort: number
  #isOver = false

  constructor(options: SocksAssociationOptions) {
    this.#options = options
    this.#clientPort = options.claimedPort
    const { dialer, clock } = options
    this.#names = new NamesInUse({ resolve: (name, o) => dialer().resolve(name, o), clock })
  }

  async start(): Promise<void> {
    const { client, dialer } = this.#options
    client.onProgress = () => this.#look()
    const local = await LocalDatagrams.open({
      address: client.local.address,
      port: 0,
      onDatagram: (bytes, from) => this.#fromClient(bytes, from),
      onError: () => this.#options.count('datagram-dropped'),
    })
    if (this.#isOver) return local.close()
    this.#local = local
    this.#inside = dialer().openUdp({ onDatagram: (bytes, from) => this.#fromInside(bytes, from) })
    const bound = encodeSocksAddress({ address: client.local.address, port: local.port })
    client.write(socksReply(SOCKS_REPLY.succeeded, bound))
    this.#look()
  }

  /** The client is left alone. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#names.close()
    this.#local?.close()
    this.#inside?.close()
    this.#options.onOver()
  }

  cut(): void {
    this.close()
    this.#options.client.destroy()
  }

  #look(): void {
    const { client } = this.#options
    // Nothing is to come on it any more.
    if (client.readableBytes > 0) client.consume(client.readableBytes)
    if (client.state !== 'closed' && !client.inputEnded) return
    client.end()
    this.close()
  }

  #fromClient(bytes: Uint8Array, from: SocketEnd): void {
    const { client, count } = this.#options
    const isTheirs = from.address === client.remote.address
    if (!isTheirs || (this.#clientPort !== 0 && from.port !== this.#clientPort))
      return count('datagram-dropped')
    const datagram = decodeSocksDatagram(bytes)
    if (datagram === undefined) return count('malformed')
    this.#clientPort = from.port
    this.receivedBytes += datagram.data.length
    const { target, data } = datagram
    if (!target.isName) return this.#send(data, target.host, target.port)
    const isTaken = this.#names.withAddress(target.host, (address) => {
      if (address === undefined) count('ENOTFOUND')
      else this.#send(data, address, target.port)
    })
    if (!isTaken) count('datagram-dropped')
  }

  #send(data: Uint8Array, address: string, port: SocksAddress['port']): void {
    const key = `${address} ${port}`
    this.#correspondents.delete(key)
    this.#correspondents.add(key)
    if (this.#correspondents.size > MAX_CORRESPONDENTS) {
      const [oldest] = this.#correspondents
      if (oldest !== undefined) this.#correspondents.delete(oldest)
    }
    if (this.#inside?.send(data, { address, port }) !== true) this.#options.count('datagram-dropped')
  }

  #fromInside(bytes: Uint8Array, from: SocketEnd): void {
    if (!this.#correspondents.has(`${from.address} ${from.port}`)) return
    this.sentBytes += bytes.length
    const { address } = this.#options.client.remote
    this.#local?.send(encodeSocksDatagram(bytes, from), { address, port: this.#clientPort })
  }
}

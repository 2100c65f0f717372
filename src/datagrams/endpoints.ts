/**
 * Remote addresses as objects, one for each: the state machine keeps and returns them, and sending finds the sockaddr
 * ready. Each remembers the local address that its last datagram came to, and answers leave from there (a host with
 * several addresses must not answer from another one: the peer's NAT or firewall would not know it).
 */
import { decodeSocketAddress, encodeSocketAddress, type UdpDestination } from '../linux/index.ts'
import type { Endpoint } from '../protocols/wireguard/index.ts'

export class UdpEndpoint implements Endpoint, UdpDestination {
  readonly address: string
  readonly port: number
  readonly scopeId?: number
  readonly family: 4 | 6
  readonly sockaddr: Uint8Array
  localAddress: Uint8Array | undefined
  /** Datagrams of this size and more do not fit the path in bursts: the kernel has refused once. */
  burstLimit = Number.POSITIVE_INFINITY

  constructor(at: { address: string; port: number; scopeId?: number }) {
    this.address = at.address
    this.port = at.port
    if (at.scopeId !== undefined) this.scopeId = at.scopeId
    this.sockaddr = encodeSocketAddress(at)
    this.family = this.sockaddr.length === 16 ? 4 : 6
  }

  /** The local address that its last datagram came to, at bytes[at…]; 0: unknown. */
  answerFrom(bytes: Uint8Array, at: number): void {
    if (at === 0) return
    const length = this.family === 4 ? 4 : 16
    const known = this.localAddress
    if (known !== undefined) {
      let index = 0
      while (index < length && known[index] === bytes[at + index]) index++
      if (index === length) return
    }
    this.localAddress = bytes.slice(at, at + length)
  }
}

/** Strangers choose their addresses; forgetting all now and then costs only objects. */
const MAX_ENDPOINTS = 8192
const AF_INET = 2

export class EndpointTable {
  readonly #byNumber = new Map<number, UdpEndpoint>()
  readonly #byText = new Map<string, UdpEndpoint>()
  #last: UdpEndpoint | undefined

  /** Of a configured peer. */
  of(text: string, port: number, scopeId?: number): UdpEndpoint {
    // RFC 4291 §2.5.5.2: our IPv6 socket is for IPv6 only.
    const address = /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(text) ? text.slice(7) : text
    const fresh = new UdpEndpoint(scopeId === undefined ? { address, port } : { address, port, scopeId })
    const { buffer, byteOffset, length } = fresh.sockaddr
    const view = new DataView(buffer, byteOffset, length)
    return this.#known(view, 0) ?? this.#remember(view, 0, fresh)
  }

  /** Of the sockaddr that the kernel wrote at `at`; undefined for families we have no socket of. */
  at(view: DataView, at: number): UdpEndpoint | undefined {
    const last = this.#last
    if (last !== undefined && sameAddress(last.sockaddr, view, at)) return last
    const known = this.#known(view, at)
    if (known !== undefined) {
      this.#last = known
      return known
    }
    const decoded = decodeSocketAddress(new Uint8Array(view.buffer, view.byteOffset + at, 28))
    if (decoded === undefined) return undefined
    this.#last = this.#remember(view, at, new UdpEndpoint(decoded))
    return this.#last
  }

  #known(view: DataView, at: number): UdpEndpoint | undefined {
    return isIPv4(view, at) ? this.#byNumber.get(numberOf(view, at)) : this.#byText.get(textOf(view, at))
  }

  #remember(view: DataView, at: number, endpoint: UdpEndpoint): UdpEndpoint {
    if (this.#byNumber.size + this.#byText.size >= MAX_ENDPOINTS) {
      this.#byNumber.clear()
      this.#byText.clear()
    }
    if (isIPv4(view, at)) this.#byNumber.set(numberOf(view, at), endpoint)
    else this.#byText.set(textOf(view, at), endpoint)
    return endpoint
  }
}

const isIPv4 = (view: DataView, at: number): boolean => view.getUint16(at, true) === AF_INET
/** Address and port in 48 bits. */
const numberOf = (view: DataView, at: number): number =>
  view.getUint32(at + 4) * 65536 + view.getUint16(at + 2)

function textOf(view: DataView, at: number): string {
  const words = [8, 12, 16, 20, 24].map((offset) => view.getUint32(at + offset).toString(36))
  return `${view.getUint16(at + 2)} ${words.join(' ')}`
}

/** Compares what identifies it: everything but IPv4's padding and IPv6's flow label. */
function sameAddress(sockaddr: Uint8Array, view: DataView, at: number): boolean {
  for (let index = 0; index < 4; index++) if (sockaddr[index] !== view.getUint8(at + index)) return false
  const [from, to] = sockaddr.length === 16 ? [4, 8] : [8, 28]
  for (let index = from; index < to; index++) if (sockaddr[index] !== view.getUint8(at + index)) return false
  return true
}

/** One UDP socket: what it receives waits here until `notify`, what it sends goes to the layer. */
import type { SocketEnd } from '../../../streams/index.ts'
import { addressesEqual, formatAddress, parseAddress } from '../../addresses/index.ts'
import type { UdpOpenOptions, UdpSocketInside } from '../stack-api.ts'
import type { Bound } from './udp-ports.ts'

export interface UdpSocketPorts {
  send(from: UdpSocket, bytes: Uint8Array, remote: Uint8Array, remotePort: number): boolean
  /** It has something for its owner; said once until `notify`. */
  ready(socket: UdpSocket): void
  /** So many bytes were handed over, or thrown away. */
  release(bytes: number): void
  closed(socket: UdpSocket): void
}

/** What keeping a datagram costs beside its bytes, so that empty ones are bounded, too. */
export const DATAGRAM_OVERHEAD_BYTES = 128
/** Errors that wait to be told. */
const MAX_ERRORS = 64
const MAX_RECIPIENTS = 64

type UdpErrorCode = Parameters<NonNullable<UdpOpenOptions['onError']>>[0]

interface Arrived {
  readonly bytes: Uint8Array
  readonly from: SocketEnd
  readonly to: SocketEnd
}

export class UdpSocket implements UdpSocketInside, Bound {
  readonly port: number
  readonly localAddress: Uint8Array | undefined
  readonly #ports: UdpSocketPorts
  readonly #options: UdpOpenOptions
  #arrived: Arrived[] = []
  #errors: { readonly code: UdpErrorCode; readonly to: SocketEnd }[] = []
  #closed = false
  #isReady = false
  /** Whoever sends one datagram sends more: the ends of the last one, as bytes and as text. */
  #lastFrom = new End()
  #lastTo = new End()
  #lastSentTo = new End()
  readonly #recipients = new Recipients()

  constructor(bound: Bound, { options, ports }: { options: UdpOpenOptions; ports: UdpSocketPorts }) {
    this.port = bound.port
    this.localAddress = bound.localAddress
    this.#options = options
    this.#ports = ports
  }

  send(bytes: Uint8Array, to: SocketEnd): boolean {
    if (this.#closed || !(to.port > 0 && to.port < 65_536)) return false
    const remote =
      this.#lastSentTo.text?.address === to.address ? this.#lastSentTo.bytes : parseAddress(to.address)
    if (remote === undefined) return false
    this.#recipients.add(this.#lastSentTo.textOf(remote, to.port))
    return this.#ports.send(this, bytes, remote, to.port)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { bytes } of this.#arrived) this.#ports.release(bytes.length + DATAGRAM_OVERHEAD_BYTES)
    this.#arrived = []
    this.#errors = []
    this.#ports.closed(this)
  }

  get hasReceiver(): boolean {
    return this.#options.onDatagram !== undefined
  }

  /** `bytes` is its own from now on. */
  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  arrive(bytes: Uint8Array, source: Uint8Array, sourcePort: number, destination: Uint8Array): void {
    const from = this.#lastFrom.textOf(source, sourcePort)
    const to = this.#lastTo.textOf(destination, this.port)
    this.#arrived.push({ bytes, from, to })
    this.#becomeReady()
  }

  /** Whether it can have sent what an ICMP error is said to be about (RFC 8085 §5.2). */
  hasSentTo(remote: Uint8Array, remotePort: number): boolean {
    return this.#recipients.has(formatAddress(remote), remotePort)
  }

  fail(code: UdpErrorCode, remote: Uint8Array, remotePort: number): void {
    if (this.#options.onError === undefined || this.#errors.length >= MAX_ERRORS) return
    this.#errors.push({ code, to: { address: formatAddress(remote), port: remotePort } })
    this.#becomeReady()
  }

  notify(): void {
    this.#isReady = false
    const [arrived, errors] = [this.#arrived, this.#errors]
    this.#arrived = []
    this.#errors = []
    for (const { code, to } of errors) if (!this.#closed) this.#options.onError?.(code, to)
    for (const { bytes, from, to } of arrived) {
      this.#ports.release(bytes.length + DATAGRAM_OVERHEAD_BYTES)
      if (!this.#closed) this.#options.onDatagram?.(bytes, from, to)
    }
  }

  #becomeReady(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#ports.ready(this)
  }
}

/** To whom it has sent lately, so many of them. */
class Recipients {
  readonly #ends: SocketEnd[] = []
  #last: SocketEnd | undefined
  #next = 0

  add(end: SocketEnd): void {
    if (end === this.#last) return
    this.#last = end
    if (this.has(end.address, end.port)) return
    this.#ends[this.#next] = end
    this.#next = (this.#next + 1) % MAX_RECIPIENTS
  }

  has(address: string, port: number): boolean {
    return this.#ends.some((end) => end.port === port && end.address === address)
  }
}

/** An address and a port as bytes and as text; the text is made anew only when they differ from the last ones. */
class End {
  bytes: Uint8Array | undefined
  text: SocketEnd | undefined

  textOf(address: Uint8Array, port: number): SocketEnd {
    if (this.bytes !== undefined && this.text?.port === port && addressesEqual(this.bytes, address))
      return this.text
    this.bytes = address.slice()
    this.text = { address: formatAddress(address), port }
    return this.text
  }
}

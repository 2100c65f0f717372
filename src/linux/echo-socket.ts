/**
 * A raw socket for echo requests and their replies (raw(7), icmp(7)). Raw IPv4 sockets hand over the IP header, raw
 * IPv6 sockets do not, and each hears every reply that comes to the machine: ours are known by their identifier.
 *
 * A whole packet goes out as large as it is or not at all, whatever the kernel has learned about the path
 * (IP_PMTUDISC_PROBE); only the link's own MTU bounds it.
 */
import type { Closeable } from './closeable.ts'
import { EventLoop } from './event-loop.ts'
import { decodeEchoReply, ECHO_HEADER_BYTES, encodeEchoRequest, IP_HEADER_BYTES } from './icmp-echo.ts'
import { check } from './kernel-error.ts'
import { encodeSocketAddress } from './socket-address.ts'
import type { Syscalls } from './syscalls.ts'
import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  MSG_DONTWAIT,
  SO_MARK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './uapi/index.ts'

const SO_BINDTODEVICE = 25
const IP_TTL = 2
const IP_MTU_DISCOVER = 10
const IPV6_UNICAST_HOPS = 16
const IPV6_MTU_DISCOVER = 23
const IPV6_DONTFRAG = 62
const PMTUDISC_PROBE = 3
const LARGEST_PACKET = 65_535

export interface EchoSocketOptions {
  readonly family: 4 | 6
  /** 16 bits. */
  readonly identifier: number
  onReply(sequence: number): void
  /** Opens it in another namespace. */
  readonly inside?: <T>(open: () => T) => T
  /** Only through this link. */
  readonly link?: string
  readonly mark?: number
  /** 1: only a neighbour, not anything behind a hop, can answer. */
  readonly hopLimit?: number
  /** Never fragmented. */
  readonly whole?: boolean
  /**
   * Only replies of this address; others then never reach the process. What routers say of one packet is then the
   * answer to sending the next (raw(7)), so not for probes of what a path carries.
   */
  readonly from?: string
  /** The process goes on for as long as this is open. */
  readonly keepAlive?: boolean
}

export interface EchoSend {
  readonly to: string
  readonly sequence: number
  /** Of the whole packet, with its IP header. */
  readonly packetBytes: number
}

export class EchoSocket {
  readonly #sys: Syscalls
  readonly #o: EchoSocketOptions
  readonly #fd: number
  readonly #watch: Closeable
  readonly #buffer = new Uint8Array(LARGEST_PACKET)

  private constructor(sys: Syscalls, o: EchoSocketOptions) {
    this.#sys = sys
    this.#o = o
    const { inside = (open) => open() } = o
    const [domain, protocol] = o.family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6]
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC
    this.#fd = check(
      inside(() => sys.socket(domain, type, protocol)),
      'open a raw ICMP socket',
    )
    try {
      this.#configure()
      const { keepAlive = false } = o
      this.#watch = new EventLoop().watch(this.#fd, 'readable', () => this.#receive(), { keepAlive })
    } catch (error) {
      sys.close(this.#fd)
      throw error
    }
  }

  /** Throws KernelError: without CAP_NET_RAW, or where the link is not there. */
  static open(sys: Syscalls, o: EchoSocketOptions): EchoSocket {
    return new EchoSocket(sys, o)
  }

  #configure(): void {
    const { family, link, mark = 0, hopLimit, whole = false, from } = this.#o
    const [level, ttl, discover] =
      family === 4 ? [SOL_IP, IP_TTL, IP_MTU_DISCOVER] : [SOL_IPV6, IPV6_UNICAST_HOPS, IPV6_MTU_DISCOVER]
    const set = (o: readonly [level: number, option: number], value: Uint8Array | number): void =>
      void check(this.#sys.setsockopt(this.#fd, ...o, value), 'set up a raw ICMP socket')
    if (link !== undefined) set([SOL_SOCKET, SO_BINDTODEVICE], new TextEncoder().encode(`${link}\0`))
    if (mark !== 0) set([SOL_SOCKET, SO_MARK], mark)
    if (hopLimit !== undefined) set([level, ttl], hopLimit)
    if (whole) set([level, discover], PMTUDISC_PROBE)
    if (whole && family === 6) set([SOL_IPV6, IPV6_DONTFRAG], 1)
    if (from !== undefined)
      check(this.#sys.connect(this.#fd, encodeSocketAddress({ address: from, port: 0 })), `reach ${from}`)
  }

  /** 0, or a negative errno: EMSGSIZE where the link is smaller. */
  send({ to, sequence, packetBytes }: EchoSend): number {
    const { family, identifier } = this.#o
    const dataBytes = Math.max(0, packetBytes - IP_HEADER_BYTES[family] - ECHO_HEADER_BYTES)
    const packet = encodeEchoRequest({ family, identifier, sequence, dataBytes })
    return Math.min(0, this.#sys.sendto(this.#fd, packet, 0, encodeSocketAddress({ address: to, port: 0 })))
  }

  #receive(): void {
    for (;;) {
      const length = this.#sys.recv(this.#fd, this.#buffer, MSG_DONTWAIT)
      if (length < 0) return
      const reply = decodeEchoReply(this.#buffer.subarray(0, length), this.#o.family)
      if (reply?.identifier === this.#o.identifier) this.#o.onReply(reply.sequence)
    }
  }

  close(): void {
    this.#watch.close()
    this.#sys.close(this.#fd)
  }
}

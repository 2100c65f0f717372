/**
 * Raw ICMP sockets that may not fragment what they send (ip(7), IP_PMTUDISC_PROBE): the size that was asked for goes
 * out whole or not at all, whatever the kernel has learned about the path.
 */
import {
  AF_INET,
  AF_INET6,
  check,
  type Closeable,
  decodeEchoReply,
  ECHO_HEADER_BYTES,
  encodeEchoRequest,
  encodeSocketAddress,
  EventLoop,
  IP_HEADER_BYTES,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  KernelError,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  type Syscalls,
} from '../../../linux/index.ts'

const MTU_DISCOVER = { 4: 10, 6: 23 } as const
const PMTUDISC_PROBE = 3
const IPV6_DONTFRAG = 62
const RECEIVE_BYTES = 65_536

export interface EchoSend {
  readonly to: string
  readonly sequence: number
  /** With the IP header. */
  readonly packetBytes: number
}

export class EchoSockets {
  readonly #sys: Syscalls
  readonly #identifier: number
  readonly #onReply: (sequence: number) => void
  readonly #sockets = new Map<4 | 6, number>()
  readonly #watches: Closeable[] = []
  readonly #buffer = new Uint8Array(RECEIVE_BYTES)

  constructor(
    sys: Syscalls,
    { identifier, onReply }: { readonly identifier: number; readonly onReply: (sequence: number) => void },
  ) {
    this.#sys = sys
    this.#identifier = identifier
    this.#onReply = onReply
  }

  /** Undefined, or why the kernel did not take it: an errno's name. */
  send({ to, sequence, packetBytes }: EchoSend): string | undefined {
    const family = to.includes(':') ? 6 : 4
    const socket = this.#socketOf(family)
    const dataBytes = Math.max(0, packetBytes - IP_HEADER_BYTES[family] - ECHO_HEADER_BYTES)
    const packet = encodeEchoRequest({ family, identifier: this.#identifier, sequence, dataBytes })
    const result = this.#sys.sendto(socket, packet, 0, encodeSocketAddress({ address: to, port: 0 }))
    return result < 0 ? new KernelError('send an echo request', result).code : undefined
  }

  #socketOf(family: 4 | 6): number {
    const known = this.#sockets.get(family)
    if (known !== undefined) return known
    const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6]
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC
    const socket = check(this.#sys.socket(domain, type, protocol), 'open a raw ICMP socket')
    this.#sockets.set(family, socket)
    this.#sys.setsockopt(socket, family === 4 ? SOL_IP : SOL_IPV6, MTU_DISCOVER[family], PMTUDISC_PROBE)
    if (family === 6) this.#sys.setsockopt(socket, SOL_IPV6, IPV6_DONTFRAG, 1)
    this.#watches.push(
      new EventLoop().watch(socket, 'readable', () => this.#receive(socket, family), { keepAlive: true }),
    )
    return socket
  }

  #receive(socket: number, family: 4 | 6): void {
    for (;;) {
      const length = this.#sys.recv(socket, this.#buffer, MSG_DONTWAIT)
      if (length < 0) return
      const reply = decodeEchoReply(this.#buffer.subarray(0, length), family)
      if (reply?.identifier === this.#identifier) this.#onReply(reply.sequence)
    }
  }

  close(): void {
    for (const watch of this.#watches) watch.close()
    for (const socket of this.#sockets.values()) this.#sys.close(socket)
  }
}

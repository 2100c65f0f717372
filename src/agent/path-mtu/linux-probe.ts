/**
 * Echo requests of given sizes through raw sockets (icmp(7), raw(7)) that never fragment and take no notice of what
 * the kernel believes about the path (IP_PMTUDISC_PROBE): only the link's own MTU bounds them.
 */
import {
  AF_INET,
  AF_INET6,
  check,
  decodeEchoReply,
  ECHO_HEADER_BYTES,
  encodeEchoRequest,
  encodeSocketAddress,
  EventLoop,
  IP_HEADER_BYTES,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  lookUpRoutes,
  MSG_DONTWAIT,
  RouteNetlink,
  SO_MARK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  withNetns,
} from '../../linux/index.ts'
import type { Syscalls } from '../../linux/index.ts'
import type { ContainerRef } from '../../model/index.ts'
import type { PathProbe, ProbeTarget } from './probe.ts'

const SO_BINDTODEVICE = 25
const IP_MTU_DISCOVER = 10
const IPV6_MTU_DISCOVER = 23
const IPV6_DONTFRAG = 62
const PMTUDISC_PROBE = 3
const LARGEST_PACKET = 65_535

export class LinuxProbe implements PathProbe {
  readonly #sys: Syscalls
  /** A descriptor of a container's namespace; undefined while it is not open. */
  readonly #namespace: (container: ContainerRef) => number | undefined
  #sequence = 0

  constructor(sys: Syscalls, namespace: (container: ContainerRef) => number | undefined) {
    this.#sys = sys
    this.#namespace = namespace
  }

  async echo(target: ProbeTarget, sizes: readonly number[], timeoutMs: number): Promise<ReadonlySet<number>> {
    const family = target.address.includes(':') ? 6 : 4
    const answered = new Set<number>()
    const fd = this.#open(target, family)
    if (fd === undefined) return answered
    const bySequence = new Map<number, number>()
    const identifier = (process.pid ^ fd) & 0xffff
    try {
      const to = encodeSocketAddress({ address: target.address, port: 0 })
      for (const size of sizes) {
        const sequence = (this.#sequence = (this.#sequence + 1) & 0xffff)
        const dataBytes = size - IP_HEADER_BYTES[family] - ECHO_HEADER_BYTES
        bySequence.set(sequence, size)
        // A refusal, such as EMSGSIZE on a link that is smaller, is an answer that does not come.
        this.#sys.sendto(fd, encodeEchoRequest({ family, identifier, sequence, dataBytes }), 0, to)
      }
      await this.#collect(fd, timeoutMs, (packet) => {
        const reply = decodeEchoReply(packet, family)
        const size = reply?.identifier === identifier ? bySequence.get(reply.sequence) : undefined
        if (size !== undefined) answered.add(size)
        return answered.size === bySequence.size
      })
      return answered
    } finally {
      this.#sys.close(fd)
    }
  }

  /** Undefined where the link or its namespace is not there. */
  #open({ through, mark = 0 }: ProbeTarget, family: 4 | 6): number | undefined {
    const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6]
    const make = (): number => this.#sys.socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)
    const fd = through?.container === undefined ? make() : this.#inside(through.container, make)
    if (fd === undefined) return undefined
    check(fd, 'open a raw ICMP socket')
    const name = new TextEncoder().encode(`${through?.name ?? ''}\0`)
    const bound = through === undefined ? 0 : this.#sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name)
    const marked = mark === 0 ? 0 : this.#sys.setsockopt(fd, SOL_SOCKET, SO_MARK, mark)
    if (bound < 0 || marked < 0) {
      this.#sys.close(fd)
      return undefined
    }
    if (family === 4) this.#sys.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE)
    else {
      this.#sys.setsockopt(fd, SOL_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE)
      this.#sys.setsockopt(fd, SOL_IPV6, IPV6_DONTFRAG, 1)
    }
    return fd
  }

  #inside<T>(container: ContainerRef, run: () => T): T | undefined {
    const namespace = this.#namespace(container)
    return namespace === undefined ? undefined : withNetns(this.#sys, namespace, run)
  }

  /** Until `take` says that it has everything, or the time is over. */
  async #collect(fd: number, timeoutMs: number, take: (packet: Uint8Array) => boolean): Promise<void> {
    const buffer = new Uint8Array(LARGEST_PACKET)
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, timeoutMs, undefined)
    const watch = new EventLoop().watch(fd, 'readable', () => {
      for (;;) {
        const length = this.#sys.recv(fd, buffer, MSG_DONTWAIT)
        if (length < 0) return
        if (take(buffer.subarray(0, length))) resolve(undefined)
      }
    })
    await promise
    clearTimeout(timer)
    watch.close()
  }

  routeMtu({ address, mark = 0 }: ProbeTarget): number | undefined {
    const [answer] = lookUpRoutes(this.#sys, [{ to: address, mark }])
    if (answer?.kind !== 'way' || answer.linkIndex === undefined) return undefined
    const routes = RouteNetlink.open(this.#sys)
    try {
      const link = routes.link(answer.linkIndex)
      return link === undefined ? answer.mtuBytes : Math.min(link.mtuBytes, answer.mtuBytes ?? link.mtuBytes)
    } finally {
      routes.close()
    }
  }
}

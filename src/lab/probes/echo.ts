/**
 * ICMP and ICMPv6 echo (RFC 792, RFC 4443 §4) from any machine of a lab, many at once, through raw sockets made
 * inside the machines' namespaces. Raw IPv4 sockets hand over the IP header, raw IPv6 sockets do not.
 */
import {
  AF_INET,
  AF_INET6,
  type Closeable,
  check,
  decodeEchoReply,
  encodeEchoRequest,
  encodeSocketAddress,
  EventLoop,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  type Syscalls,
} from '../../linux/index.ts'
import { patiently } from '../patience.ts'
import type { Machine } from '../runtime/machine.ts'

export interface EchoRequest {
  readonly from: Machine
  readonly to: string
  /** 1: only a neighbour, not anything behind a hop, can answer. */
  readonly hopLimit?: number
}

export interface EchoOptions {
  /** Unanswered requests are sent again this often … */
  readonly intervalMs?: number
  /** … until this much time has passed. */
  readonly timeoutMs: number
}

const IP_TTL = 2
const IPV6_UNICAST_HOPS = 16
const DATA_BYTES = 56

/** Milliseconds until each was answered; undefined where nobody answered. In the order of the requests. */
export async function echo(
  sys: Syscalls,
  requests: readonly EchoRequest[],
  { intervalMs = 200, timeoutMs }: EchoOptions,
): Promise<(number | undefined)[]> {
  const round = new EchoRound(sys, requests)
  try {
    const deadline = performance.now() + patiently(timeoutMs)
    do {
      round.sendUnanswered()
      await round.settled(Math.min(intervalMs, Math.max(1, deadline - performance.now())))
    } while (!round.complete && performance.now() < deadline)
    return round.results
  } finally {
    round.close()
  }
}

class EchoRound {
  readonly results: (number | undefined)[]
  readonly #sys: Syscalls
  readonly #requests: readonly EchoRequest[]
  readonly #sockets = new Map<string, number>()
  readonly #watches: Closeable[] = []
  readonly #identifier = (process.pid ^ Math.floor(performance.now())) & 0xffff
  readonly #sentAt: number[]
  readonly #buffer = new Uint8Array(2048)
  #waiting: number
  #wake: (() => void) | undefined

  constructor(sys: Syscalls, requests: readonly EchoRequest[]) {
    this.#sys = sys
    this.#requests = requests
    this.results = requests.map(() => undefined)
    this.#sentAt = requests.map(() => 0)
    this.#waiting = requests.length
  }

  get complete(): boolean {
    return this.#waiting === 0
  }

  sendUnanswered(): void {
    this.#requests.forEach((request, index) => {
      if (this.results[index] !== undefined) return
      const socket = this.#socketFor(request)
      this.#sentAt[index] = performance.now()
      // A refusal (no route, not permitted) is an answer that does not come.
      this.#sys.sendto(
        socket,
        this.#packet(request, index),
        0,
        encodeSocketAddress({ address: request.to, port: 0 }),
      )
    })
  }

  /** Until all are answered or the time is over. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.complete) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #packet(request: EchoRequest, index: number): Uint8Array {
    const family = familyOf(request.to)
    return encodeEchoRequest({
      family,
      identifier: this.#identifier,
      sequence: index,
      dataBytes: DATA_BYTES,
    })
  }

  #socketFor({ from, to, hopLimit }: EchoRequest): number {
    const family = familyOf(to)
    const key = `${from.name} ${family} ${hopLimit ?? ''}`
    const known = this.#sockets.get(key)
    if (known !== undefined) return known
    const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6]
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC
    const socket = from.inside(() =>
      check(this.#sys.socket(domain, type, protocol), 'open a raw ICMP socket'),
    )
    if (hopLimit !== undefined) {
      const [level, option] = family === 4 ? [SOL_IP, IP_TTL] : [SOL_IPV6, IPV6_UNICAST_HOPS]
      check(this.#sys.setsockopt(socket, level, option, hopLimit), 'set the hop limit')
    }
    this.#sockets.set(key, socket)
    this.#watches.push(new EventLoop().watch(socket, 'readable', () => this.#receive(socket, family)))
    return socket
  }

  #receive(socket: number, family: 4 | 6): void {
    for (;;) {
      const length = this.#sys.recv(socket, this.#buffer, MSG_DONTWAIT)
      if (length < 0) return
      const reply = decodeEchoReply(this.#buffer.subarray(0, length), family)
      if (reply?.identifier === this.#identifier) this.#answered(reply.sequence)
    }
  }

  #answered(index: number): void {
    if (index >= this.results.length || this.results[index] !== undefined) return
    this.results[index] = performance.now() - (this.#sentAt[index] ?? 0)
    this.#waiting -= 1
    if (this.complete) this.#wake?.()
  }

  close(): void {
    for (const watch of this.#watches) watch.close()
    for (const socket of this.#sockets.values()) this.#sys.close(socket)
  }
}

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

/**
 * ICMP and ICMPv6 echo (RFC 792, RFC 4443 §4) from any machine of a lab, many at once, through raw sockets made
 * inside the machines' namespaces. Raw IPv4 sockets hand over the IP header, raw IPv6 sockets do not.
 */
import { EchoSocket, type Syscalls } from '../../linux/index.ts'
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

const PACKET_BYTES = 100

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
  readonly #sockets = new Map<string, EchoSocket>()
  readonly #identifier = (process.pid ^ Math.floor(performance.now())) & 0xffff
  readonly #sentAt: number[]
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
      this.#sentAt[index] = performance.now()
      // A refusal (no route, not permitted) is an answer that does not come.
      this.#socketFor(request).send({ to: request.to, sequence: index, packetBytes: PACKET_BYTES })
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

  #socketFor({ from, to, hopLimit }: EchoRequest): EchoSocket {
    const family = familyOf(to)
    const key = `${from.name} ${family} ${hopLimit ?? ''}`
    const known = this.#sockets.get(key)
    if (known !== undefined) return known
    const socket = EchoSocket.open(this.#sys, {
      ...{ family, identifier: this.#identifier, onReply: (sequence) => this.#answered(sequence) },
      inside: (open) => from.inside(open),
      ...(hopLimit === undefined ? {} : { hopLimit }),
    })
    this.#sockets.set(key, socket)
    return socket
  }

  #answered(index: number): void {
    if (index >= this.results.length || this.results[index] !== undefined) return
    this.results[index] = performance.now() - (this.#sentAt[index] ?? 0)
    this.#waiting -= 1
    if (this.complete) this.#wake?.()
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
  }
}

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

/**
 * An Internet in memory for outer datagrams: every host has an address, and what one sends arrives at the other after
 * a delay, or not, or twice, as the test says.
 */
import { formatEndpoint } from '../../protocols/wireguard/formats/index.ts'
import { allocatePacketMemory } from '../../protocols/packet-memory/index.ts'
import type { Endpoint } from '../../protocols/wireguard/index.ts'
import type { TunnelEngine } from '../engine.ts'
import { newOuterCounters, type OuterPort, type OuterSink } from '../outer-port.ts'

const PORT = 51820
const [IN, OUT, MEMORY_BYTES] = [1024, 128 * 1024, 512 * 1024]

export interface Passing {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly datagram: Uint8Array
}

/** When it arrives, in milliseconds from now, as often as that; empty: never. */
export type Fate = (passing: Passing) => readonly number[]

export class MemoryNetwork {
  readonly #engine: TunnelEngine
  readonly #hosts = new Map<string, MemoryOuter>()
  fate: Fate = () => [1]

  constructor(engine: TunnelEngine) {
    this.#engine = engine
  }

  host(address: string, port = PORT): MemoryOuter {
    const host = new MemoryOuter(this, { address, port })
    this.#hosts.set(textOf(host.here), host)
    return host
  }

  /** Gives the host another address; what goes to the old one is lost. */
  move(host: MemoryOuter, address: string): void {
    this.#hosts.delete(textOf(host.here))
    host.here = host.endpointOf(address, host.here.port)
    this.#hosts.set(textOf(host.here), host)
  }

  send(from: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    for (const delayMs of this.fate({ from, to, datagram }))
      this.#engine.after(delayMs, () => this.#hosts.get(textOf(to))?.arrived(datagram, textOf(from)))
  }
}

export class MemoryOuter implements OuterPort {
  readonly memory = allocatePacketMemory(MEMORY_BYTES)
  readonly gso = false
  readonly counters = newOuterCounters()
  /** False: there is no room to send. */
  takes = true
  here: Endpoint
  readonly #network: MemoryNetwork
  readonly #endpoints = new Map<string, Endpoint>()
  #sink: OuterSink | undefined

  constructor(network: MemoryNetwork, here: Endpoint) {
    this.#network = network
    this.here = here
  }

  get port(): number {
    return this.here.port
  }

  start(sink: OuterSink): void {
    this.#sink = sink
  }

  place(): number {
    return this.takes ? OUT : -1
  }

  append(to: Endpoint, length: number): void {
    this.#network.send(this.here, to, this.memory.bytes.slice(OUT, OUT + length))
  }

  flush(): void {
    // Each datagram was sent when it was appended.
  }

  room(): void {
    this.takes = true
    this.#sink?.room()
  }

  arrived(datagram: Uint8Array, from: string): void {
    const endpoint = this.#endpoints.get(from)
    this.memory.bytes.set(datagram, IN)
    const [, address = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(from) ?? []
    this.#sink?.datagram(IN, datagram.length, endpoint ?? this.endpointOf(address, Number(port)))
    this.#sink?.received()
  }

  endpointOf(address: string, port: number): Endpoint {
    const endpoint = { address, port }
    const known = this.#endpoints.get(textOf(endpoint))
    if (known !== undefined) return known
    this.#endpoints.set(textOf(endpoint), endpoint)
    return endpoint
  }

  listen(): void {
    // One port is as good as another here.
  }

  close(): void {
    this.#sink = undefined
  }
}

const textOf = ({ address, port }: Endpoint): string => formatEndpoint({ host: address, port })

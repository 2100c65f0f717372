/**
 * Outer datagrams by node:dgram, for where there is no native code: one datagram at a time, copied into packet memory
 * when it arrives and sent from there.
 *
 * Node sends at once where the kernel takes it and keeps the memory's address otherwise. So what was handed over stays
 * where it is until all of it has been reported sent; then the area is used from its beginning again.
 */
import dgram from 'node:dgram'
import { isIPv4 } from 'node:net'
import { allocatePacketMemory, type PacketMemory } from '../protocols/packet-memory/index.ts'
import type { Endpoint } from '../protocols/wireguard/index.ts'
import { newOuterCounters, type OuterPort, type OuterSink } from './outer-port.ts'
import { IN, MAX_BURST_BYTES, MEMORY_BYTES, OUT, OUT_END } from './packet-layout.ts'

/** Strangers choose their addresses; forgetting all now and then costs only objects. */
const MAX_ENDPOINTS = 8192
const BUFFER_BYTES = 7 * 1024 * 1024
/** For a random port that must be free in both families. */
const ATTEMPTS = 16

interface PlainEndpoint extends Endpoint {
  readonly family: 4 | 6
}

interface Sockets {
  readonly inet: dgram.Socket | undefined
  readonly inet6: dgram.Socket | undefined
  readonly port: number
}

export interface PlainOuterOptions {
  /** 0: random. */
  readonly port: number
  /** Tells the sink at the end of a turn what came in it. */
  readonly atEndOfTurn: (run: () => void) => void
}

export class PlainOuter implements OuterPort {
  readonly memory: PacketMemory = allocatePacketMemory(MEMORY_BYTES)
  readonly gso = false
  readonly counters = newOuterCounters()
  readonly #options: PlainOuterOptions
  readonly #endpoints = new Map<string, PlainEndpoint>()
  #last: PlainEndpoint | undefined
  #sockets: Sockets
  #sink: OuterSink | undefined
  #end = OUT
  #inFlight = 0
  #isWanted = false
  #toldOfTurn = false

  /** Throws as node:dgram does: the port is taken. */
  constructor(options: PlainOuterOptions) {
    this.#options = options
    this.#sockets = this.#open(options.port)
  }

  get port(): number {
    return this.#sockets.port
  }

  start(sink: OuterSink): void {
    this.#sink = sink
  }

  place(length: number): number {
    if (this.#inFlight === 0) this.#end = OUT
    if (this.#end + length <= OUT_END) return this.#end
    this.counters.sendBlocked++
    this.#isWanted = true
    return -1
  }

  append(to: Endpoint, length: number): void {
    const { family, address, port } = to as PlainEndpoint
    const socket = family === 4 ? this.#sockets.inet : this.#sockets.inet6
    // A datagram can say that it came from port 0, and Node throws when asked to send there.
    if (socket === undefined || port === 0) {
      this.counters.sendErrors++
      return
    }
    this.#inFlight++
    socket.send(this.memory.bytes, this.#end, length, port, address, this.#onSent)
    // The cipher borrows 64 bytes before the next one and may still find them changed: keep these whole.
    this.#end += (length + 64 + 7) & ~7
  }

  flush(): void {
    // Each datagram was sent when it was appended.
  }

  endpointOf(address: string, port: number): Endpoint | undefined {
    const endpoint = this.#endpoint(address, port)
    const socket = endpoint.family === 4 ? this.#sockets.inet : this.#sockets.inet6
    return socket === undefined ? undefined : endpoint
  }

  listen(port: number): void {
    if (port !== 0 && port === this.#sockets.port) return
    const old = this.#sockets
    this.#sockets = this.#open(port)
    closeBoth(old)
  }

  close(): void {
    this.#sink = undefined
    closeBoth(this.#sockets)
    this.#sockets = { inet: undefined, inet6: undefined, port: 0 }
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.counters.sendErrors++
    if (--this.#inFlight > 0 || !this.#isWanted) return
    this.#isWanted = false
    this.#sink?.room()
  }

  readonly #endTurn = (): void => {
    this.#toldOfTurn = false
    this.#sink?.received()
  }

  #onMessage(message: Uint8Array, from: dgram.RemoteInfo): void {
    const { length } = message
    if (this.#sink === undefined || length === 0 || length > MAX_BURST_BYTES) return
    this.memory.bytes.set(message, IN)
    this.#sink.datagram(IN, length, this.#endpoint(from.address, from.port))
    if (this.#toldOfTurn) return
    this.#toldOfTurn = true
    this.#options.atEndOfTurn(this.#endTurn)
  }

  #endpoint(address: string, port: number): PlainEndpoint {
    const last = this.#last
    if (last?.address === address && last.port === port) return last
    const key = `${address} ${port}`
    let endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) {
      if (this.#endpoints.size >= MAX_ENDPOINTS) this.#endpoints.clear()
      endpoint = { address, port, family: isIPv4(address) ? 4 : 6 }
      this.#endpoints.set(key, endpoint)
    }
    this.#last = endpoint
    return endpoint
  }

  #open(wanted: number): Sockets {
    for (let attempt = 0; ; attempt++) {
      const inet = this.#openOne('udp4', wanted)
      try {
        const port = wanted || (inet?.address().port ?? 0)
        const inet6 = this.#openOne('udp6', port)
        return { inet, inet6, port: port || (inet6?.address().port ?? 0) }
      } catch (error) {
        inet?.close()
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        if (wanted !== 0 || !taken || attempt >= ATTEMPTS) throw error
      }
    }
  }

  /** Undefined where the family is off. With a lookup that answers at once, Node binds and sends at once, too. */
  #openOne(type: 'udp4' | 'udp6', port: number): dgram.Socket | undefined {
    const family = type === 'udp4' ? 4 : 6
    const socket = dgram.createSocket({
      ...{ type, ipv6Only: family === 6 },
      lookup: (host, _options, done) => done(null, host, family),
    })
    let refusal: Error | undefined
    const refused = (error: Error): void => {
      refusal = error
    }
    socket.on('error', refused)
    socket.bind({ port, address: family === 4 ? '0.0.0.0' : '::', exclusive: true })
    if (refusal !== undefined) {
      const { code } = refusal as NodeJS.ErrnoException
      if (code === 'EAFNOSUPPORT' || (family === 6 && code === 'EADDRNOTAVAIL')) return undefined
      throw refusal
    }
    socket.off('error', refused)
    socket.on('error', () => this.counters.receiveErrors++)
    enlarge(socket)
    socket.on('message', (message, from) => this.#onMessage(message, from))
    return socket
  }
}

/** As far as the system lets a plain user. */
function enlarge(socket: dgram.Socket): void {
  for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
    try {
      socket[set](BUFFER_BYTES)
    } catch {
      // Its own limit stays.
    }
  }
}

function closeBoth({ inet, inet6 }: Sockets): void {
  inet?.close()
  inet6?.close()
}

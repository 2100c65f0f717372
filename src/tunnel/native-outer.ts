/**
 * Outer datagrams by system calls: bursts arrive in one recvmsg (UDP_GRO) and leave in one sendmsg (UDP_SEGMENT). No
 * privilege is needed; buffers are as large as the system lets a plain user have.
 *
 *   epoll ─▶ recvmsg ─▶ IN │ datagram │ datagram │ … ─▶ sink        OUT │ sealed │ sealed │ … ─▶ sendmsg
 *
 * Sockets do not block: a full one stops the sending of this tunnel until a moment later, and nothing else.
 */
import { DatagramRuns, EndpointTable, UdpPorts } from '../datagrams/index.ts'
import {
  EAGAIN,
  EINTR,
  EPOLLIN,
  loadPacketCalls,
  loadSyscalls,
  O_NONBLOCK,
  type AddressedMemory,
  type Closeable,
  type Syscalls,
  UdpReceiver,
  type UdpSocket,
} from '../linux/index.ts'
import { allocatePacketMemory, type PacketMemory } from '../protocols/packet-memory/index.ts'
import type { Endpoint } from '../protocols/wireguard/index.ts'
import type { UdpEndpoint } from '../datagrams/index.ts'
import type { DescriptorWatcher } from './engine.ts'
import { newOuterCounters, type OuterPort, type OuterSink } from './outer-port.ts'
import { IN, MAX_BURST_BYTES, MEMORY_BYTES, RECEIVE_MESSAGE, SENDING } from './packet-layout.ts'

const F_SETFL = 4
/** Up to 64 KiB each. Then what arrived is acknowledged and read, and others have their turn. */
const RECEIVES_PER_TURN = 8
/** After a smaller burst there is seldom more: epoll says so if there is, which is cheaper than asking in vain. */
const LARGE_BURST_BYTES = 16 * 1024
/** Until a full buffer is tried again. A gigabit link empties it in two. */
const FULL_RETRY_MS = 1

export interface NativeOuterOptions {
  readonly reactor: DescriptorWatcher
  /** 0: random. */
  readonly port: number
  readonly after: (ms: number, run: () => void) => Closeable
}

export class NativeOuter implements OuterPort {
  readonly memory: PacketMemory & AddressedMemory
  readonly counters = newOuterCounters()
  readonly #options: NativeOuterOptions
  readonly #sys: Syscalls = loadSyscalls()
  readonly #ports: UdpPorts
  readonly #endpoints = new EndpointTable()
  readonly #runs: DatagramRuns
  readonly #receiver: UdpReceiver
  #sink: OuterSink | undefined
  #watches: Closeable[] = []
  #retry: Closeable | undefined

  /** Throws KernelError: the port is taken. */
  constructor(options: NativeOuterOptions) {
    this.#options = options
    const calls = loadPacketCalls()
    const allocated = allocatePacketMemory(MEMORY_BYTES)
    const memory = { ...allocated, address: calls.addressOf(allocated.bytes) }
    this.memory = memory
    this.#ports = new UdpPorts(this.#sys, { spares: [], sockets: { fwmark: 0, plain: false } })
    this.#receiver = new UdpReceiver(calls, memory, RECEIVE_MESSAGE)
    this.#runs = new DatagramRuns({
      ...{ sys: this.#sys, calls, memory, counters: this.counters, layout: SENDING, whenFull: 'keep' },
      socketFor: (family) => this.#ports.socketFor(family),
    })
    this.#bind(options.port)
  }

  get port(): number {
    return this.#ports.port
  }

  get gso(): boolean {
    return this.#ports.sockets.some(({ gso }) => gso)
  }

  start(sink: OuterSink): void {
    this.#sink = sink
    this.#watchSockets()
  }

  place(length: number): number {
    const at = this.#runs.place(length)
    if (at < 0) this.#retryLater()
    return at
  }

  append(to: Endpoint, length: number): void {
    this.#runs.append(to as UdpEndpoint, length)
  }

  flush(): void {
    this.#runs.flush()
    if (this.#runs.isBlocked) this.#retryLater()
  }

  endpointOf(address: string, port: number): Endpoint | undefined {
    const [host = '', zone] = address.split('%')
    const scopeId = zone === undefined || !/^\d+$/.test(zone) ? undefined : Number(zone)
    const endpoint = this.#endpoints.of(host, port, scopeId)
    return this.#ports.socketFor(endpoint.family) === undefined ? undefined : endpoint
  }

  listen(port: number): void {
    for (const watch of this.#watches.splice(0)) watch.close()
    try {
      this.#bind(port)
    } finally {
      this.#watchSockets()
    }
  }

  close(): void {
    this.#sink = undefined
    this.#retry?.close()
    for (const watch of this.#watches.splice(0)) watch.close()
    this.#ports.close()
  }

  #bind(port: number): void {
    this.#ports.listen(port)
    for (const { fd } of this.#ports.sockets) this.#sys.fcntl(fd, F_SETFL, O_NONBLOCK)
  }

  #watchSockets(): void {
    const { reactor } = this.#options
    // An error that waits is told of in any case, and taken by receiving.
    this.#watches = this.#ports.sockets.map((socket) =>
      reactor.watch(socket.fd, () => this.#receive(socket), EPOLLIN),
    )
  }

  /** What it leaves for another turn, epoll tells of again. */
  #receive(socket: UdpSocket): void {
    for (let turn = 0; turn < RECEIVES_PER_TURN; turn++) {
      const length = this.#receiver.receive(socket.fd, IN, MAX_BURST_BYTES)
      if (length >= 0) this.#deliver(length)
      // A pending error (an ICMP answer to something sent) is reported once; there may be more behind it.
      else if (length !== -EAGAIN && length !== -EINTR) this.counters.receiveErrors++
      if (length < LARGE_BURST_BYTES) break
    }
    this.#sink?.received()
  }

  #deliver(length: number): void {
    const sink = this.#sink
    const { segmentBytes, sockaddrAt, localAddressAt } = this.#receiver
    const from = this.#endpoints.at(this.memory.view, sockaddrAt)
    if (sink === undefined || from === undefined || length === 0) return
    from.answerFrom(this.memory.bytes, localAddressAt)
    const end = IN + length
    for (let at = IN; at < end; at += segmentBytes)
      sink.datagram(at, at + segmentBytes <= end ? segmentBytes : end - at, from)
  }

  #retryLater(): void {
    if (this.#retry !== undefined) return
    this.counters.sendBlocked++
    this.#retry = this.#options.after(FULL_RETRY_MS, () => {
      this.#retry = undefined
      if (this.#runs.retry()) this.#sink?.room()
      else this.#retryLater()
    })
  }
}

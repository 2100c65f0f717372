/**
 * The stack put together: ip/ finds out for whom a packet is, icmp/, udp/ and tcp/ say what they make of it, and in
 * turn they are asked for what is to be sent, so that none of them can starve the others.
 */
import { PagePool, type SocketEnd } from '../../streams/index.ts'
import { parseAddress } from '../addresses/index.ts'
import type { PacketMemory } from '../packet-memory/index.ts'
import { AnswerBudget } from './answer-budget.ts'
import { Counters } from './counters.ts'
import { IcmpLayer } from './icmp/icmp-layer.ts'
import type { Quote } from './icmp/quoted-packet.ts'
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from './ip/header.ts'
import { Identifications } from './ip/identification.ts'
import type { Inbound } from './ip/inbound.ts'
import { IpInput } from './ip/ip-input.ts'
import { PathMtus } from './ip/path-mtu.ts'
import { Reassembly } from './ip/reassembly.ts'
import type { Layer, LayerContext, QuotedPacket } from './layers.ts'
import { DEFAULT_STACK_LIMITS, DEFAULT_TCP_SETTINGS } from './limits.ts'
import { OwnAddresses } from './own-addresses.ts'
import type * as api from './stack-api.ts'
import { UdpLayer } from './udp/udp-layer.ts'

/** What the stack asks of TCP beside being a layer. */
export interface TcpPart extends Layer {
  connect(to: SocketEnd, options?: api.TcpConnectOptions): api.TcpStream
  listen(options: api.TcpListenOptions): api.StackListener
  icmpError(quoted: QuotedPacket, nowMs: number): void
  /** The link carries larger or smaller packets now. */
  mtuChanged(): void
  /** Not closed, and not in TIME-WAIT. */
  readonly connections: number
}

export class Stack implements api.TcpIpStack {
  readonly #options: api.StackOptions
  readonly #own: OwnAddresses
  readonly #paths: PathMtus
  readonly #counters = new Counters()
  readonly #answers: AnswerBudget
  readonly #reassembly: Reassembly
  readonly #input: IpInput
  readonly #icmp: IcmpLayer
  readonly #udp: UdpLayer
  readonly #tcp: TcpPart
  readonly #layers: readonly Layer[]
  /** Whose turn it is to be asked first. */
  #turn = 0
  #nowMs: number
  /** In `receive` or `advance`: whoever calls those looks for work afterwards anyhow. */
  #isDriven = false
  #isClosed = false

  constructor(options: api.StackOptions, tcp: (context: LayerContext, nowMs: number) => TcpPart) {
    const { random } = options
    this.#options = options
    this.#nowMs = options.nowMs
    this.#own = new OwnAddresses(options.addresses)
    this.#paths = new PathMtus(options.mtuBytes)
    const context = this.#context()
    const identifications = new Identifications(random)
    this.#answers = new AnswerBudget(context.limits.answersPerSecond, random)
    this.#icmp = new IcmpLayer(context, { identifications, onError: (q, nowMs) => this.#icmpError(q, nowMs) })
    this.#udp = new UdpLayer(context, {
      identifications,
      onClosedPort: (packet, nowMs) => this.#icmp.portUnreachable(packet, nowMs),
    })
    this.#tcp = tcp(context, options.nowMs)
    this.#layers = [this.#icmp, this.#udp, this.#tcp]
    this.#reassembly = new Reassembly({
      maxDatagrams: context.limits.reassemblies,
      maxBytes: context.limits.reassemblyBytes,
      onTimeout: (quote, family, nowMs) => this.#icmp.reassemblyTimeout(quote, family, nowMs),
      count: (what) => this.#counters.count(what),
    })
    this.#input = new IpInput({
      own: this.#own,
      reassembly: this.#reassembly,
      checkChecksums: context.checkChecksums,
      deliver: (packet, nowMs) => this.#deliver(packet, nowMs),
      onProblem: (packet, nowMs) =>
        this.#icmp.parameterProblem(packet, packet.problemCode, packet.problemPointer, nowMs),
    })
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  receive(memory: PacketMemory, at: number, length: number, nowMs: number): api.StackDrop | undefined {
    if (this.#isClosed) return 'no-listener'
    this.#nowMs = nowMs
    this.#counters.receivedPackets += 1
    this.#counters.receivedBytes += length
    this.#isDriven = true
    const refused = this.#input.receive(memory, at, length, nowMs)
    this.#isDriven = false
    if (refused !== undefined) this.#counters.drop(refused)
    return refused
  }

  emit(memory: PacketMemory, at: number, nowMs: number): number {
    this.#nowMs = nowMs
    const layers = this.#layers
    for (let asked = 0; asked < layers.length; asked++) {
      const turn = this.#turn
      this.#turn = turn + 1 === layers.length ? 0 : turn + 1
      const length = layers[turn]!.emit(memory, at, nowMs)
      if (length === 0) continue
      this.#counters.sentPackets += 1
      this.#counters.sentBytes += length
      return length
    }
    return 0
  }

  advance(nowMs: number): void {
    this.#nowMs = nowMs
    this.#isDriven = true
    this.#reassembly.advance(nowMs)
    for (const layer of this.#layers) layer.advance(nowMs)
    this.#isDriven = false
  }

  nextDeadline(): number | undefined {
    let next = this.#reassembly.nextDeadline()
    for (const layer of this.#layers) next = Math.min(next, layer.nextDeadline())
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  notify(): void {
    for (const layer of this.#layers) layer.notify()
  }

  connect(to: SocketEnd, options?: api.TcpConnectOptions): api.TcpStream {
    return this.#tcp.connect(to, options)
  }

  listen(options: api.TcpListenOptions): api.StackListener {
    return this.#tcp.listen(options)
  }

  openUdp(options: api.UdpOpenOptions = {}): api.UdpSocketInside {
    return this.#udp.open(options)
  }

  ping(address: string, options: api.PingOptions): void {
    this.#icmp.ping(parseAddress(address), options)
  }

  setAddresses(addresses: readonly string[]): void {
    this.#own.set(addresses)
  }

  setMtu(mtuBytes: number): void {
    this.#paths.linkMtuBytes = mtuBytes
    this.#tcp.mtuChanged()
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counters.read(), 'tcp-connections': this.#tcp.connections }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const layer of this.#layers) layer.close()
    this.#reassembly.clear()
  }

  #context(): LayerContext {
    const { limits, tcp, checkChecksums = true, random, pool, onWork } = this.#options
    const allLimits = { ...DEFAULT_STACK_LIMITS, ...limits }
    return {
      limits: allLimits,
      tcp: { ...DEFAULT_TCP_SETTINGS, ...tcp },
      pool: pool ?? new PagePool({ maxBytes: allLimits.bufferBytes }),
      checkChecksums,
      random,
      sourceFor: (remote) => this.#own.sourceFor(remote),
      isOurs: (address) => this.#own.has(address),
      pathMtu: (remote) => this.#paths.get(remote, this.#nowMs),
      lowerPathMtu: (remote, mtuBytes, nowMs) => {
        if (this.#paths.lower(remote, mtuBytes, nowMs)) this.#counters.count('path-mtu-lowered')
      },
      mayAnswer: (nowMs) => this.#answers.take(nowMs),
      work: () => {
        if (!this.#isDriven) onWork?.()
      },
      count: (what) => this.#counters.count(what),
    }
  }

  #deliver(packet: Inbound, nowMs: number): api.StackDrop | undefined {
    switch (packet.protocol) {
      case PROTOCOL_TCP:
        return this.#tcp.receive(packet, nowMs)
      case PROTOCOL_UDP:
        return this.#udp.receive(packet, nowMs)
      case PROTOCOL_ICMP:
      case PROTOCOL_ICMPV6:
        // Each family has its own.
        if ((packet.protocol === PROTOCOL_ICMP) === (packet.family === 4))
          return this.#icmp.receive(packet, nowMs)
    }
    return this.#icmp.protocolUnreachable(packet, packet.protocolAt, nowMs)
  }

  #icmpError({ protocol, packet }: Quote, nowMs: number): void {
    if (protocol === 'tcp') this.#tcp.icmpError(packet, nowMs)
    else this.#udp.icmpError(packet, nowMs)
  }
}

/**
 * ICMP (RFC 792, RFC 1122 §3.2.2) and ICMPv6 (RFC 4443): echoes answered, errors about our packets passed on, errors
 * about what others sent us written. All of it within budgets, since strangers can ask for it.
 */
import { AnswerBudget } from '../answer-budget.ts'
import { DatagramOutput } from '../ip/datagram-output.ts'
import {
  internetChecksum,
  ipHeaderBytes,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  pseudoHeaderSum,
  transportChecksum,
} from '../ip/header.ts'
import type { Identifications } from '../ip/identification.ts'
import { holdsIcmpError } from './unanswerable.ts'
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { InboundPacket, Layer, LayerContext } from '../layers.ts'
import type { PingOptions, StackDrop } from '../stack-api.ts'
import * as type from './message.ts'
import { Pings } from './pings.ts'
import { type Quote, readQuote } from './quoted-packet.ts'

/** Answers, errors and requests that wait to be sent; an echo is up to 64 KiB. */
const MAX_QUEUED_BYTES = 256 * 1024
const DEFAULT_PING_BYTES = 56
const MAX_PING_BYTES = 65_507

export interface IcmpLayerOptions {
  readonly identifications: Identifications
  /** An error about something that TCP or UDP sent from an address of ours. */
  readonly onError: (quote: Quote, nowMs: number) => void
}

export class IcmpLayer implements Layer {
  readonly #context: LayerContext
  readonly #options: IcmpLayerOptions
  readonly #output: DatagramOutput
  readonly #echoes: AnswerBudget
  readonly #pings: Pings

  constructor(context: LayerContext, options: IcmpLayerOptions) {
    this.#context = context
    this.#options = options
    this.#output = new DatagramOutput({
      maxBytes: MAX_QUEUED_BYTES,
      identifications: options.identifications,
      pathMtu: (remote) => context.pathMtu(remote),
    })
    this.#echoes = new AnswerBudget(context.limits.answersPerSecond, context.random)
    this.#pings = new Pings(context.random)
  }

  receive(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    if (packet.length < type.ICMP_HEADER_BYTES) return 'malformed'
    if (this.#context.checkChecksums && !isChecksumRight(packet)) return 'checksum'
    const kind = packet.memory.bytes[packet.at]!
    if (kind === (packet.family === 4 ? type.ECHO_REQUEST : type.V6_ECHO_REQUEST))
      return this.#echo(packet, nowMs)
    if (kind === (packet.family === 4 ? type.ECHO_REPLY : type.V6_ECHO_REPLY))
      return this.#reply(packet, nowMs)
    return this.#error(packet, nowMs)
  }

  emit(memory: PacketMemory, at: number, nowMs: number): number {
    return this.#output.emit(memory, at, nowMs)
  }

  advance(nowMs: number): void {
    this.#pings.advance(nowMs)
  }

  nextDeadline(): number {
    return this.#pings.nextDeadline()
  }

  notify(): void {
    this.#pings.notify()
  }

  close(): void {
    this.#output.clear()
    this.#pings.failAll()
    this.#pings.notify()
  }

  ping(remote: Uint8Array | undefined, options: PingOptions): void {
    const source = remote && this.#context.sourceFor(remote)
    const added = source && this.#pings.add(remote, options)
    if (added === undefined) this.#pings.failAtOnce(options)
    else {
      const length = Math.min(Math.max(options.payloadBytes ?? DEFAULT_PING_BYTES, 0), MAX_PING_BYTES)
      const payload = new Uint8Array(type.ICMP_HEADER_BYTES + length)
      payload[0] = remote!.length === 4 ? type.ECHO_REQUEST : type.V6_ECHO_REQUEST
      const view = new DataView(payload.buffer)
      view.setUint16(4, added.identifier)
      view.setUint16(6, added.sequence)
      for (let index = 0; index < length; index++) payload[type.ICMP_HEADER_BYTES + index] = index & 0xff
      const isTaken = this.#send({
        source: source!,
        destination: remote!.slice(),
        payload,
        onSent: added.onSent,
      })
      if (!isTaken) this.#pings.fail(remote!, added.identifier, added.sequence)
    }
    this.#context.work()
  }

  /** Nobody listens there (RFC 1122 §4.1.3.1, RFC 4443 §3.1). */
  portUnreachable(packet: InboundPacket, nowMs: number): StackDrop {
    const isInet = packet.family === 4
    const [kind, code] = isInet
      ? [type.DESTINATION_UNREACHABLE, type.PORT_UNREACHABLE]
      : [type.V6_DESTINATION_UNREACHABLE, type.V6_PORT_UNREACHABLE]
    return this.#complain(packet, { kind, code, word: 0 }, nowMs) ? 'no-listener' : 'rate-limit'
  }

  /** RFC 1122 §3.2.2.1; RFC 8200 §4: `pointer` at the field that named the protocol. */
  protocolUnreachable(packet: InboundPacket, pointer: number, nowMs: number): StackDrop {
    const isInet = packet.family === 4
    const said = isInet
      ? { kind: type.DESTINATION_UNREACHABLE, code: type.PROTOCOL_UNREACHABLE, word: 0 }
      : { kind: type.V6_PARAMETER_PROBLEM, code: type.V6_UNRECOGNIZED_NEXT_HEADER, word: pointer }
    return this.#complain(packet, said, nowMs) ? 'unknown-protocol' : 'rate-limit'
  }

  /** RFC 4443 §3.4. */
  // oxlint-disable-next-line eslint/max-params -- what the message holds
  parameterProblem(packet: InboundPacket, code: number, pointer: number, nowMs: number): void {
    this.#complain(packet, { kind: type.V6_PARAMETER_PROBLEM, code, word: pointer }, nowMs)
  }

  /** `quote`: the first fragment with its headers (RFC 1122 §3.3.2, RFC 8200 §4.5). */
  reassemblyTimeout(quote: Uint8Array, family: 4 | 6, nowMs: number): void {
    if (!this.#context.mayAnswer(nowMs)) return
    const kind = family === 4 ? type.TIME_EXCEEDED : type.V6_TIME_EXCEEDED
    const [sourceAt, size] = family === 4 ? [12, 4] : [8, 16]
    const destination = quote.slice(sourceAt, sourceAt + size)
    const source = quote.slice(sourceAt + size, sourceAt + 2 * size)
    const payload = errorPayload({ kind, code: type.REASSEMBLY_TIME_EXCEEDED, word: 0 }, quote)
    this.#send({ source, destination, payload })
  }

  #echo(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    if (!this.#echoes.take(nowMs)) return 'rate-limit'
    const { memory, at, length } = packet
    const payload = memory.bytes.slice(at, at + length)
    payload[0] = packet.family === 4 ? type.ECHO_REPLY : type.V6_ECHO_REPLY
    payload.fill(0, 1, 4)
    this.#context.count('icmp-echo-replies')
    const [source, destination] = [packet.destination.slice(), packet.source.slice()]
    return this.#send({ source, destination, payload }) ? undefined : 'limit'
  }

  #reply(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    const { view } = packet.memory
    const [identifier, sequence] = [view.getUint16(packet.at + 4), view.getUint16(packet.at + 6)]
    return this.#pings.answer(packet.source, identifier, sequence, nowMs) ? undefined : 'no-listener'
  }

  #error(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    const quote = readQuote(packet)
    if (quote === undefined || !this.#context.isOurs(quote.packet.local)) {
      this.#context.count('icmp-ignored')
      return undefined
    }
    this.#context.count('icmp-errors-received')
    const { kind, remote, localPort, remotePort, mtuBytes } = quote.packet
    if (quote.protocol !== 'echo') this.#options.onError(quote, nowMs)
    else if (kind === 'packet-too-big') this.#context.lowerPathMtu(remote, mtuBytes, nowMs)
    else this.#pings.fail(remote, localPort, remotePort)
    return undefined
  }

  /** False: not now, or not about such a packet. */
  #complain(packet: InboundPacket, said: Complaint, nowMs: number): boolean {
    if (holdsIcmpError(packet) || !this.#context.mayAnswer(nowMs)) return false
    const { memory, packetAt, packetLength, family } = packet
    const limit = family === 4 ? type.MAX_ERROR_BYTES : type.MAX_V6_ERROR_BYTES
    const room = limit - ipHeaderBytes(packet.source) - type.ICMP_HEADER_BYTES
    const quote = memory.bytes.subarray(packetAt, packetAt + Math.min(packetLength, room))
    this.#context.count('icmp-errors-sent')
    const [source, destination] = [packet.destination.slice(), packet.source.slice()]
    return this.#send({ source, destination, payload: errorPayload(said, quote) })
  }

  #send(what: {
    readonly source: Uint8Array
    readonly destination: Uint8Array
    readonly payload: Uint8Array
    readonly onSent?: (nowMs: number) => void
  }): boolean {
    const protocol = what.source.length === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6
    return this.#output.add({
      ...{ source: what.source, destination: what.destination, protocol, payload: what.payload },
      ...{ checksumAt: type.ICMP_CHECKSUM_AT, onSent: what.onSent },
    })
  }
}

interface Complaint {
  readonly kind: number
  readonly code: number
  /** The second half of the header: a pointer, or nothing. */
  readonly word: number
}

function errorPayload({ kind, code, word }: Complaint, quote: Uint8Array): Uint8Array {
  const payload = new Uint8Array(type.ICMP_HEADER_BYTES + quote.length)
  payload[0] = kind
  payload[1] = code
  new DataView(payload.buffer).setUint32(4, word)
  payload.set(quote, type.ICMP_HEADER_BYTES)
  return payload
}

function isChecksumRight({ memory, at, length, family, source, destination }: InboundPacket): boolean {
  if (family === 4) return internetChecksum(memory, at, length) === 0
  return transportChecksum(memory, at, length, pseudoHeaderSum(source, destination, PROTOCOL_ICMPV6)) === 0
}

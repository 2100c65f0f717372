/** UDP (RFC 768, RFC 8085; over IPv6 RFC 8200 §8.1): ports, checksums, and queues with bounds in both directions. */
import { parseAddress } from '../../addresses/index.ts'
import type { PacketMemory } from '../../packet-memory/index.ts'
import { StreamError } from '../../../streams/index.ts'
import { DatagramOutput } from '../ip/datagram-output.ts'
import { PROTOCOL_UDP, pseudoHeaderSum, transportChecksum } from '../ip/header.ts'
import type { Identifications } from '../ip/identification.ts'
import type { InboundPacket, Layer, LayerContext, QuotedPacket } from '../layers.ts'
import type { StackDrop, UdpOpenOptions, UdpSocketInside } from '../stack-api.ts'
import { UdpPorts } from './udp-ports.ts'
import { DATAGRAM_OVERHEAD_BYTES, UdpSocket, type UdpSocketPorts } from './udp-socket.ts'

const UDP_HEADER_BYTES = 8
const CHECKSUM_AT = 6
/** The length fields of IPv4 and IPv6 hold no more. */
const MAX_UDP_BYTES = 65_515
const MAX_UDP_BYTES_V6 = 65_535

export interface UdpLayerOptions {
  readonly identifications: Identifications
  /** A datagram came to a port that nobody has. */
  readonly onClosedPort: (packet: InboundPacket, nowMs: number) => StackDrop
}

export class UdpLayer implements Layer, UdpSocketPorts {
  readonly #context: LayerContext
  readonly #options: UdpLayerOptions
  readonly #output: DatagramOutput
  readonly #sockets: UdpPorts<UdpSocket>
  #ready: UdpSocket[] = []
  /** Waiting for `notify`, in all sockets. */
  #arrivedBytes = 0

  constructor(context: LayerContext, options: UdpLayerOptions) {
    this.#context = context
    this.#options = options
    this.#sockets = new UdpPorts(context.random)
    this.#output = new DatagramOutput({
      maxBytes: context.limits.udpQueueBytes,
      identifications: options.identifications,
      pathMtu: (remote) => context.pathMtu(remote),
    })
  }

  open(options: UdpOpenOptions): UdpSocketInside {
    const { localPort = 0 } = options
    const localAddress =
      options.localAddress === undefined ? undefined : this.#ownAddress(options.localAddress)
    if (!(Number.isInteger(localPort) && localPort >= 0 && localPort < 65_536))
      throw new RangeError(`not a port: ${localPort}`)
    if (localPort !== 0) this.#sockets.check({ port: localPort, localAddress })
    const port = localPort === 0 ? this.#sockets.choose(localAddress) : localPort
    const socket = new UdpSocket({ port, localAddress }, { options, ports: this })
    this.#sockets.add(socket)
    return socket
  }

  receive(packet: InboundPacket, nowMs: number): StackDrop | undefined {
    const { memory, at, source, destination } = packet
    if (packet.length < UDP_HEADER_BYTES) return 'malformed'
    const { view } = memory
    const length = view.getUint16(at + 4)
    if (length < UDP_HEADER_BYTES || length > packet.length) return 'malformed'
    const hasChecksum = view.getUint16(at + CHECKSUM_AT) !== 0
    // RFC 8200 §8.1: over IPv6 it is not optional.
    if (!hasChecksum && packet.family === 6) return 'checksum'
    if (hasChecksum && this.#context.checkChecksums) {
      const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP)
      if (transportChecksum(memory, at, length, pseudo) !== 0) return 'checksum'
    }
    const [sourcePort, port] = [view.getUint16(at), view.getUint16(at + 2)]
    const socket = this.#sockets.find(port, destination)
    if (socket === undefined) return this.#options.onClosedPort(packet, nowMs)
    if (!socket.hasReceiver) return 'no-listener'
    const cost = length - UDP_HEADER_BYTES + DATAGRAM_OVERHEAD_BYTES
    if (this.#arrivedBytes + cost > this.#context.limits.udpQueueBytes) return 'limit'
    this.#arrivedBytes += cost
    socket.arrive(memory.bytes.slice(at + UDP_HEADER_BYTES, at + length), source, sourcePort, destination)
    return undefined
  }

  icmpError({ kind, local, remote, localPort, remotePort, mtuBytes }: QuotedPacket, nowMs: number): void {
    const socket = this.#sockets.find(localPort, local)
    if (socket === undefined || !socket.hasSentTo(remote, remotePort)) return
    if (kind === 'packet-too-big') return this.#context.lowerPathMtu(remote, mtuBytes, nowMs)
    const code =
      kind === 'unreachable-port'
        ? 'ECONNREFUSED'
        : kind === 'unreachable-net'
          ? 'ENETUNREACH'
          : 'EHOSTUNREACH'
    socket.fail(code, remote, remotePort)
  }

  emit(memory: PacketMemory, at: number, nowMs: number): number {
    return this.#output.emit(memory, at, nowMs)
  }

  advance(): void {}

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY
  }

  notify(): void {
    if (this.#ready.length === 0) return
    const ready = this.#ready
    this.#ready = []
    for (const socket of ready) socket.notify()
  }

  close(): void {
    for (const socket of this.#sockets.all()) socket.close()
    this.#output.clear()
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  send(from: UdpSocket, bytes: Uint8Array, remote: Uint8Array, remotePort: number): boolean {
    const source = this.#sourceFor(from, remote)
    const length = UDP_HEADER_BYTES + bytes.length
    if (source === undefined || length > (remote.length === 4 ? MAX_UDP_BYTES : MAX_UDP_BYTES_V6))
      return false
    const payload = new Uint8Array(length)
    const view = new DataView(payload.buffer)
    view.setUint16(0, from.port)
    view.setUint16(2, remotePort)
    view.setUint16(4, length)
    payload.set(bytes, UDP_HEADER_BYTES)
    const datagram = { source, destination: remote, protocol: PROTOCOL_UDP, payload, checksumAt: CHECKSUM_AT }
    if (!this.#output.add({ ...datagram, onSent: undefined })) return false
    this.#context.work()
    return true
  }

  ready(socket: UdpSocket): void {
    this.#ready.push(socket)
  }

  release(bytes: number): void {
    this.#arrivedBytes -= bytes
  }

  closed(socket: UdpSocket): void {
    this.#sockets.remove(socket)
  }

  #sourceFor({ localAddress }: UdpSocket, remote: Uint8Array): Uint8Array | undefined {
    if (localAddress === undefined) return this.#context.sourceFor(remote)
    // Ours no longer, or of the other family.
    return localAddress.length === remote.length && this.#context.isOurs(localAddress)
      ? localAddress
      : undefined
  }

  #ownAddress(text: string): Uint8Array {
    const address = parseAddress(text)
    if (address !== undefined && this.#context.isOurs(address)) return address
    throw new StreamError({ code: 'EADDRNOTAVAIL', message: `${text} is no address of this tunnel` })
  }
}

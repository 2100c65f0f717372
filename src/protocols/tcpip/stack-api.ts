/**
 * What the stack takes and gives: IP packets and the time go in, IP packets and progress come out. No socket, no clock
 * and no randomness of its own; tunnel/ drives it over WireGuard, the tests over links in memory.
 *
 *   receive(packet) ─┐                                ┌─ emit(): the next packet to send, written where one wants it
 *   advance(now) ────┼─▶ tcp/  udp/  icmp/  ip/  ─────┼─ notify(): onProgress of every stream that has some
 *   connect, write ──┘                                └─ nextDeadline()
 */
import type { ByteStream, PagePool, SocketEnd, StreamEnds } from '../../streams/index.ts'
import type { PacketMemory } from '../packet-memory/index.ts'

export interface StackOptions {
  /** Our own addresses, without prefix length. */
  readonly addresses: readonly string[]
  readonly mtuBytes: number
  /** That many unpredictable bytes. */
  readonly random: (length: number) => Uint8Array
  readonly nowMs: number
  readonly limits?: Partial<StackLimits>
  readonly tcp?: Partial<TcpSettings>
  /** Shared with others; otherwise one of its own with `limits.bufferBytes`. */
  readonly pool?: PagePool
  /** Checksums of what arrives are checked, unless something below has authenticated every byte (an AEAD). */
  readonly checkChecksums?: boolean
  /** Something is to be emitted, or `notify` has something to say, although nobody called `receive` or `advance`. */
  readonly onWork?: () => void
}

export interface StackLimits {
  /** Bytes waiting in all connections, both directions. */
  readonly bufferBytes: number
  /** Of one connection and direction; the receive window never exceeds it. */
  readonly connectionBufferBytes: number
  readonly connections: number
  /** In SYN-RECEIVED, of all listeners; beyond it, the oldest gives way. */
  readonly halfOpen: number
  /** In TIME-WAIT; beyond it, the oldest ends early. */
  readonly timeWait: number
  /** Datagrams being put together, and the bytes of their fragments. */
  readonly reassemblies: number
  readonly reassemblyBytes: number
  /** Answers to strangers (RST, ICMP) per second. */
  readonly answersPerSecond: number
  readonly udpQueueBytes: number
}

export interface TcpSettings {
  readonly congestionControl: 'cubic' | 'newreno'
  /** Nagle off. */
  readonly noDelay: boolean
  /** Idle time before the first probe; 0: none. */
  readonly keepaliveIdleMs: number
  readonly keepaliveIntervalMs: number
  readonly keepaliveProbes: number
  /** RFC 9293 §3.8.3 R2 as a time: how long unacknowledged data, or a closed window, is borne. */
  readonly userTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly timeWaitMs: number
  readonly delayedAckMs: number
  readonly sack: boolean
  readonly timestamps: boolean
  readonly windowScaling: boolean
}

export interface TcpIpStack {
  /** Why a packet was not taken; undefined: it was. The bytes are only borrowed. */
  receive(memory: PacketMemory, at: number, length: number, nowMs: number): StackDrop | undefined
  /** Writes the next packet to send at memory.bytes[at…], at most mtuBytes. Its length; 0: nothing to send now. */
  emit(memory: PacketMemory, at: number, nowMs: number): number
  advance(nowMs: number): void
  /** When `advance` should be called at the latest; undefined: nothing waits. */
  nextDeadline(): number | undefined
  /** Calls what is to be told; once per turn, after `receive` and `advance`. */
  notify(): void

  connect(to: SocketEnd, options?: TcpConnectOptions): TcpStream
  /** Throws StreamError EADDRINUSE or EADDRNOTAVAIL. */
  listen(options: TcpListenOptions): StackListener
  openUdp(options?: UdpOpenOptions): UdpSocketInside
  /** One echo request; `onReply` with the round trip, or undefined after the time. */
  ping(address: string, options: PingOptions): void

  setAddresses(addresses: readonly string[]): void
  setMtu(mtuBytes: number): void
  readonly counters: Readonly<Record<string, number>>
  /** Ends everything at once; streams fail with ECONNABORTED. */
  close(): void
}

export interface TcpConnectOptions {
  /** Default: one of our addresses of that family, a random free port. */
  readonly localAddress?: string
  readonly localPort?: number
  readonly settings?: Partial<TcpSettings>
}

export interface TcpListenOptions {
  /** Default: all of ours. */
  readonly address?: string
  /** 0: a random free one. */
  readonly port: number
  /** Complete connections that wait for `onConnection`; a listener without one yet refuses beyond it. */
  readonly backlog?: number
  readonly onConnection: (stream: TcpStream) => void
  readonly settings?: Partial<TcpSettings>
}

export interface StackListener {
  readonly port: number
  close(): void
}

export interface TcpStream extends ByteStream, StreamEnds {
  info(): TcpInfo
  set(settings: Partial<Pick<TcpSettings, 'noDelay' | 'keepaliveIdleMs' | 'userTimeoutMs'>>): void
}

export interface TcpInfo {
  readonly tcpState: string
  readonly smoothedRttMs: number | undefined
  readonly retransmissionTimeoutMs: number
  readonly congestionWindowBytes: number
  readonly slowStartThresholdBytes: number
  readonly sendWindowBytes: number
  readonly receiveWindowBytes: number
  readonly maximumSegmentBytes: number
  readonly retransmittedSegments: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

export interface UdpOpenOptions {
  readonly localAddress?: string
  /** Default: a random free one. */
  readonly localPort?: number
  /** Called from `notify`; the bytes are the receiver's own. */
  readonly onDatagram?: (bytes: Uint8Array, from: SocketEnd, to: SocketEnd) => void
  /** An ICMP error about something that this socket sent. */
  readonly onError?: (code: 'ECONNREFUSED' | 'EHOSTUNREACH' | 'ENETUNREACH', to: SocketEnd) => void
}

export interface UdpSocketInside {
  readonly port: number
  /** False: no room or no address of that family. Larger than the MTU: sent in fragments. */
  send(bytes: Uint8Array, to: SocketEnd): boolean
  close(): void
}

export interface PingOptions {
  readonly timeoutMs: number
  readonly payloadBytes?: number
  readonly onReply: (roundTripMs: number | undefined) => void
}

/** Counted, never thrown: what strangers send is data. */
export type StackDrop =
  | 'malformed'
  | 'checksum'
  | 'not-for-us'
  | 'bad-source'
  | 'unknown-protocol'
  | 'no-listener'
  | 'fragment-limit'
  | 'rate-limit'
  | 'limit'
  | 'out-of-window'

/**
 * Between ip/ and what stands on it: the stack finds out for whom a packet is, a layer says what it makes of it, and
 * every layer is asked in turn what it wants to send. Addresses are 4 or 16 bytes in network order.
 */
import type { PagePool } from '../../streams/index.ts'
import type { PacketMemory } from '../packet-memory/index.ts'
import type { StackDrop, StackLimits, TcpSettings } from './stack-api.ts'

/** One object that the stack fills anew for every packet: nobody keeps it. */
export interface InboundPacket {
  readonly memory: PacketMemory
  /** Of the payload of the IP packet: the header of TCP, UDP or ICMP. */
  readonly at: number
  readonly length: number
  readonly family: 4 | 6
  /** Valid until the next packet. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  /** RFC 3168 §5: 3 is congestion experienced. */
  readonly ecn: 0 | 1 | 2 | 3
  /** The whole IP packet, for quoting it in an ICMP error. */
  readonly packetAt: number
  readonly packetLength: number
}

export interface Layer {
  receive(packet: InboundPacket, nowMs: number): StackDrop | undefined
  /** Writes one whole IP packet at memory.bytes[at…]. Its length; 0: nothing now. */
  emit(memory: PacketMemory, at: number, nowMs: number): number
  advance(nowMs: number): void
  /** Infinity: nothing waits. */
  nextDeadline(): number
  notify(): void
  close(): void
}

/** An ICMP error about a packet of ours (RFC 792, RFC 4443), for the layer that sent it. */
export interface QuotedPacket {
  readonly kind: 'unreachable-port' | 'unreachable-host' | 'unreachable-net' | 'prohibited' | 'packet-too-big'
  readonly local: Uint8Array
  readonly remote: Uint8Array
  readonly localPort: number
  readonly remotePort: number
  /** TCP: the sequence number quoted (RFC 5927 §4.1 checks it). */
  readonly sequence: number
  /** Of packet-too-big; 0 when the router did not say (RFC 1191 §4). */
  readonly mtuBytes: number
}

/** What the layers share. */
export interface LayerContext {
  readonly limits: StackLimits
  readonly tcp: TcpSettings
  readonly pool: PagePool
  readonly checkChecksums: boolean
  readonly random: (length: number) => Uint8Array
  /** Our own address for talking to `remote`; undefined: none of that family. */
  sourceFor(remote: Uint8Array): Uint8Array | undefined
  isOurs(address: Uint8Array): boolean
  /** Of the path to `remote`, the link's at most. */
  pathMtu(remote: Uint8Array): number
  /** A router, or a black hole, says so. Never under 576 (IPv4: 68 by RFC 791, but see RFC 1191 §3) or 1280. */
  lowerPathMtu(remote: Uint8Array, mtuBytes: number, nowMs: number): void
  /** Strangers make us answer only so often. */
  mayAnswer(nowMs: number): boolean
  /** Something wants to be emitted or notified. */
  work(): void
  count(what: string): void
}

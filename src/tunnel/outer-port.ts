/**
 * The port for the outer datagrams of a tunnel: what carries them, and the packet memory that they arrive in and leave
 * from. native-outer.ts (UDP with GSO and GRO by system calls), plain-outer.ts (node:dgram) and, in tests,
 * memory-network.ts.
 *
 *   arriving:  port ── datagram(at, length, from) ─▶ sink, any number; then received() once
 *   leaving:   place(room) ─▶ the datagram is written there ─▶ append(to, length), any number; then flush() once
 */
import { StreamError } from '../streams/index.ts'
import type { PacketMemory } from '../protocols/packet-memory/index.ts'
import type { Endpoint } from '../protocols/wireguard/index.ts'

export interface OuterPort {
  readonly memory: PacketMemory
  /** The UDP port of this machine. */
  readonly port: number
  /** Several datagrams leave in one system call. */
  readonly gso: boolean
  readonly counters: OuterCounters
  start(sink: OuterSink): void
  /**
   * Where the next datagram of up to `length` bytes may be written, with 64 bytes before it that the cipher may borrow.
   * Negative: there is no room for now, and `room()` will be called.
   */
  place(length: number): number
  /** The datagram of `length` bytes that was just written at the place given. */
  append(to: Endpoint, length: number): void
  flush(): void
  /** The object for that address; undefined: this machine has no sockets of its family. */
  endpointOf(address: string, port: number): Endpoint | undefined
  /** Throws when the port is taken; the old one stays then. */
  listen(port: number): void
  close(): void
}

export interface OuterSink {
  datagram(at: number, length: number, from: Endpoint): void
  received(): void
  room(): void
}

export type OuterCounters = {
  /** Datagrams that the kernel would not send. */
  sendErrors: number
  /** Bursts that had to go one by one. */
  refusedBursts: number
  /** Errors reported on receiving: mostly ICMP answers to something sent. */
  receiveErrors: number
  /** Times when nothing could be sent because the socket's buffer was full. */
  sendBlocked: number
}

export const newOuterCounters = (): OuterCounters => ({
  sendErrors: 0,
  refusedBursts: 0,
  receiveErrors: 0,
  sendBlocked: 0,
})

/** Binds, and says that a port is taken in one way, whichever sockets they are. */
export function saying<T>(port: number, bind: () => T): T {
  try {
    return bind()
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'EADDRINUSE') throw error
    const taken = new StreamError({ code, message: `UDP port ${port} of this machine is taken` })
    taken.cause = error
    throw taken
  }
}

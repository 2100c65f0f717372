/**
 * Packets that wait for a session: copies with room around them for header, padding and tag. Bounded; when it
 * is full the oldest goes, because its sender has had the most time to try again.
 */
import { SEALED_OVERHEAD } from './session.ts'
import { TRANSPORT_HEADER_LENGTH } from './messages.ts'

export const MAX_STAGED_PACKETS = 128

export interface StagedPacket {
  /** The packet is at TRANSPORT_HEADER_LENGTH; zeros follow it. */
  readonly buffer: Uint8Array
  readonly length: number
}

export class StagedPackets {
  #packets: StagedPacket[] = []

  get length(): number {
    return this.#packets.length
  }

  /** Copies the packet; false when an older one had to go for it. */
  add(source: Uint8Array, offset: number, length: number): boolean {
    const buffer = new Uint8Array(length + 15 + SEALED_OVERHEAD)
    buffer.set(source.subarray(offset, offset + length), TRANSPORT_HEADER_LENGTH)
    const full = this.#packets.length >= MAX_STAGED_PACKETS
    if (full) this.#packets.shift()
    this.#packets.push({ buffer, length })
    return !full
  }

  take(): readonly StagedPacket[] {
    const packets = this.#packets
    this.#packets = []
    return packets
  }
}

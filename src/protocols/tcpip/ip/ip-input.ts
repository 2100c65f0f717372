/**
 * From bytes to a payload that is for us: fixed header, addresses, options, extension headers, fragments. What is
 * not for us, or from nobody, is dropped before anything is remembered or answered.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import type { OwnAddresses } from '../own-addresses.ts'
import type { StackDrop } from '../stack-api.ts'
import { IPV4_HEADER_BYTES } from './header.ts'
import { Inbound } from './inbound.ts'
import { areOptionsFine, walkExtensionHeaders } from './options.ts'
import type { Reassembly } from './reassembly.ts'
import { isBadSource } from './source-check.ts'

export interface IpInputOptions {
  readonly own: OwnAddresses
  readonly reassembly: Reassembly
  readonly checkChecksums: boolean
  /** `packet.protocol` says for which layer. */
  readonly deliver: (packet: Inbound, nowMs: number) => StackDrop | undefined
  /** RFC 4443 §3.4, with `problemCode` and `problemPointer`. */
  readonly onProblem: (packet: Inbound, nowMs: number) => void
}

export class IpInput {
  readonly #options: IpInputOptions
  #packet: Inbound | undefined

  constructor(options: IpInputOptions) {
    this.#options = options
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  receive(memory: PacketMemory, at: number, length: number, nowMs: number): StackDrop | undefined {
    this.#packet ??= new Inbound(memory)
    const packet = this.#packet
    const { own, checkChecksums } = this.#options
    const refused = packet.read(memory, at, length, checkChecksums)
    if (refused !== undefined) return refused
    if (!own.has(packet.destination)) return 'not-for-us'
    if (isBadSource(packet.source) || own.has(packet.source)) return 'bad-source'
    return this.#walk(packet, false, nowMs)
  }

  #walk(packet: Inbound, reassembled: boolean, nowMs: number): StackDrop | undefined {
    if (packet.family === 4) {
      const headerBytes = packet.at - packet.packetAt
      if (headerBytes > IPV4_HEADER_BYTES && !areOptionsFine(packet, headerBytes)) return 'malformed'
      return packet.isFragment ? this.#addFragment(packet, nowMs) : this.#options.deliver(packet, nowMs)
    }
    switch (walkExtensionHeaders(packet, reassembled)) {
      case 'payload':
        return this.#options.deliver(packet, nowMs)
      case 'fragment':
        return this.#addFragment(packet, nowMs)
      case 'problem':
        this.#options.onProblem(packet, nowMs)
        return 'malformed'
      case 'drop':
        return 'malformed'
    }
  }

  #addFragment(packet: Inbound, nowMs: number): StackDrop | undefined {
    const { reassembly } = this.#options
    const outcome = reassembly.add(packet, nowMs)
    if (typeof outcome !== 'number') return outcome
    const refused = packet.read(reassembly.memory, 0, outcome, false)
    return refused ?? this.#walk(packet, true, nowMs)
  }
}

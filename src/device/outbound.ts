/**
 * TUN → UDP: reads frames, cuts them, finds the peer, seals in place and sends in runs.
 *
 *   TUN ─ read ─► FRAME ─ segmenter, into OUT ─► seal ─► run ─ sendmsg ─► peer
 */
import { EAGAIN, EINTR, type PacketCalls, type Tun, VNET_HEADER_BYTES } from '../linux/index.ts'
import {
  type Output,
  SEAL_HEADROOM,
  SEAL_TAILROOM,
  type WireGuardDevice,
} from '../protocols/wireguard/index.ts'
import type { Counters } from './counters.ts'
import type { DatagramRuns } from '../datagrams/index.ts'
import type { UdpEndpoint } from '../datagrams/index.ts'
import { FRAME, FRAME_BYTES } from './packet-layout.ts'
import type { PacketMemory } from '../protocols/packet-memory/index.ts'
import { Segmenter } from './segmentation.ts'

/** Reads in one go before timers and the other direction get their turn. */
const READS_PER_TURN = 64

export interface OutboundOptions {
  readonly wireguard: WireGuardDevice
  readonly memory: PacketMemory & { readonly address: number }
  readonly calls: PacketCalls
  readonly tun: Tun
  readonly runs: DatagramRuns
  readonly counters: Counters
}

export class Outbound {
  readonly #options: OutboundOptions
  readonly #segmenter: Segmenter
  /** Without vnet headers, frames are read behind an empty one. */
  readonly #headerBytes: number

  constructor(options: OutboundOptions) {
    this.#options = options
    this.#segmenter = new Segmenter(options.memory)
    this.#headerBytes = options.tun.vnetHeader ? 0 : VNET_HEADER_BYTES
    options.memory.bytes.fill(0, FRAME, FRAME + VNET_HEADER_BYTES)
  }

  /** Until nothing is left, or the turn is over. False: the link is gone. */
  drain(nowMs: number): boolean {
    const { calls, memory, tun, runs } = this.#options
    for (let turn = 0; turn < READS_PER_TURN; turn++) {
      const length = calls.read(tun.fd, memory.address + FRAME + this.#headerBytes, FRAME_BYTES)
      if (length < 0) {
        if (length === -EINTR) continue
        runs.flush()
        return length === -EAGAIN
      }
      this.#send(this.#headerBytes + length, nowMs)
    }
    runs.flush()
    return true
  }

  /** Datagrams that the state machine made itself. */
  sendOutputs(outputs: readonly Output[]): void {
    const { memory, runs } = this.#options
    for (const { datagram, to } of outputs) {
      memory.bytes.set(datagram, runs.place(datagram.length))
      runs.append(to as UdpEndpoint, datagram.length)
    }
    runs.flush()
  }

  #send(length: number, nowMs: number): void {
    const { wireguard, memory, runs, counters } = this.#options
    const segmenter = this.#segmenter
    if (!segmenter.begin(FRAME, length)) {
      counters.malformedFrames++
      return
    }
    const peer = wireguard.peerFor(memory.bytes, FRAME + VNET_HEADER_BYTES)
    if (peer === undefined) {
      counters.unroutable++
      return
    }
    const room = SEAL_HEADROOM + segmenter.longest + SEAL_TAILROOM
    for (;;) {
      const at = runs.place(room)
      const packet = segmenter.next(at + SEAL_HEADROOM)
      if (packet === 0) return
      const datagram = wireguard.seal(peer, memory.bytes, at + SEAL_HEADROOM, packet, nowMs)
      // The peer may roam while we seal only in the sense of an earlier turn; its endpoint is there if it sealed.
      if (datagram > 0 && peer.endpoint !== undefined) runs.append(peer.endpoint as UdpEndpoint, datagram)
    }
  }
}

/**
 * UDP → TUN: receives bursts, opens each datagram in place, merges neighbours and writes frames.
 *
 *   peer ─ recvmsg ─► IN │ datagram │ datagram │ … ─ open in place ─► coalescer ─ writev ─► TUN
 */
import {
  EAGAIN,
  EINTR,
  type PacketCalls,
  setAddress,
  type Tun,
  UdpReceiver,
  type UdpSocket,
} from '../linux/index.ts'
import type { WireGuardDevice } from '../protocols/wireguard/index.ts'
import { Coalescer, type Frame } from './coalesce.ts'
import type { Counters } from './counters.ts'
import type { EndpointTable } from '../datagrams/index.ts'
import { IN, IN_END, MAX_BURST_BYTES, RECEIVE_MESSAGE, VECTORS } from './packet-layout.ts'
import type { PacketMemory } from '../protocols/packet-memory/index.ts'

const RECEIVES_PER_TURN = 64
/** A burst of this size is delivered at once; smaller ones wait for their neighbours of the same turn. */
const BURST_BYTES = 16 * 1024
const IOVEC_BYTES = 16

export interface InboundOptions {
  readonly wireguard: WireGuardDevice
  readonly memory: PacketMemory & { readonly address: number }
  readonly calls: PacketCalls
  readonly tun: Tun
  readonly endpoints: EndpointTable
  readonly counters: Counters
}

export class Inbound {
  readonly #options: InboundOptions
  readonly #receiver: UdpReceiver
  readonly #coalescer: Coalescer | undefined
  #pendingFrom = IN

  constructor(options: InboundOptions) {
    this.#options = options
    const { memory, tun } = options
    this.#receiver = new UdpReceiver(options.calls, memory, RECEIVE_MESSAGE)
    if (tun.vnetHeader) {
      const onFrame = (frame: Frame) => this.#writeFrame(frame)
      this.#coalescer = new Coalescer({ memory, onFrame, mergeUdp: tun.offload === 'uso' })
    }
  }

  /** Until nothing is left, or the turn is over. False: the socket reported an error on the way. */
  drain(socket: UdpSocket, nowMs: number): boolean {
    let isSound = true
    for (let turn = 0; turn < RECEIVES_PER_TURN; turn++) {
      const length = this.#receiver.receive(socket.fd, this.#pendingFrom, MAX_BURST_BYTES)
      if (length < 0) {
        if (length === -EAGAIN) break
        // Pending socket errors (an ICMP answer to something sent) are reported once; go on after them.
        if (length !== -EINTR) {
          this.#options.counters.receiveErrors++
          isSound = false
        }
        continue
      }
      this.#open(this.#pendingFrom, length, nowMs)
      this.#pendingFrom += (length + 63) & ~63
      if (length >= BURST_BYTES || this.#pendingFrom + MAX_BURST_BYTES > IN_END) this.#deliver()
    }
    this.#deliver()
    return isSound
  }

  #deliver(): void {
    this.#coalescer?.flush()
    this.#pendingFrom = IN
  }

  #open(start: number, length: number, nowMs: number): void {
    const { wireguard, memory, endpoints } = this.#options
    const receiver = this.#receiver
    const from = endpoints.at(memory.view, receiver.sockaddrAt)
    if (from === undefined) return
    from.answerFrom(memory.bytes, receiver.localAddressAt)
    const size = receiver.segmentBytes
    const end = start + length
    for (let at = start; at < end; at += size) {
      const datagram = at + size <= end ? size : end - at
      const received = wireguard.receive(memory.bytes, at, datagram, from, nowMs)
      if (received.kind === 'packet') this.#take(received.offset, received.length)
    }
  }

  #take(at: number, length: number): void {
    if (this.#coalescer !== undefined) {
      this.#coalescer.add(at, length)
      return
    }
    const { calls, tun, memory, counters } = this.#options
    if (calls.write(tun.fd, memory.address + at, length) < 0) counters.deliverErrors++
  }

  #writeFrame({ starts, lengths, count }: Frame): void {
    const { calls, tun, memory, counters } = this.#options
    const { view, address } = memory
    let result: number
    if (count === 1) {
      result = calls.write(tun.fd, address + (starts[0] ?? 0), lengths[0] ?? 0)
    } else {
      for (let index = 0; index < count; index++) {
        const vector = VECTORS + index * IOVEC_BYTES
        setAddress(view, vector, address + (starts[index] ?? 0))
        view.setUint32(vector + 8, lengths[index] ?? 0, true)
      }
      result = calls.writev(tun.fd, address + VECTORS, count)
    }
    if (result < 0) counters.deliverErrors++
  }
}

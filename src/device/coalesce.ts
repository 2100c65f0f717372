/**
 * Merges received packets into super packets with a vnet header, so that one write to the TUN delivers up to 64 KiB
 * (the kernel calls this GRO). Nothing is copied: a frame is a list of places in packet memory, to be written with
 * one writev.
 *
 *   memory: … │16: once the transport header│ IP │ TCP │ payload │ … │ IP │ TCP │ payload │ …
 *   frame:          └ vnet header ┴─────── part 0 ──────┘                        └ part 1 ─┘
 *
 * Packets of one flow keep their order. `flush` ends everything that is open, before the memory is used again.
 */
import {
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_GSO_NONE,
  VIRTIO_NET_HDR_GSO_TCPV4,
  VIRTIO_NET_HDR_GSO_TCPV6,
  VIRTIO_NET_HDR_GSO_UDP_L4,
  VNET_CSUM_OFFSET,
  VNET_CSUM_START,
  VNET_GSO_SIZE,
  VNET_GSO_TYPE,
  VNET_HEADER_BYTES,
  VNET_HEADER_LENGTH,
} from '../linux/index.ts'
import * as ip from './internet-headers.ts'
import { foldSum, type PacketMemory } from '../protocols/packet-memory/index.ts'
import * as match from './segment-match.ts'

/** Places in packet memory, to be written one after the other. The vnet header is the start of the first. */
export interface Frame {
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly count: number
}

export interface CoalescerOptions {
  readonly memory: PacketMemory
  /** Called for every frame; it must be written before this returns. */
  readonly onFrame: (frame: Frame) => void
  /** The kernel takes merged UDP (TUN_F_USO4 and TUN_F_USO6). */
  readonly mergeUdp: boolean
}

const MAX_PARTS = 128
const MAX_PACKET_BYTES = 65535
/** Flows that are open at once; beyond that all are ended. */
const MAX_FLOWS = 8

export class Coalescer {
  readonly #memory: PacketMemory
  readonly #onFrame: (frame: Frame) => void
  readonly #mergeUdp: boolean
  readonly #flows: readonly Flow[]
  #open = 0
  readonly #shape = match.emptyShape()

  constructor(options: CoalescerOptions) {
    this.#memory = options.memory
    this.#onFrame = options.onFrame
    this.#mergeUdp = options.mergeUdp
    this.#flows = Array.from({ length: MAX_FLOWS }, () => new Flow(options.memory))
  }

  /** A packet at memory[at, at + length); the ten bytes before it are free for us. */
  add(at: number, length: number): void {
    const shape = this.#shape
    const kind = match.classify(this.#memory.view, at, length, shape)
    if (kind === 'foreign' || (shape.protocol === ip.PROTOCOL_UDP && !this.#mergeUdp)) {
      this.#emitSingle(at, length)
      return
    }
    const flow = this.#find(at)
    if (flow !== undefined) {
      if (kind === 'mergeable' && flow.append(at, shape)) return
      this.#end(flow)
    }
    if (kind === 'alone') {
      this.#emitSingle(at, length)
      return
    }
    if (this.#open === MAX_FLOWS) this.flush()
    this.#flows[this.#open]?.start(at, length, shape)
    this.#open++
  }

  /** Ends every open flow, in the order of their first packets. */
  flush(): void {
    const open = this.#open
    this.#open = 0
    for (let index = 0; index < open; index++) {
      const flow = this.#flows[index]
      if (flow?.isOpen) this.#onFrame(flow.finish())
    }
  }

  #find(at: number): Flow | undefined {
    for (let index = this.#open - 1; index >= 0; index--) {
      const flow = this.#flows[index]
      if (flow?.isOpen && flow.owns(at, this.#shape)) return flow
    }
    return undefined
  }

  #end(flow: Flow): void {
    this.#onFrame(flow.finish())
  }

  #emitSingle(at: number, length: number): void {
    this.#onFrame(this.#single.set(this.#memory.view, at, length))
  }

  readonly #single = new SingleFrame()
}

/** A vnet header that asks for nothing, before a packet as it came. */
class SingleFrame implements Frame {
  readonly starts = new Int32Array(1)
  readonly lengths = new Int32Array(1)
  readonly count = 1

  set(view: DataView, at: number, length: number): this {
    clearVnetHeader(view, at - VNET_HEADER_BYTES)
    this.starts[0] = at - VNET_HEADER_BYTES
    this.lengths[0] = length + VNET_HEADER_BYTES
    return this
  }
}

/** The packets of one flow that will become one. */
class Flow implements Frame {
  readonly starts = new Int32Array(MAX_PARTS)
  readonly lengths = new Int32Array(MAX_PARTS)
  count = 0
  readonly #memory: PacketMemory
  readonly #shape = match.emptyShape()
  /** The first packet: its headers become those of all. */
  #first = 0
  #total = 0
  /** Every payload but the last has this length. */
  #size = 0
  #nextSequence = 0
  #pushed = false
  /** Something shorter or with PSH came: nothing may follow. */
  #closed = false
  #verified = false

  constructor(memory: PacketMemory) {
    this.#memory = memory
  }

  get isOpen(): boolean {
    return this.count > 0
  }

  start(at: number, length: number, shape: match.Shape): void {
    const { view } = this.#memory
    this.#shape.version = shape.version
    this.#shape.protocol = shape.protocol
    this.#shape.ipLength = shape.ipLength
    this.#shape.headersLength = shape.headersLength
    this.#shape.payloadLength = shape.payloadLength
    this.#first = at
    this.#total = length
    this.#size = shape.payloadLength
    this.#verified = false
    this.#pushed = false
    this.#closed = false
    if (shape.protocol === ip.PROTOCOL_TCP) {
      const tcp = at + shape.ipLength
      this.#nextSequence = (view.getUint32(tcp + ip.TCP_SEQUENCE) + shape.payloadLength) >>> 0
      this.#closed = (view.getUint8(tcp + ip.TCP_FLAGS) & ip.TCP_PSH) !== 0
    }
    this.starts[0] = at - VNET_HEADER_BYTES
    this.lengths[0] = length + VNET_HEADER_BYTES
    this.count = 1
  }

  owns(at: number, shape: match.Shape): boolean {
    const own = this.#shape
    if (own.version !== shape.version || own.protocol !== shape.protocol) return false
    return match.sameFlow(this.#memory.view, own, this.#first, at)
  }

  /** False: it does not fit here, and nothing has changed. */
  append(at: number, shape: match.Shape): boolean {
    if (!this.#fits(at, shape)) return false
    if (!this.#verified) {
      if (!match.checksumsHold(this.#memory, this.#shape, this.#first)) return false
      this.#verified = true
    }
    if (!match.checksumsHold(this.#memory, shape, at)) return false
    this.#total += shape.payloadLength
    this.#closed = shape.payloadLength < this.#size
    if (shape.protocol === ip.PROTOCOL_TCP) {
      const flags = this.#memory.view.getUint8(at + shape.ipLength + ip.TCP_FLAGS)
      this.#nextSequence = (this.#nextSequence + shape.payloadLength) >>> 0
      this.#pushed = (flags & ip.TCP_PSH) !== 0
      this.#closed ||= this.#pushed
    }
    this.starts[this.count] = at + shape.headersLength
    this.lengths[this.count] = shape.payloadLength
    this.count++
    return true
  }

  #fits(at: number, shape: match.Shape): boolean {
    const { view } = this.#memory
    const { ipLength, headersLength } = this.#shape
    if (this.#closed || this.count === MAX_PARTS || shape.payloadLength > this.#size) return false
    if (shape.headersLength !== headersLength) return false
    if (this.#total + shape.payloadLength > MAX_PACKET_BYTES) return false
    if (!match.sameIp(view, this.#first, at, this.count)) return false
    if (shape.protocol === ip.PROTOCOL_UDP) return true
    const tcp = at + ipLength
    if (view.getUint32(tcp + ip.TCP_SEQUENCE) !== this.#nextSequence) return false
    return match.sameTcp(view, this.#first + ipLength, tcp, headersLength - ipLength)
  }

  /** Writes the vnet header and corrects the first packet's headers for the whole. */
  finish(): Frame {
    if (this.count === 1) clearVnetHeader(this.#memory.view, this.#first - VNET_HEADER_BYTES)
    else this.#merge()
    this.#frame.count = this.count
    this.count = 0
    return this.#frame
  }

  /** What `finish` hands out: the same places, with a count that outlives the flow. */
  readonly #frame = { starts: this.starts, lengths: this.lengths, count: 0 }

  #merge(): void {
    const { view } = this.#memory
    const { version, protocol, ipLength, headersLength } = this.#shape
    const at = this.#first
    const transport = this.#total - ipLength
    const isTcp = protocol === ip.PROTOCOL_TCP
    const field = isTcp ? ip.TCP_CHECKSUM : ip.UDP_CHECKSUM
    if (version === 4) {
      view.setUint16(at + ip.IPV4_TOTAL_LENGTH, this.#total)
      view.setUint16(at + ip.IPV4_CHECKSUM, 0)
      view.setUint16(at + ip.IPV4_CHECKSUM, ~foldSum(this.#memory.sum(at, ipLength)), true)
    } else {
      view.setUint16(at + ip.IPV6_PAYLOAD_LENGTH, transport)
    }
    if (isTcp) {
      const flags = at + ipLength + ip.TCP_FLAGS
      if (this.#pushed) view.setUint8(flags, view.getUint8(flags) | ip.TCP_PSH)
    } else {
      view.setUint16(at + ipLength + ip.UDP_LENGTH, transport)
    }
    const partial = foldSum(match.pseudoSum(this.#memory, this.#shape, at, transport))
    view.setUint16(at + ipLength + field, partial, true)
    const header = at - VNET_HEADER_BYTES
    const tcpType = version === 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6
    view.setUint8(header, VIRTIO_NET_HDR_F_NEEDS_CSUM)
    view.setUint8(header + VNET_GSO_TYPE, isTcp ? tcpType : VIRTIO_NET_HDR_GSO_UDP_L4)
    view.setUint16(header + VNET_HEADER_LENGTH, headersLength, true)
    view.setUint16(header + VNET_GSO_SIZE, this.#size, true)
    view.setUint16(header + VNET_CSUM_START, ipLength, true)
    view.setUint16(header + VNET_CSUM_OFFSET, field, true)
  }
}

function clearVnetHeader(view: DataView, at: number): void {
  view.setUint8(at, 0)
  view.setUint8(at + VNET_GSO_TYPE, VIRTIO_NET_HDR_GSO_NONE)
  view.setUint32(at + VNET_HEADER_LENGTH, 0)
  view.setUint32(at + VNET_CSUM_START, 0)
}

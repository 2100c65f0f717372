/**
 * `struct msghdr` for datagrams in bursts, laid out once in memory whose address is known and then only touched where
 * a message differs (recvmsg(2), cmsg(3), udp(7), ip(7); 64-bit, little-endian):
 *
 *   0 msghdr 56   56 iovec 16   72 sockaddr 28 (+4)   104 control 64 (sending) or 128 (receiving)
 *
 * Control when sending: UDP_SEGMENT (u16), then the local address to send from. When receiving: UDP_GRO (int), the
 * size of each datagram but the last, and the local address it came to.
 */
import type { PacketCalls } from './packet-calls.ts'
import { IP_PKTINFO, IPV6_PKTINFO, UDP_GRO, UDP_SEGMENT } from './udp.ts'
import { IPPROTO_UDP, MSG_DONTWAIT, SOL_IP, SOL_IPV6 } from './uapi/index.ts'

const IOVEC = 56
const NAME = 72
const CONTROL = 104
const RECEIVE_CONTROL_BYTES = 128
const NAME_BYTES = 28
/** `struct cmsghdr`: length u64, level int, type int. */
const CMSG_BYTES = 16
const SEGMENT_SPACE = 24
export const UDP_MESSAGE_BYTES = CONTROL + RECEIVE_CONTROL_BYTES

/** Memory with a known address; `bytes` and `view` begin there. */
export interface AddressedMemory {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly address: number
}

/** Where a datagram goes, and from which local address. */
export interface UdpDestination {
  /** struct sockaddr_in or sockaddr_in6. */
  readonly sockaddr: Uint8Array
  /** 4 or 16 bytes; undefined: as routes say. */
  readonly localAddress: Uint8Array | undefined
}

export class UdpSender {
  readonly #calls: PacketCalls
  readonly #memory: AddressedMemory
  readonly #at: number
  #destination: UdpDestination | undefined
  #localAddress: Uint8Array | undefined
  /** Where the control for the local address begins and how long it is; 0 when there is none. */
  #infoSpace = 0

  /** Uses UDP_MESSAGE_BYTES of the memory from `at`, a multiple of 8. */
  constructor(calls: PacketCalls, memory: AddressedMemory, at: number) {
    this.#calls = calls
    this.#memory = memory
    this.#at = at
    memory.bytes.fill(0, at, at + UDP_MESSAGE_BYTES)
    setAddress(memory.view, at, memory.address + at + NAME)
    setAddress(memory.view, at + 16, memory.address + at + IOVEC)
    memory.view.setUint32(at + 24, 1, true)
    const control = at + CONTROL
    setCmsg(memory.view, control, { length: CMSG_BYTES + 2, level: IPPROTO_UDP, type: UDP_SEGMENT })
  }

  /** memory[from, from + length) as datagrams of `segmentBytes` each, the last maybe shorter; 0: as one. */
  // oxlint-disable-next-line eslint/max-params -- once per burst: an options object would be garbage
  send(fd: number, to: UdpDestination, from: number, length: number, segmentBytes: number): number {
    const { view, address } = this.#memory
    const at = this.#at
    if (to !== this.#destination || to.localAddress !== this.#localAddress) this.#setDestination(to)
    setAddress(view, at + IOVEC, address + from)
    view.setUint32(at + IOVEC + 8, length, true)
    // The control is [segment size][local address]; without the first it begins at the second.
    const skipped = segmentBytes === 0 ? SEGMENT_SPACE : 0
    if (skipped === 0) view.setUint16(at + CONTROL + CMSG_BYTES, segmentBytes, true)
    setAddress(view, at + 32, address + at + CONTROL + skipped)
    view.setUint32(at + 40, SEGMENT_SPACE - skipped + this.#infoSpace, true)
    return this.#calls.sendmsg(fd, address + at, 0)
  }

  #setDestination(to: UdpDestination): void {
    const { bytes, view } = this.#memory
    this.#destination = to
    this.#localAddress = to.localAddress
    bytes.set(to.sockaddr, this.#at + NAME)
    view.setUint32(this.#at + 8, to.sockaddr.length, true)
    this.#infoSpace = 0
    if (to.localAddress === undefined) return
    const info = this.#at + CONTROL + SEGMENT_SPACE
    const isIPv4 = to.localAddress.length === 4
    // struct in_pktinfo: index int, spec_dst 4, addr 4. struct in6_pktinfo: addr 16, index u32. Index 0: any link.
    const length = CMSG_BYTES + (isIPv4 ? 12 : 20)
    setCmsg(view, info, {
      length,
      level: isIPv4 ? SOL_IP : SOL_IPV6,
      type: isIPv4 ? IP_PKTINFO : IPV6_PKTINFO,
    })
    bytes.fill(0, info + CMSG_BYTES, info + 40)
    bytes.set(to.localAddress, info + CMSG_BYTES + (isIPv4 ? 4 : 0))
    this.#infoSpace = (length + 7) & ~7
  }
}

export class UdpReceiver {
  /** Size of each datagram of the last burst but its last; the whole when it came alone. */
  segmentBytes = 0
  /** The local address the last burst came to, in memory; 0 when the kernel did not say. */
  localAddressAt = 0
  /** The source's sockaddr in memory. */
  readonly sockaddrAt: number
  readonly #calls: PacketCalls
  readonly #memory: AddressedMemory
  readonly #at: number

  constructor(calls: PacketCalls, memory: AddressedMemory, at: number) {
    this.#calls = calls
    this.#memory = memory
    this.#at = at
    this.sockaddrAt = at + NAME
    memory.bytes.fill(0, at, at + UDP_MESSAGE_BYTES)
    setAddress(memory.view, at, memory.address + at + NAME)
    setAddress(memory.view, at + 16, memory.address + at + IOVEC)
    memory.view.setUint32(at + 24, 1, true)
    setAddress(memory.view, at + 32, memory.address + at + CONTROL)
  }

  /** Into memory[to, to + capacity), without waiting. */
  receive(fd: number, to: number, capacity: number): number {
    const { view, address } = this.#memory
    const at = this.#at
    setAddress(view, at + IOVEC, address + to)
    view.setUint32(at + IOVEC + 8, capacity, true)
    view.setUint32(at + 8, NAME_BYTES, true)
    view.setUint32(at + 40, RECEIVE_CONTROL_BYTES, true)
    const length = this.#calls.recvmsg(fd, address + at, MSG_DONTWAIT)
    if (length > 0) this.#readControl(length)
    return length
  }

  #readControl(length: number): void {
    const { view } = this.#memory
    this.segmentBytes = length
    this.localAddressAt = 0
    const end = this.#at + CONTROL + view.getUint32(this.#at + 40, true)
    for (let at = this.#at + CONTROL; at + CMSG_BYTES <= end; ) {
      const size = view.getUint32(at, true)
      const level = view.getInt32(at + 8, true)
      const type = view.getInt32(at + 12, true)
      if (size < CMSG_BYTES || at + size > end) return
      if (level === IPPROTO_UDP && type === UDP_GRO) {
        const segment = view.getInt32(at + CMSG_BYTES, true)
        if (segment > 0) this.segmentBytes = segment
      } else if (level === SOL_IP && type === IP_PKTINFO) {
        this.localAddressAt = at + CMSG_BYTES + 4
      } else if (level === SOL_IPV6 && type === IPV6_PKTINFO) {
        this.localAddressAt = at + CMSG_BYTES
      }
      at += (size + 7) & ~7
    }
  }
}

function setCmsg(view: DataView, at: number, header: { length: number; level: number; type: number }): void {
  view.setUint32(at, header.length, true)
  view.setUint32(at + 4, 0, true)
  view.setInt32(at + 8, header.level, true)
  view.setInt32(at + 12, header.type, true)
}

/** A pointer: below 2^53, see native-memory.ts. */
export function setAddress(view: DataView, at: number, address: number): void {
  view.setUint32(at, address, true)
  view.setUint32(at + 4, address / 0x1_0000_0000, true)
}

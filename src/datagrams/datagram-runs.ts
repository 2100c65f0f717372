/**
 * Sealed datagrams on their way out, back to back in memory. A run is what one sendmsg with UDP_SEGMENT can carry: one
 * destination, all of one size except a shorter last.
 *
 *   │ 1452 │ 1452 │ 1452 │ 1452 │ 96 │ … free …        one system call, and one traversal of the stack
 */
import {
  EAGAIN,
  EADDRNOTAVAIL,
  EINVAL,
  type AddressedMemory,
  type PacketCalls,
  type Syscalls,
  UdpSender,
  type UdpSocket,
} from '../linux/index.ts'
import type { UdpEndpoint } from './endpoints.ts'

/** UDP_MAX_SEGMENTS: 64 until 6.9. */
const MAX_SEGMENTS = 64
/** The payload of the largest IPv4 datagram. */
const MAX_RUN_BYTES = 65507
const EIO = 5
const EMSGSIZE = 90
const ENETUNREACH = 101
const POLLOUT = 4
/** How long to wait for room in a socket's buffer before a burst is given up. */
const ROOM_TIMEOUT_MS = 50

/** What could not be sent. */
export interface SendCounters {
  /** Datagrams that the kernel would not send. */
  sendErrors: number
  /** Bursts that had to go one by one: no GSO towards that destination. */
  refusedBursts: number
}

export interface DatagramRunsOptions {
  readonly sys: Syscalls
  readonly calls: PacketCalls
  readonly memory: AddressedMemory
  readonly counters: SendCounters
  /** Where in memory: the message header (UDP_MESSAGE_BYTES), and the datagrams from `from` up to `end`. */
  readonly layout: { readonly message: number; readonly from: number; readonly end: number }
  /** The socket to reach that family; it changes with the listen port. */
  readonly socketFor: (family: 4 | 6) => UdpSocket | undefined
}

export class DatagramRuns {
  readonly #options: DatagramRunsOptions
  readonly #sender: UdpSender
  #to: UdpEndpoint | undefined
  #start: number
  #end: number
  #size = 0
  #count = 0
  /** A shorter one ended it. */
  #closed = false
  /** The kernel refuses bursts altogether: a device without checksum offload answers EIO. */
  #refused = false

  constructor(options: DatagramRunsOptions) {
    this.#options = options
    this.#sender = new UdpSender(options.calls, options.memory, options.layout.message)
    this.#start = options.layout.from
    this.#end = options.layout.from
  }

  /** Where the next datagram of up to `length` bytes may be written. Sends what is there if that makes room. */
  place(length: number): number {
    const full = this.#count === MAX_SEGMENTS || this.#end - this.#start + this.#size > MAX_RUN_BYTES
    if (this.#count > 0 && (full || this.#closed)) this.flush()
    if (this.#end + length > this.#options.layout.end) this.flush()
    if (this.#count === 0) this.#end = this.#options.layout.from
    return this.#end
  }

  /** The datagram of `length` bytes that was just written at the place given. */
  append(to: UdpEndpoint, length: number): void {
    const at = this.#end
    if (this.#count > 0 && !this.#continues(to, length)) this.flush()
    if (this.#count === 0) {
      this.#to = to
      this.#start = at
      this.#size = length
    }
    this.#closed = length < this.#size
    this.#count++
    this.#end = at + length
  }

  flush(): void {
    const count = this.#count
    const to = this.#to
    this.#count = 0
    this.#closed = false
    if (count === 0 || to === undefined) return
    const socket = this.#options.socketFor(to.family)
    if (socket === undefined) this.#options.counters.sendErrors++
    else if (!this.#send(socket.fd, to, this.#start, this.#end - this.#start))
      this.#sendOneByOne(socket.fd, to)
  }

  get count(): number {
    return this.#count
  }

  #continues(to: UdpEndpoint, length: number): boolean {
    if (to !== this.#to || this.#closed || length > this.#size || this.#count === MAX_SEGMENTS) return false
    if (this.#refused || this.#size >= to.burstLimit || this.#end + length - this.#start > MAX_RUN_BYTES)
      return false
    return this.#options.socketFor(to.family)?.gso === true
  }

  /** False: this burst does not work, but its datagrams may. */
  #send(fd: number, to: UdpEndpoint, from: number, length: number): boolean {
    const burst = length > this.#size ? this.#size : 0
    let result = this.#sender.send(fd, to, from, length, burst)
    if (result === -EAGAIN && this.#waitForRoom(fd)) result = this.#sender.send(fd, to, from, length, burst)
    if (to.localAddress !== undefined && isWrongLocalAddress(result)) {
      // The address went away, or the route now leaves through a link that may not use it.
      to.localAddress = undefined
      result = this.#sender.send(fd, to, from, length, burst)
    }
    if (result >= 0) return true
    if (burst > 0 && (result === -EIO || result === -EINVAL || result === -EMSGSIZE)) {
      this.#options.counters.refusedBursts++
      if (result === -EIO) this.#refused = true
      else to.burstLimit = this.#size
      return false
    }
    this.#options.counters.sendErrors++
    return true
  }

  #sendOneByOne(fd: number, to: UdpEndpoint): void {
    for (let at = this.#start; at < this.#end; at += this.#size) {
      this.#send(fd, to, at, Math.min(this.#size, this.#end - at))
    }
  }

  #waitForRoom(fd: number): boolean {
    const request = new Uint8Array(8)
    const view = new DataView(request.buffer)
    view.setInt32(0, fd, true)
    view.setInt16(4, POLLOUT, true)
    return this.#options.sys.poll(request, ROOM_TIMEOUT_MS) > 0
  }
}

const isWrongLocalAddress = (result: number): boolean =>
  result === -EINVAL || result === -ENETUNREACH || result === -EADDRNOTAVAIL

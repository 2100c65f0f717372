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
  /**
   * When a socket's buffer is full. `wait` (default): for a moment, then give the burst up. `keep`: nothing can be
   * placed until `retry` has sent it.
   */
  readonly whenFull?: 'wait' | 'keep'
}

type SendResult =
  | 'done'
  /** This burst does not work, but its datagrams may. */
  | 'refused'
  /** Full; nothing was sent. */
  | 'full'

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
  #blocked = false
  /** What was appended when the run before it did not go: it begins at that one's end. */
  #nextTo: UdpEndpoint | undefined
  #nextLength = 0

  constructor(options: DatagramRunsOptions) {
    this.#options = options
    this.#sender = new UdpSender(options.calls, options.memory, options.layout.message)
    this.#start = options.layout.from
    this.#end = options.layout.from
  }

  /**
   * Where the next datagram of up to `length` bytes may be written. Sends what is there if that makes room. Negative:
   * not before `retry` is true.
   */
  place(length: number): number {
    const full = this.#count === MAX_SEGMENTS || this.#end - this.#start + this.#size > MAX_RUN_BYTES
    if (this.#count > 0 && (full || this.#closed)) this.flush()
    if (this.#end + length > this.#options.layout.end) this.flush()
    if (this.#blocked) return -1
    if (this.#count === 0) this.#end = this.#options.layout.from
    return this.#end
  }

  /** The datagram of `length` bytes that was just written at the place given. */
  append(to: UdpEndpoint, length: number): void {
    if (this.#count > 0 && !this.#continues(to, length)) this.flush()
    if (this.#blocked) {
      this.#nextTo = to
      this.#nextLength = length
      return
    }
    if (this.#count === 0) this.#begin(to, length)
    else this.#count++
    this.#closed = length < this.#size
    this.#end += length
  }

  flush(): void {
    const to = this.#to
    if (this.#blocked || this.#count === 0 || to === undefined) return
    const socket = this.#options.socketFor(to.family)
    if (socket === undefined) this.#options.counters.sendErrors++
    else this.#sendRun(socket.fd, to)
    if (this.#blocked) return
    this.#count = 0
    this.#closed = false
  }

  /** Once there may be room again. True: everything kept was sent. */
  retry(): boolean {
    this.#blocked = false
    this.flush()
    const to = this.#nextTo
    if (this.#blocked || to === undefined) return !this.#blocked
    this.#nextTo = undefined
    this.#begin(to, this.#nextLength)
    this.#end += this.#nextLength
    this.flush()
    return !this.#blocked
  }

  /** Something was kept, see `whenFull`. */
  get isBlocked(): boolean {
    return this.#blocked
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

  #begin(to: UdpEndpoint, length: number): void {
    this.#to = to
    this.#start = this.#end
    this.#size = length
    this.#count = 1
  }

  #sendRun(fd: number, to: UdpEndpoint): void {
    const length = this.#end - this.#start
    const result = this.#send(fd, to, this.#start, length)
    if (result === 'full') this.#blocked = true
    if (result === 'refused') this.#sendOneByOne(fd, to)
  }

  #send(fd: number, to: UdpEndpoint, from: number, length: number): SendResult {
    const { whenFull, counters } = this.#options
    const burst = length > this.#size ? this.#size : 0
    let result = this.#sender.send(fd, to, from, length, burst)
    if (result === -EAGAIN) {
      if (whenFull === 'keep') return 'full'
      if (this.#waitForRoom(fd)) result = this.#sender.send(fd, to, from, length, burst)
    }
    if (to.localAddress !== undefined && isWrongLocalAddress(result)) {
      // The address went away, or the route now leaves through a link that may not use it.
      to.localAddress = undefined
      result = this.#sender.send(fd, to, from, length, burst)
    }
    if (result >= 0) return 'done'
    if (burst > 0 && (result === -EIO || result === -EINVAL || result === -EMSGSIZE)) {
      counters.refusedBursts++
      if (result === -EIO) this.#refused = true
      else to.burstLimit = this.#size
      return 'refused'
    }
    counters.sendErrors++
    return 'done'
  }

  #sendOneByOne(fd: number, to: UdpEndpoint): void {
    for (let at = this.#start; at < this.#end; at += this.#size) {
      if (this.#send(fd, to, at, Math.min(this.#size, this.#end - at)) !== 'full') continue
      this.#blocked = true
      this.#start = at
      return
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

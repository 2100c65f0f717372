/**
 * One netlink socket: requests with their acknowledgement, many requests in few sends, dumps, and multicast.
 *
 * The kernel handles a request inside send(2), so its answer waits in the receive queue when send returns; a
 * receive that finds nothing means the answer was lost (ENOBUFS), not that it is late. RTNL may hold the send
 * itself for seconds while a namespace is torn down, which is why nothing here has a short timeout.
 *
 *   execute      one request, one acknowledgement
 *   executeAll   100 messages per send; each has its own outcome
 *   transact     all in one send, as nfnetlink's batches must be
 *   dump         repeated while the kernel says the table changed under it (NLM_F_DUMP_INTR)
 *   receive      what multicast brought; `overrun` when some of it was lost
 */
import { check, KernelError } from '../kernel-error.ts'
import type { Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'
import { attributePath, decodeAcknowledgement, type Acknowledgement } from './acknowledgement.ts'
import { type NetlinkMessage, splitMessages } from './message.ts'
import { MessageWriter } from './message-writer.ts'
import { type Outcome, PendingRequests } from './pending-requests.ts'

export interface NetlinkRequest {
  readonly type: number
  /** NLM_F_REQUEST is added; NLM_F_ACK too, unless `unacknowledged`. */
  readonly flags?: number
  /** For the error's text: `add route 10.8.2.0/24 via wg0`. */
  readonly what: string
  /** Bytes before the attributes, and the names' prefix of these: `IFLA_`. */
  readonly header: { readonly bytes: number; readonly prefix: string }
  readonly body: (writer: MessageWriter) => void
  readonly unacknowledged?: boolean
}

export interface NetlinkSocketOptions {
  /** Multicast groups to join. */
  readonly groups?: readonly number[]
  readonly receiveBufferBytes?: number
}

const MESSAGES_PER_SEND = 100
/** Well under the default send buffer of 212,992 bytes. */
const BYTES_PER_SEND = 96 * 1024
/** Dumps come in pieces of at most 32 KiB; a single message may be larger. */
const RECEIVE_BYTES = 256 * 1024
const LOST_ANSWER_TIMEOUT_MS = 1000
const DUMP_ATTEMPTS = 20

export class NetlinkSocket {
  readonly fd: number
  readonly #sys: Syscalls
  readonly #buffer = new Uint8Array(RECEIVE_BYTES)
  readonly #writer = new MessageWriter(16 * 1024)
  #sequence = 1
  #open = true

  private constructor(sys: Syscalls, fd: number) {
    this.#sys = sys
    this.fd = fd
  }

  static open(sys: Syscalls, protocol: number, options: NetlinkSocketOptions = {}): NetlinkSocket {
    const fd = check(
      sys.socket(uapi.AF_NETLINK, uapi.SOCK_RAW | uapi.SOCK_CLOEXEC | uapi.SOCK_NONBLOCK, protocol),
      `open a netlink socket for protocol ${protocol}`,
    )
    const socket = new NetlinkSocket(sys, fd)
    try {
      socket.#prepare(options)
    } catch (error) {
      socket.close()
      throw error
    }
    return socket
  }

  #prepare({ groups = [], receiveBufferBytes = 1 << 20 }: NetlinkSocketOptions): void {
    const sys = this.#sys
    const set = (name: number, value: number) => sys.setsockopt(this.fd, uapi.SOL_NETLINK, name, value)
    // Best effort, all of these: older kernels lack some, and none is needed for correctness.
    set(uapi.NETLINK_CAP_ACK, 1)
    set(uapi.NETLINK_EXT_ACK, 1)
    set(uapi.NETLINK_GET_STRICT_CHK, 1)
    if (sys.setsockopt(this.fd, uapi.SOL_SOCKET, uapi.SO_RCVBUFFORCE, receiveBufferBytes) < 0) {
      sys.setsockopt(this.fd, uapi.SOL_SOCKET, uapi.SO_RCVBUF, receiveBufferBytes)
    }
    const address = new Uint8Array(12)
    address[0] = uapi.AF_NETLINK
    check(sys.bind(this.fd, address), 'bind a netlink socket')
    for (const group of groups) {
      check(set(uapi.NETLINK_ADD_MEMBERSHIP, group), `join netlink group ${group}`)
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#sys.close(this.fd)
  }

  /** Sends one request; throws what the kernel refuses. */
  execute(request: NetlinkRequest): void {
    const [failure] = this.transact([request])
    if (failure) throw failure
  }

  /** Sends one request and decodes the answer that comes before the acknowledgement. */
  query<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T | undefined): T | undefined {
    let answer: T | undefined
    const [failure] = this.#exchange([request], (message) => {
      answer ??= decode(message)
    })
    if (failure) throw failure
    return answer
  }

  /** Each request's outcome, in order. A failure does not stop the others. */
  executeAll(requests: readonly NetlinkRequest[]): Outcome[] {
    const outcomes: Outcome[] = []
    for (let at = 0; at < requests.length; at += MESSAGES_PER_SEND) {
      outcomes.push(...this.#exchange(requests.slice(at, at + MESSAGES_PER_SEND), ignore))
    }
    return outcomes
  }

  /** All requests in one send. */
  transact(requests: readonly NetlinkRequest[]): Outcome[] {
    return this.#exchange(requests, ignore, Number.POSITIVE_INFINITY)
  }

  dump<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T | undefined): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const items: T[] = []
      if (this.#dumpOnce(request, (message) => collect(items, decode(message)))) return items
    }
    throw new KernelError(request.what, uapi.EINTR, { text: 'the table kept changing while it was read' })
  }

  /** Hands over what multicast brought so far. `overrun`: some was lost, and only a dump tells what. */
  receive(onMessage: (message: NetlinkMessage) => void): 'drained' | 'overrun' {
    let outcome: 'drained' | 'overrun' = 'drained'
    for (;;) {
      const length = this.#sys.recv(this.fd, this.#buffer, uapi.MSG_DONTWAIT | uapi.MSG_TRUNC)
      if (length === -uapi.EAGAIN) return outcome
      if (length === -uapi.EINTR) continue
      if (length === -uapi.ENOBUFS || length > this.#buffer.length) outcome = 'overrun'
      else for (const message of this.#split(check(length, 'receive netlink events'))) onMessage(message)
    }
  }

  #exchange(
    requests: readonly NetlinkRequest[],
    onAnswer: (message: NetlinkMessage) => void,
    bytesPerSend = BYTES_PER_SEND,
  ): Outcome[] {
    const pending = new PendingRequests(requests.length)
    this.#writer.reset()
    let first = 0
    requests.forEach((request, index) => {
      this.#encode(request, pending)
      if (this.#writer.length < bytesPerSend && index < requests.length - 1) return
      this.#send(requests[first]?.what ?? request.what)
      this.#await(pending, requests, onAnswer)
      this.#writer.reset()
      pending.nextSend()
      first = index + 1
    })
    return pending.outcomes
  }

  #encode(request: NetlinkRequest, pending: PendingRequests): void {
    const sequence = this.#nextSequence()
    const start = this.#writer.length
    const flags = (request.flags ?? 0) | uapi.NLM_F_REQUEST | (request.unacknowledged ? 0 : uapi.NLM_F_ACK)
    this.#writer.message({ type: request.type, flags, sequence }, request.body)
    pending.add(sequence, start, request.unacknowledged ?? false)
  }

  #nextSequence(): number {
    this.#sequence = this.#sequence >= 0xffffffff ? 1 : this.#sequence + 1
    return this.#sequence
  }

  #send(what: string): void {
    for (;;) {
      const sent = this.#sys.send(this.fd, this.#writer.bytes, 0)
      if (sent === -uapi.EINTR) continue
      check(sent, what)
      return
    }
  }

  #await(
    pending: PendingRequests,
    requests: readonly NetlinkRequest[],
    onAnswer: (message: NetlinkMessage) => void,
  ): void {
    while (pending.waiting > 0) {
      const length = this.#receiveAnswer(pending.failed)
      if (length === 0) return pending.giveUp(requests)
      for (const message of this.#split(length)) {
        const index = pending.indexOf(message.sequence)
        const request = index === undefined ? undefined : requests[index]
        if (index === undefined || request === undefined) continue
        const answer = isVerdict(message) ? decodeAcknowledgement(message) : undefined
        if (answer === undefined) onAnswer(message)
        else
          pending.settle(
            index,
            answer.errno === 0 ? undefined : this.#failure(request, answer, pending.startOf(index)),
          )
      }
    }
  }

  /** Bytes received; 0 when the answer was lost. */
  #receiveAnswer(somethingFailed: boolean): number {
    for (;;) {
      const length = this.#sys.recv(this.fd, this.#buffer, uapi.MSG_DONTWAIT | uapi.MSG_TRUNC)
      if (length === -uapi.EINTR || length === -uapi.ENOBUFS) continue
      if (length === -uapi.EAGAIN) {
        // An aborted nfnetlink batch answers only the requests that failed.
        if (somethingFailed || !this.#waitReadable()) return 0
        continue
      }
      if (length > this.#buffer.length)
        throw new KernelError('receive a netlink answer', uapi.EMSGSIZE, { text: `${length} bytes` })
      return check(length, 'receive a netlink answer')
    }
  }

  #waitReadable(): boolean {
    const fds = new Uint8Array(8)
    new DataView(fds.buffer).setInt32(0, this.fd, true)
    fds[4] = uapi.POLLIN
    return check(this.#sys.poll(fds, LOST_ANSWER_TIMEOUT_MS), 'wait for a netlink answer') > 0
  }

  #failure(request: NetlinkRequest, answer: Acknowledgement, start: number): KernelError {
    const { errno, text, attributeOffset, missingType } = answer
    const path =
      attributeOffset === undefined
        ? undefined
        : attributePath(this.#writer.bytes.subarray(start), request.header.bytes, attributeOffset)
    const attribute =
      missingType !== undefined
        ? `missing ${attributeName(request, [...(path ?? []), missingType])}`
        : path && attributeName(request, path)
    return new KernelError(request.what, errno, { text, attribute })
  }

  /** False when the kernel said the table changed: the items are to be thrown away. */
  #dumpOnce(request: NetlinkRequest, onMessage: (message: NetlinkMessage) => void): boolean {
    const sequence = this.#nextSequence()
    const flags = (request.flags ?? 0) | uapi.NLM_F_REQUEST | uapi.NLM_F_DUMP
    this.#writer.reset()
    this.#writer.message({ type: request.type, flags, sequence }, request.body)
    this.#send(request.what)
    let consistent = true
    for (;;) {
      const length = this.#receiveAnswer(false)
      if (length === 0) throw new KernelError(request.what, uapi.ENOBUFS, { text: 'the answer was lost' })
      for (const message of this.#split(length)) {
        if (message.sequence !== sequence) continue
        if (message.flags & uapi.NLM_F_DUMP_INTR) consistent = false
        if (!isVerdict(message)) {
          onMessage(message)
          continue
        }
        const answer = decodeAcknowledgement(message)
        if (answer && answer.errno !== 0) throw this.#failure(request, answer, 0)
        return consistent
      }
    }
  }

  #split(length: number): Iterable<NetlinkMessage> {
    return splitMessages(this.#buffer.subarray(0, length))
  }
}

const ignore = (): void => {}

const isVerdict = (message: NetlinkMessage): boolean =>
  message.type === uapi.NLMSG_ERROR || message.type === uapi.NLMSG_DONE

const collect = <T>(items: T[], item: T | undefined): void => {
  if (item !== undefined) items.push(item)
}

/** Names that share a prefix with the attributes of a message but number something else. */
const NOT_AN_ATTRIBUTE = /^(IFA_F_|IFLA_INFO_)/

/** `IFLA_LINKINFO.2`: the outermost by the kernel's name, because only its prefix is known. */
const attributeName = ({ header }: NetlinkRequest, path: readonly number[]): string => {
  const [first, ...inner] = path
  const named = Object.entries(uapi).find(
    ([name, value]) => value === first && name.startsWith(header.prefix) && !NOT_AN_ATTRIBUTE.test(name),
  )
  return [named?.[0] ?? `${header.prefix}${first}`, ...inner].join('.')
}

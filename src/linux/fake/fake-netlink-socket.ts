/**
 * A netlink socket of the fake: takes requests apart, has them handled, and queues answers and announcements until
 * they are received. A queue that grows beyond its bound loses announcements and says so once, as ENOBUFS does.
 */
import { MessageWriter, type NetlinkMessage, splitMessages } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import type { FakeNamespace, Listener } from './fake-namespace.ts'
import { Refusal } from './refusal.ts'

/** Handles one request. What it returns is a dump or an answer; each function writes one message's payload. */
export type RequestHandler = (
  namespace: FakeNamespace,
  message: NetlinkMessage,
) => { readonly type: number; readonly bodies: readonly ((writer: MessageWriter) => void)[] } | undefined

const MESSAGES_PER_DATAGRAM = 40

export class FakeNetlinkSocket implements Listener {
  readonly namespace: FakeNamespace
  readonly groups = new Set<number>()
  readonly #handle: RequestHandler
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #overrun = false
  #onReadable: (() => void) | undefined
  /** SO_RCVBUF. */
  limitBytes = 212_992

  constructor(namespace: FakeNamespace, handle: RequestHandler) {
    this.namespace = namespace
    this.#handle = handle
    namespace.listeners.add(this)
  }

  close(): void {
    this.namespace.listeners.delete(this)
    this.#onReadable = undefined
  }

  get readable(): boolean {
    return this.#queue.length > 0 || this.#overrun
  }

  set onReadable(listener: (() => void) | undefined) {
    this.#onReadable = listener
    if (listener && this.readable) queueMicrotask(listener)
  }

  send(bytes: Uint8Array): number {
    for (const message of splitMessages(bytes)) this.#request(message)
    return bytes.byteLength
  }

  recv(buffer: Uint8Array, flags: number): number {
    if (this.#overrun) {
      this.#overrun = false
      return -uapi.ENOBUFS
    }
    const datagram = this.#queue.shift()
    if (!datagram) return -uapi.EAGAIN
    this.#queuedBytes -= datagram.length
    buffer.set(datagram.subarray(0, buffer.byteLength))
    return flags & uapi.MSG_TRUNC ? datagram.length : Math.min(datagram.length, buffer.byteLength)
  }

  announce(type: number, body: (writer: MessageWriter) => void): void {
    const writer = new MessageWriter(256)
    writer.message({ type, flags: 0, sequence: 0 }, body)
    if (this.#queuedBytes + writer.length > this.limitBytes) this.#overrun = true
    else this.#push(writer.bytes.slice())
    this.#wake()
  }

  #request(message: NetlinkMessage): void {
    try {
      const answer = this.#handle(this.namespace, message)
      const dump = (message.flags & uapi.NLM_F_DUMP) === uapi.NLM_F_DUMP && answer !== undefined
      if (answer) this.#answer(message, answer, dump)
      if (!dump && message.flags & uapi.NLM_F_ACK) this.#acknowledge(message, undefined)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#acknowledge(message, error)
    }
    this.#wake()
  }

  #answer(
    { sequence }: NetlinkMessage,
    { type, bodies }: NonNullable<ReturnType<RequestHandler>>,
    dump: boolean,
  ): void {
    const flags = dump ? uapi.NLM_F_MULTI : 0
    for (let at = 0; at < bodies.length; at += MESSAGES_PER_DATAGRAM) {
      const writer = new MessageWriter()
      for (const body of bodies.slice(at, at + MESSAGES_PER_DATAGRAM))
        writer.message({ type, flags, sequence }, body)
      this.#push(writer.bytes.slice())
    }
    if (!dump) return
    const done = new MessageWriter(32)
    done.message({ type: uapi.NLMSG_DONE, flags, sequence }, () => done.i32(0))
    this.#push(done.bytes.slice())
  }

  #acknowledge(request: NetlinkMessage, refusal: Refusal | undefined): void {
    const writer = new MessageWriter(128)
    const flags = uapi.NLM_F_CAPPED | (refusal?.text === undefined ? 0 : uapi.NLM_F_ACK_TLVS)
    writer.message({ type: uapi.NLMSG_ERROR, flags, sequence: request.sequence }, () => {
      writer.i32(-(refusal?.errno ?? 0))
      writer
        .u32(16 + request.payload.byteLength)
        .u16(request.type)
        .u16(request.flags)
      writer.u32(request.sequence).u32(0)
      if (refusal?.text !== undefined) writer.attributeString(uapi.NLMSGERR_ATTR_MSG, refusal.text)
    })
    this.#push(writer.bytes.slice())
  }

  #push(datagram: Uint8Array): void {
    this.#queue.push(datagram)
    this.#queuedBytes += datagram.length
  }

  #wake(): void {
    const listener = this.#onReadable
    if (listener && this.readable)
      queueMicrotask(() => this.#onReadable === listener && this.readable && listener())
  }
}

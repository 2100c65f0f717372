/**
 * `struct msghdr` and its `struct iovec`s, laid out for 64-bit Linux (recvmsg(2)):
 *
 *   msghdr   0 name*   8 namelen (u32)   16 iov*   24 iovlen (u64)   32 control*   40 controllen (u64)   48 flags (i32)
 *   iovec    0 base*   8 len (u64)
 *
 * The pointers are written once. This object holds every buffer they point into, so none is collected while the
 * header lives.
 */
import type { Bytes, MessageBuffers, MessageHeader } from './syscalls.ts'

const MSGHDR_BYTES = 56
const IOVEC_BYTES = 16

export class PinnedMessageHeader implements MessageHeader {
  readonly name: Bytes | undefined
  readonly parts: readonly Bytes[]
  readonly control: Bytes | undefined
  /** What goes to the system call. */
  readonly bytes: Uint8Array
  readonly #header: DataView
  readonly #vectors: DataView

  constructor(buffers: MessageBuffers, addressOf: (buffer: Bytes) => bigint) {
    this.name = buffers.name
    this.parts = buffers.parts
    this.control = buffers.control
    this.bytes = new Uint8Array(MSGHDR_BYTES)
    this.#header = new DataView(this.bytes.buffer)
    const vectors = new Uint8Array(IOVEC_BYTES * Math.max(1, buffers.parts.length))
    this.#vectors = new DataView(vectors.buffer)
    buffers.parts.forEach((part, index) => {
      this.#vectors.setBigUint64(index * IOVEC_BYTES, addressOf(part), true)
      this.setPartLength(index, part.byteLength)
    })
    this.#header.setBigUint64(16, addressOf(vectors), true)
    this.setPartCount(buffers.parts.length)
    if (buffers.name) this.#header.setBigUint64(0, addressOf(buffers.name), true)
    if (buffers.control) this.#header.setBigUint64(32, addressOf(buffers.control), true)
    this.nameLength = buffers.name?.byteLength ?? 0
    this.controlLength = buffers.control?.byteLength ?? 0
  }

  setPartLength(index: number, length: number): void {
    const part = this.parts[index]
    if (part === undefined || length > part.byteLength || length < 0) {
      throw new RangeError(`message part ${index} cannot be ${length} bytes long`)
    }
    this.#vectors.setUint32(index * IOVEC_BYTES + 8, length, true)
  }

  setPartCount(count: number): void {
    if (count > this.parts.length || count < 0) throw new RangeError(`no ${count} message parts`)
    this.#header.setUint32(24, count, true)
  }

  get nameLength(): number {
    return this.#header.getUint32(8, true)
  }

  set nameLength(length: number) {
    if (length > (this.name?.byteLength ?? 0)) throw new RangeError(`no room for a name of ${length} bytes`)
    this.#header.setUint32(8, length, true)
  }

  get controlLength(): number {
    return this.#header.getUint32(40, true)
  }

  set controlLength(length: number) {
    if (length > (this.control?.byteLength ?? 0)) throw new RangeError(`no room for ${length} control bytes`)
    this.#header.setUint32(40, length, true)
  }

  get flags(): number {
    return this.#header.getInt32(48, true)
  }
}

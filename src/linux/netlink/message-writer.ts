/**
 * Writes netlink messages one after the other into one buffer (<linux/netlink.h>): a 16-byte header, the family's
 * fixed header, then attributes, each padded to 4 bytes. Numbers are in host order, which is little-endian on
 * every machine we run on; what the kernel calls `__be` is written by the `…BigEndian` methods.
 */

export interface MessageHead {
  readonly type: number
  readonly flags: number
  readonly sequence: number
}

export const NLMSG_HDRLEN = 16
export const NLA_HDRLEN = 4
const NLA_F_NESTED = 0x8000
const MAX_ATTRIBUTE_BYTES = 0xffff

const aligned = (length: number): number => (length + 3) & ~3

const encoder = new TextEncoder()

export class MessageWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0
  #messageStart = 0

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes so far, all messages together. */
  get length(): number {
    return this.#length
  }

  /** A view of what is written: valid until the next write or reset. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  reset(): void {
    this.#length = 0
  }

  message(head: MessageHead, body: (writer: MessageWriter) => void): void {
    this.#messageStart = this.#length
    const start = this.#reserve(NLMSG_HDRLEN)
    this.#view.setUint16(start + 4, head.type, true)
    this.#view.setUint16(start + 6, head.flags, true)
    this.#view.setUint32(start + 8, head.sequence, true)
    body(this)
    this.#view.setUint32(start, this.#length - start, true)
  }

  /** Length of the message being written. */
  get messageLength(): number {
    return this.#length - this.#messageStart
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }
  u16(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, true)
    return this
  }
  u16BigEndian(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, false)
    return this
  }
  u32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, true)
    return this
  }
  i32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setInt32(at, value, true)
    return this
  }

  attributeU8(type: number, value: number): this {
    const at = this.#attribute(type, 1)
    this.#view.setUint8(at, value)
    return this
  }
  attributeU16(type: number, value: number): this {
    const at = this.#attribute(type, 2)
    this.#view.setUint16(at, value, true)
    return this
  }
  attributeU16BigEndian(type: number, value: number): this {
    const at = this.#attribute(type, 2)
    this.#view.setUint16(at, value, false)
    return this
  }
  attributeU32(type: number, value: number): this {
    const at = this.#attribute(type, 4)
    this.#view.setUint32(at, value, true)
    return this
  }
  attributeU32BigEndian(type: number, value: number): this {
    const at = this.#attribute(type, 4)
    this.#view.setUint32(at, value, false)
    return this
  }
  attributeU64(type: number, value: bigint): this {
    const at = this.#attribute(type, 8)
    this.#view.setBigUint64(at, value, true)
    return this
  }
  attributeU64BigEndian(type: number, value: bigint): this {
    const at = this.#attribute(type, 8)
    this.#view.setBigUint64(at, value, false)
    return this
  }
  attributeBytes(type: number, value: Uint8Array): this {
    const start = this.#attribute(type, value.byteLength)
    this.#bytes.set(value, start)
    return this
  }
  /** NUL-terminated, as NLA_NUL_STRING wants it. */
  attributeString(type: number, value: string): this {
    const text = encoder.encode(value)
    const start = this.#attribute(type, text.length + 1)
    this.#bytes.set(text, start)
    return this
  }
  attributeFlag(type: number): this {
    this.#attribute(type, 0)
    return this
  }
  /** `flagged: false` for the old families that never learned NLA_F_NESTED. */
  nest(type: number, body: (writer: MessageWriter) => void, flagged = true): this {
    const start = this.#reserve(NLA_HDRLEN)
    this.#view.setUint16(start + 2, flagged ? type | NLA_F_NESTED : type, true)
    body(this)
    const length = this.#length - start
    if (length > MAX_ATTRIBUTE_BYTES) throw new RangeError(`netlink attribute ${type} of ${length} bytes`)
    this.#view.setUint16(start, length, true)
    return this
  }

  /** Writes the header and returns where the value goes; the padding is zero already. */
  #attribute(type: number, length: number): number {
    const total = NLA_HDRLEN + length
    if (total > MAX_ATTRIBUTE_BYTES) throw new RangeError(`netlink attribute ${type} of ${total} bytes`)
    const start = this.#reserve(aligned(total))
    this.#view.setUint16(start, total, true)
    this.#view.setUint16(start + 2, type, true)
    return start + NLA_HDRLEN
  }

  /** Zeroed room at the end. It may replace the view: reserve first, then take `this.#view`. */
  #reserve(length: number): number {
    const start = this.#length
    const end = start + length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.fill(0, start, end)
    this.#length = end
    return start
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

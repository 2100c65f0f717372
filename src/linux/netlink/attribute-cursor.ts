/**
 * Walks the attributes of a netlink message without copying (<linux/netlink.h>, `struct nlattr`).
 *
 * What it reads comes from the kernel, but one wrong length must not kill the agent: an attribute that does not
 * fit ends the walk and sets `broken`; a value of the wrong size reads as undefined.
 */

const NLA_HDRLEN = 4
const NLA_TYPE_MASK = 0x3fff

const decoder = new TextDecoder('utf-8', { fatal: false })

export class AttributeCursor {
  readonly #view: DataView
  readonly #end: number
  #next: number
  #start = 0
  #length = 0
  #type = 0
  #broken = false

  constructor(view: DataView, start = 0, end = view.byteLength) {
    this.#view = view
    this.#next = start
    this.#end = Math.min(end, view.byteLength)
    // A fixed header longer than the message: nothing to walk, and not because it ended.
    this.#broken = start < 0 || start > this.#end
  }

  /** Moves to the next attribute; false at the end. */
  next(): boolean {
    const remaining = this.#end - this.#next
    // Up to 3 bytes of padding may be missing or left over at the end.
    if (this.#broken || remaining < NLA_HDRLEN) return false
    const length = this.#view.getUint16(this.#next, true)
    if (length < NLA_HDRLEN || length > remaining) {
      this.#broken = true
      return false
    }
    this.#type = this.#view.getUint16(this.#next + 2, true) & NLA_TYPE_MASK
    this.#start = this.#next + NLA_HDRLEN
    this.#length = length - NLA_HDRLEN
    this.#next += (length + 3) & ~3
    return true
  }

  /** An attribute did not fit: the rest was not read. */
  get broken(): boolean {
    return this.#broken
  }
  /** Without the flags for nesting and byte order. */
  get type(): number {
    return this.#type
  }
  get length(): number {
    return this.#length
  }
  /** Where the value starts in the view. */
  get offset(): number {
    return this.#start
  }

  u8(): number | undefined {
    return this.#length >= 1 ? this.#view.getUint8(this.#start) : undefined
  }
  u16(): number | undefined {
    return this.#length >= 2 ? this.#view.getUint16(this.#start, true) : undefined
  }
  u16BigEndian(): number | undefined {
    return this.#length >= 2 ? this.#view.getUint16(this.#start, false) : undefined
  }
  u32(): number | undefined {
    return this.#length >= 4 ? this.#view.getUint32(this.#start, true) : undefined
  }
  u32BigEndian(): number | undefined {
    return this.#length >= 4 ? this.#view.getUint32(this.#start, false) : undefined
  }
  i32(): number | undefined {
    return this.#length >= 4 ? this.#view.getInt32(this.#start, true) : undefined
  }
  u64(): bigint | undefined {
    return this.#length >= 8 ? this.#view.getBigUint64(this.#start, true) : undefined
  }
  u64BigEndian(): bigint | undefined {
    return this.#length >= 8 ? this.#view.getBigUint64(this.#start, false) : undefined
  }
  /** A view into the message: copy it to keep it beyond the next receive. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#start, this.#length)
  }
  /** A copy of exactly `length` bytes. */
  exactly(length: number): Uint8Array | undefined {
    return this.#length === length ? this.bytes().slice() : undefined
  }
  /** Up to the first NUL. */
  string(): string {
    const bytes = this.bytes()
    const end = bytes.indexOf(0)
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
  }
  /** The attributes inside this one. */
  nested(): AttributeCursor {
    return new AttributeCursor(this.#view, this.#start, this.#start + this.#length)
  }
}

/** Messages over TCP: each behind its length in two bytes (RFC 1035 §4.2.2, RFC 7766 §8). */

export function frameForTcp(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length)
  new DataView(framed.buffer).setUint16(0, message.length)
  framed.set(message, 2)
  return framed
}

/** Takes the bytes as they come and says when a message is whole. Never holds more than one, 64 KiB at most. */
export class TcpMessageReader {
  readonly #length = new Uint8Array(2)
  #lengthBytes = 0
  #message: Uint8Array | undefined
  #filled = 0

  /** How many of `bytes` it took; the rest belongs to the next message, once `take` has given this one. */
  push(bytes: Uint8Array): number {
    let at = 0
    while (this.#lengthBytes < 2 && at < bytes.length) this.#length[this.#lengthBytes++] = bytes[at++]!
    if (this.#lengthBytes < 2) return at
    this.#message ??= new Uint8Array((this.#length[0]! << 8) | this.#length[1]!)
    const count = Math.min(bytes.length - at, this.#message.length - this.#filled)
    this.#message.set(bytes.subarray(at, at + count), this.#filled)
    this.#filled += count
    return at + count
  }

  /** The message, once all of it is there. */
  take(): Uint8Array | undefined {
    if (this.#message === undefined || this.#filled < this.#message.length) return undefined
    const message = this.#message
    this.#message = undefined
    this.#filled = 0
    this.#lengthBytes = 0
    return message
  }
}

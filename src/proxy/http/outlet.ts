/** The sending side of a connection: what its stream did not take at once is kept, and goes before anything else. */
import type { ByteStream } from '../../streams/index.ts'

export class Outlet {
  readonly stream: ByteStream
  #unsent: Uint8Array | undefined

  constructor(stream: ByteStream) {
    this.stream = stream
  }

  get isBlocked(): boolean {
    return this.#unsent !== undefined
  }

  /** All of it, now or later; the bytes may be used again at once. Whether all of it has gone. */
  send(bytes: Uint8Array): boolean {
    if (this.#unsent !== undefined) {
      const both = new Uint8Array(this.#unsent.length + bytes.length)
      both.set(this.#unsent)
      both.set(bytes, this.#unsent.length)
      this.#unsent = both
      return this.flush()
    }
    const taken = this.stream.write(bytes)
    if (taken === bytes.length) return true
    this.#unsent = bytes.slice(taken)
    return false
  }

  /** Whether nothing is left. */
  flush(): boolean {
    if (this.#unsent === undefined) return true
    const taken = this.stream.write(this.#unsent)
    if (taken > 0) this.#unsent = taken === this.#unsent.length ? undefined : this.#unsent.subarray(taken)
    return this.#unsent === undefined
  }
}

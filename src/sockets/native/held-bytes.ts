/**
 * What was received and not consumed in its turn. Little (half a request head, ten thousand times over) is kept as it
 * is; more goes into pages. Never refuses, as what was received cannot be received again: without pages it takes
 * ordinary memory, and the socket bounds it by not receiving.
 */
import { type PagePool, SlidingBuffer } from '../../streams/index.ts'

const LITTLE_BYTES = 2048

export class HeldBytes {
  #little: Uint8Array | undefined = undefined
  #pages: SlidingBuffer | undefined = undefined
  #rest: Uint8Array | undefined = undefined
  readonly #pool: PagePool

  constructor(pool: PagePool) {
    this.#pool = pool
  }

  /** Order: little, pages, rest. */
  get length(): number {
    return (this.#little?.length ?? 0) + (this.#pages?.length ?? 0) + (this.#rest?.length ?? 0)
  }

  append(bytes: Uint8Array): void {
    if (this.#rest !== undefined) {
      this.#rest = joined(this.#rest, bytes)
      return
    }
    const isFirstPage = this.#pages === undefined || this.#pages.length === 0
    if (isFirstPage && (this.#little?.length ?? 0) + bytes.length <= LITTLE_BYTES) {
      this.#little = joined(this.#little, bytes)
      return
    }
    this.#pages ??= new SlidingBuffer(this.#pool)
    const taken = this.#pages.append(bytes)
    if (taken < bytes.length) this.#rest = bytes.slice(taken)
  }

  peek(): Uint8Array {
    if (this.#little !== undefined) return this.#little
    if (this.#pages !== undefined && this.#pages.length > 0) return this.#pages.peek()
    return this.#rest ?? new Uint8Array(0)
  }

  /** How many bytes there were to consume. */
  consume(length: number): number {
    let left = length
    if (this.#little !== undefined && left > 0) {
      const count = Math.min(left, this.#little.length)
      this.#little = after(this.#little, count)
      left -= count
    }
    if (this.#pages !== undefined && left > 0) {
      const count = Math.min(left, this.#pages.length)
      this.#pages.consume(count)
      left -= count
    }
    if (this.#rest !== undefined && left > 0) {
      const count = Math.min(left, this.#rest.length)
      this.#rest = after(this.#rest, count)
      left -= count
    }
    return length - left
  }

  clear(): void {
    this.#pages?.clear()
    this.#little = undefined
    this.#rest = undefined
  }
}

function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second.slice()
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function after(bytes: Uint8Array, count: number): Uint8Array | undefined {
  return count === bytes.length ? undefined : bytes.subarray(count)
}

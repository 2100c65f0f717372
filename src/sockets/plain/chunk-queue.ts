/** Chunks as they came, consumed byte by byte. */

const NO_BYTES = new Uint8Array(0)

export class ChunkQueue {
  #chunks: Uint8Array[] = []
  /** Of the oldest chunk, and the bytes of it that are gone. */
  #first = 0
  #gone = 0
  length = 0

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  peek(): Uint8Array {
    const chunk = this.#chunks[this.#first]
    if (chunk === undefined) return NO_BYTES
    return this.#gone === 0 ? chunk : chunk.subarray(this.#gone)
  }

  consume(length: number): void {
    let left = Math.min(length, this.length)
    this.length -= left
    for (let chunk = this.#chunks[this.#first]; left > 0 && chunk !== undefined; ) {
      const count = Math.min(left, chunk.length - this.#gone)
      this.#gone += count
      left -= count
      if (this.#gone < chunk.length) break
      this.#gone = 0
      chunk = this.#chunks[++this.#first]
    }
    if (this.length === 0) this.clear()
  }

  clear(): void {
    this.#chunks = []
    this.#first = 0
    this.#gone = 0
    this.length = 0
  }
}

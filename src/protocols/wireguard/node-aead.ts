/**
 * The Aead port over node:crypto. It needs nothing beyond Node, but makes a cipher object per packet, which costs
 * twenty times what a cipher with a lasting context does (bench/wireguard.bench.ts).
 */
import type { Aead, AeadKey } from './aead.ts'
import { TAG_LENGTH } from './aead.ts'
import { openInPlace, sealInPlace } from './crypto.ts'

export const nodeAead: Aead = {
  key: (bytes) => new NodeAeadKey(bytes),
}

class NodeAeadKey implements AeadKey {
  readonly #key: Uint8Array
  readonly #nonce = new Uint8Array(12)
  readonly #view = new DataView(this.#nonce.buffer)

  constructor(bytes: Uint8Array) {
    if (bytes.length !== 32) throw new RangeError('a ChaCha20-Poly1305 key has 32 bytes')
    this.#key = Uint8Array.from(bytes)
  }

  seal(buffer: Uint8Array, offset: number, length: number, counter: number): void {
    const end = offset + length + TAG_LENGTH
    if (end > buffer.length) throw new RangeError('no room for the tag')
    sealInPlace(this.#key, this.#nonceOf(counter), buffer.subarray(offset, end))
  }

  open(buffer: Uint8Array, offset: number, length: number, counter: number): boolean {
    if (length < TAG_LENGTH || offset + length > buffer.length) return false
    return openInPlace(this.#key, this.#nonceOf(counter), buffer.subarray(offset, offset + length))
  }

  dispose(): void {
    this.#key.fill(0)
  }

  #nonceOf(counter: number): Uint8Array {
    this.#view.setUint32(4, counter >>> 0, true)
    this.#view.setUint32(8, Math.floor(counter / 2 ** 32), true)
    return this.#nonce
  }
}

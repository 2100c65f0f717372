/**
 * The Aead port over WebAssembly with SIMD: a third of what node:crypto costs, as nothing is made per packet, and no
 * native code. The text is copied into the module's own memory and back, which is a twentieth of the work.
 */
import type { Aead, AeadKey } from './aead.ts'
import { TAG_LENGTH } from './aead.ts'
import { aeadModule, KEY, MAX_TEXT_BYTES, TEXT } from './wasm-aead-module.ts'

const KEY_BYTES = 32

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly s: (length: number, counterLow: number, counterHigh: number) => void
  readonly o: (length: number, counterLow: number, counterHigh: number) => number
}

/** What we use of the global: neither the es2024 library nor Node's types declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
  readonly CompileError: new () => Error
}

/** One thread, one packet at a time: all keys share one memory. */
class Shared {
  readonly exports: Exports
  readonly bytes: Uint8Array
  /** Whose key is in the memory. */
  current: WasmAeadKey | undefined

  constructor(exports: Exports) {
    this.exports = exports
    this.bytes = new Uint8Array(exports.memory.buffer)
  }
}

class WasmAeadKey implements AeadKey {
  readonly #shared: Shared
  readonly #key: Uint8Array

  constructor(shared: Shared, bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new RangeError('a ChaCha20-Poly1305 key has 32 bytes')
    this.#shared = shared
    this.#key = Uint8Array.from(bytes)
  }

  seal(buffer: Uint8Array, offset: number, length: number, counter: number): void {
    const end = offset + length
    if (offset < 0 || length > MAX_TEXT_BYTES || end + TAG_LENGTH > buffer.length)
      throw new RangeError('no room for the tag')
    const { bytes, exports } = this.#prepared()
    bytes.set(buffer.subarray(offset, end), TEXT)
    exports.s(length, counter | 0, (counter / 0x1_0000_0000) | 0)
    buffer.set(bytes.subarray(TEXT, TEXT + length + TAG_LENGTH), offset)
  }

  open(buffer: Uint8Array, offset: number, length: number, counter: number): boolean {
    const plain = length - TAG_LENGTH
    if (offset < 0 || plain < 0 || plain > MAX_TEXT_BYTES || offset + length > buffer.length) return false
    const { bytes, exports } = this.#prepared()
    bytes.set(buffer.subarray(offset, offset + length), TEXT)
    if (exports.o(plain, counter | 0, (counter / 0x1_0000_0000) | 0) !== 0) return false
    buffer.set(bytes.subarray(TEXT, TEXT + plain), offset)
    return true
  }

  dispose(): void {
    this.#key.fill(0)
    if (this.#shared.current !== this) return
    this.#shared.bytes.fill(0, KEY, KEY + KEY_BYTES)
    this.#shared.current = undefined
  }

  #prepared(): Shared {
    const shared = this.#shared
    if (shared.current !== this) {
      shared.bytes.set(this.#key, KEY)
      shared.current = this
    }
    return shared
  }
}

/** Undefined where there is no WebAssembly with SIMD: a processor before SSE4.1, or `--jitless`. */
export function loadWasmAead(): Aead | undefined {
  // Node without a compiler has no such global.
  if (typeof WebAssembly === 'undefined') return undefined
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(aeadModule()))
    const shared = new Shared(instance.exports as Exports)
    return { key: (bytes) => new WasmAeadKey(shared, bytes) }
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined
    throw error
  }
}

/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8) in place, by OpenSSL's public EVP functions that node exports: four calls a
 * packet on a context that keeps its key. Nonce: four zero bytes and the 64-bit little-endian counter. Fits the
 * `Aead` port of protocols/wireguard by shape.
 *
 * chacha-aead.ts is faster but leans on functions that are not OpenSSL's public interface; this one is next best
 * and works with a distribution's shared OpenSSL too.
 */
import { processSymbols } from './koffi-library.ts'
import { AddressCache, NativeBlock } from './native-memory.ts'

export interface NativeAead {
  readonly name: string
  key(bytes: Uint8Array): NativeAeadKey
}

export interface NativeAeadKey {
  seal(buffer: Uint8Array, offset: number, length: number, counter: number): void
  open(buffer: Uint8Array, offset: number, length: number, counter: number): boolean
  dispose(): void
}

/** Every pointer is a number: see native-memory.ts. */
interface Evp {
  newContext(): number
  freeContext(context: number): void
  cipher(): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  init(context: number, type: number, engine: number, key: number, iv: number, encrypt: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  update(context: number, out: number, outLength: number, from: number, length: number): number
  final(context: number, out: number, outLength: number): number
  control(context: number, type: number, argument: number, pointer: number): number
}

const EVP_CTRL_AEAD_GET_TAG = 0x10
const EVP_CTRL_AEAD_SET_TAG = 0x11
const TAG_BYTES = 16
const KEY_BYTES = 32
/** Scratch: nonce 12, then the length that C writes back at 16, then 16 bytes that `final` may touch at 32. */
const NONCE = 0
const WRITTEN = 16
const SPARE = 32
const SCRATCH_BYTES = 48

function bindEvp(): Evp {
  const library = processSymbols()
  const f = (prototype: string) => library.func(prototype)
  return {
    newContext: f('intptr_t EVP_CIPHER_CTX_new()'),
    freeContext: f('void EVP_CIPHER_CTX_free(intptr_t context)'),
    cipher: f('intptr_t EVP_chacha20_poly1305()'),
    init: f(
      'int EVP_CipherInit_ex(intptr_t c, intptr_t type, intptr_t engine, intptr_t key, intptr_t iv, int e)',
    ),
    update: f('int EVP_CipherUpdate(intptr_t c, intptr_t out, intptr_t outLength, intptr_t in, int length)'),
    final: f('int EVP_CipherFinal_ex(intptr_t c, intptr_t out, intptr_t outLength)'),
    control: f('int EVP_CIPHER_CTX_ctrl(intptr_t c, int type, int argument, intptr_t pointer)'),
  }
}

class EvpKey implements NativeAeadKey {
  readonly #evp: Evp
  readonly #addresses: AddressCache
  readonly #scratch: NativeBlock
  /** A session key goes one way only, so mostly one of the two is ever made. */
  #sealing = 0
  #opening = 0
  readonly #key: NativeBlock

  constructor(shared: { evp: Evp; addresses: AddressCache; scratch: NativeBlock }, bytes: Uint8Array) {
    if (bytes.byteLength !== KEY_BYTES) throw new RangeError('a key is 32 bytes')
    this.#evp = shared.evp
    this.#addresses = shared.addresses
    this.#scratch = shared.scratch
    this.#key = new NativeBlock(KEY_BYTES)
    this.#key.bytes.set(bytes)
  }

  seal(buffer: Uint8Array, offset: number, length: number, counter: number): void {
    const at = this.#addresses.locate(buffer, offset, length + TAG_BYTES)
    this.#sealing ||= this.#context(1)
    const context = this.#sealing
    this.#start(context, counter, 1)
    const written = this.#scratch.address + WRITTEN
    if (length > 0) this.#evp.update(context, at, written, at, length)
    this.#evp.final(context, this.#scratch.address + SPARE, written)
    this.#evp.control(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, at + length)
  }

  open(buffer: Uint8Array, offset: number, length: number, counter: number): boolean {
    const at = this.#addresses.locate(buffer, offset, length)
    const plainLength = length - TAG_BYTES
    if (plainLength < 0) return false
    this.#opening ||= this.#context(0)
    const context = this.#opening
    this.#start(context, counter, 0)
    const written = this.#scratch.address + WRITTEN
    this.#evp.control(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, at + plainLength)
    if (plainLength > 0) this.#evp.update(context, at, written, at, plainLength)
    return this.#evp.final(context, this.#scratch.address + SPARE, written) === 1
  }

  dispose(): void {
    if (this.#sealing) this.#evp.freeContext(this.#sealing)
    if (this.#opening) this.#evp.freeContext(this.#opening)
    this.#sealing = 0
    this.#opening = 0
    this.#key.wipe()
  }

  #context(encrypt: number): number {
    const context = this.#evp.newContext()
    if (context === 0) throw new Error('OpenSSL has no memory for a cipher context')
    if (this.#evp.init(context, this.#evp.cipher(), 0, this.#key.address, 0, encrypt) !== 1) {
      this.#evp.freeContext(context)
      throw new Error('OpenSSL refuses ChaCha20-Poly1305 (a FIPS provider?)')
    }
    return context
  }

  #start(context: number, counter: number, encrypt: number): void {
    this.#scratch.view.setUint32(NONCE + 4, counter, true)
    this.#scratch.view.setUint32(NONCE + 8, counter / 0x1_0000_0000, true)
    this.#evp.init(context, 0, 0, 0, this.#scratch.address + NONCE, encrypt)
  }
}

/** Undefined where this node does not export the functions. */
export function loadEvpAead(): NativeAead | undefined {
  let evp: Evp
  try {
    evp = bindEvp()
  } catch {
    // koffi throws for a missing symbol or library; there is nothing to do but take the next implementation.
    return undefined
  }
  const shared = { evp, addresses: new AddressCache(), scratch: new NativeBlock(SCRATCH_BYTES) }
  return { name: 'evp', key: (bytes) => new EvpKey(shared, bytes) }
}

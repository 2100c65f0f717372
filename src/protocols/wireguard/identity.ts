/** A device's own static key, and what follows from it. */
import { CookieChecker } from './cookie.ts'
import { keyPairOf } from './crypto.ts'
import type { KeyPair } from './crypto.ts'
import { decodeKey, encodeKey, ZERO_KEY } from './formats/index.ts'

export class Identity {
  /** Base64. */
  readonly publicKey: string
  readonly #privateKey: string
  readonly keyPair: KeyPair
  readonly checker: CookieChecker

  private constructor(privateKey: string, bytes: Uint8Array, random: (length: number) => Uint8Array) {
    this.#privateKey = privateKey
    this.keyPair = keyPairOf(bytes)
    this.publicKey = encodeKey(this.keyPair.publicKey)
    this.checker = new CookieChecker(this.keyPair.publicKey, random)
  }

  /** Base64. Not a field, so that no dump shows it. */
  get privateKey(): string {
    return this.#privateKey
  }

  /** Undefined for all zeros, which means no key. */
  static of(privateKey: string, random: (length: number) => Uint8Array): Identity | undefined {
    const bytes = decodeKey(privateKey)
    if (!bytes) throw new RangeError('not a WireGuard key')
    return privateKey === ZERO_KEY ? undefined : new Identity(privateKey, bytes, random)
  }
}

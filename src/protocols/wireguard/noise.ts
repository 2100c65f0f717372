/**
 * The Noise handshake IKpsk2 with 25519, ChaChaPoly and BLAKE2s (noiseprotocol.org revision 34, §5, §7.5, §9),
 * for any prologue and payloads. handshake.ts gives it WireGuard's; test/vectors/ gives it public vectors.
 *
 *   <- s
 *   ...
 *   -> e, es, s, ss      payload: WireGuard's timestamp
 *   <- e, ee, se, psk    payload: empty
 */
import { aeadOpen, aeadSeal, concat, hash, kdf1, kdf2, kdf3 } from './crypto.ts'
import type { KeyPair } from './crypto.ts'

export const CONSTRUCTION = ascii('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s')

const ZERO_NONCE = new Uint8Array(12)
const EMPTY = new Uint8Array(0)
const DH_LENGTH = 32
const SEALED_KEY_LENGTH = 48
/** e and the sealed static key, before the payload of the first message. */
const FIRST_PAYLOAD = DH_LENGTH + SEALED_KEY_LENGTH

/** What both sides have in the end, seen from one of them. */
export interface NoiseKeys {
  readonly send: Uint8Array
  readonly receive: Uint8Array
  /** Names this one handshake (§11.2, channel binding). */
  readonly handshakeHash: Uint8Array
}

export interface InitiatorInput {
  readonly prologue: Uint8Array
  readonly local: KeyPair
  readonly ephemeral: KeyPair
  readonly remotePublicKey: Uint8Array
  /** DH(local static, remote static): it never changes, so the caller computes it once. */
  readonly staticShared: Uint8Array
}

export class NoiseInitiator {
  readonly #state: SymmetricState
  readonly #input: InitiatorInput

  constructor(input: InitiatorInput) {
    this.#input = input
    this.#state = SymmetricState.start(input.prologue, input.remotePublicKey)
  }

  /** Undefined when the remote key is a point of low order. */
  writeFirst(payload: Uint8Array): Uint8Array | undefined {
    const { ephemeral, remotePublicKey, local, staticShared } = this.#input
    this.#state.mixEphemeral(ephemeral.publicKey)
    if (!this.#state.mixDh(ephemeral.dh(remotePublicKey))) return undefined
    const sealedKey = this.#state.sealAndHash(local.publicKey)
    this.#state.mixKey(staticShared)
    return concat(ephemeral.publicKey, sealedKey, this.#state.sealAndHash(payload))
  }

  /** Undefined when the message is not from the responder, or not for this handshake; the state stays usable. */
  readSecond(message: Uint8Array, presharedKey: Uint8Array): SecondRead | undefined {
    if (message.length < DH_LENGTH) return undefined
    const state = this.#state.clone()
    const remoteEphemeral = message.subarray(0, DH_LENGTH)
    state.mixEphemeral(remoteEphemeral)
    if (!state.mixDh(this.#input.ephemeral.dh(remoteEphemeral))) return undefined
    if (!state.mixDh(this.#input.local.dh(remoteEphemeral))) return undefined
    state.mixKeyAndHash(presharedKey)
    const payload = state.openAndHash(message.subarray(DH_LENGTH))
    if (!payload) return undefined
    const [send, receive] = state.split()
    return { payload, keys: { send, receive, handshakeHash: state.hash } }
  }
}

export interface SecondRead {
  readonly payload: Uint8Array
  readonly keys: NoiseKeys
}

export interface FirstRead {
  readonly remotePublicKey: Uint8Array
  readonly payload: Uint8Array
}

export interface SecondInput {
  readonly ephemeral: KeyPair
  readonly presharedKey: Uint8Array
  readonly payload: Uint8Array
}

export class NoiseResponder {
  readonly #state: SymmetricState
  readonly #local: KeyPair
  #remoteEphemeral: Uint8Array = EMPTY
  #remotePublicKey: Uint8Array = EMPTY

  constructor(prologue: Uint8Array, local: KeyPair) {
    this.#local = local
    this.#state = SymmetricState.start(prologue, local.publicKey)
  }

  /** The initiator's static key, unproven until `readPayload` succeeds. */
  readStatic(message: Uint8Array): Uint8Array | undefined {
    if (message.length < FIRST_PAYLOAD) return undefined
    this.#remoteEphemeral = message.slice(0, DH_LENGTH)
    this.#state.mixEphemeral(this.#remoteEphemeral)
    if (!this.#state.mixDh(this.#local.dh(this.#remoteEphemeral))) return undefined
    const remotePublicKey = this.#state.openAndHash(message.subarray(DH_LENGTH, FIRST_PAYLOAD))
    if (remotePublicKey) this.#remotePublicKey = remotePublicKey
    return remotePublicKey
  }

  /** After `readStatic`, with DH(local static, remote static). */
  readPayload(message: Uint8Array, staticShared: Uint8Array): Uint8Array | undefined {
    this.#state.mixKey(staticShared)
    return this.#state.openAndHash(message.subarray(FIRST_PAYLOAD))
  }

  writeSecond({
    ephemeral,
    presharedKey,
    payload,
  }: SecondInput): { message: Uint8Array; keys: NoiseKeys } | undefined {
    this.#state.mixEphemeral(ephemeral.publicKey)
    if (!this.#state.mixDh(ephemeral.dh(this.#remoteEphemeral))) return undefined
    if (!this.#state.mixDh(ephemeral.dh(this.#remotePublicKey))) return undefined
    this.#state.mixKeyAndHash(presharedKey)
    const message = concat(ephemeral.publicKey, this.#state.sealAndHash(payload))
    const [receive, send] = this.#state.split()
    return { message, keys: { send, receive, handshakeHash: this.#state.hash } }
  }
}

/** §5.2. The nonce is always 0 here, because IKpsk2 seals at most once under each key. */
class SymmetricState {
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #key: Uint8Array = EMPTY

  constructor(chainingKey: Uint8Array, hash: Uint8Array) {
    this.#chainingKey = chainingKey
    this.#hash = hash
  }

  static start(prologue: Uint8Array, responderPublicKey: Uint8Array): SymmetricState {
    const chainingKey = hash(CONSTRUCTION)
    return new SymmetricState(chainingKey, hash(hash(chainingKey, prologue), responderPublicKey))
  }

  get hash(): Uint8Array {
    return this.#hash
  }

  /** Without the key, which every step after a clone replaces first. */
  clone(): SymmetricState {
    return new SymmetricState(this.#chainingKey, this.#hash)
  }

  mixHash(data: Uint8Array): void {
    this.#hash = hash(this.#hash, data)
  }

  /** §9.2: with a preshared key the "e" token also goes into the chaining key. */
  mixEphemeral(publicKey: Uint8Array): void {
    this.mixHash(publicKey)
    this.#chainingKey = kdf1(this.#chainingKey, publicKey)
  }

  mixDh(shared: Uint8Array | undefined): boolean {
    if (shared) this.mixKey(shared)
    return shared !== undefined
  }

  mixKey(input: Uint8Array): void {
    ;[this.#chainingKey, this.#key] = kdf2(this.#chainingKey, input)
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, temporary, key] = kdf3(this.#chainingKey, input)
    this.#chainingKey = chainingKey
    this.#key = key
    this.mixHash(temporary)
  }

  sealAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = aeadSeal(this.#cipher(), plaintext)
    this.mixHash(sealed)
    return sealed
  }

  openAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = aeadOpen(this.#cipher(), sealed)
    if (plaintext) this.mixHash(sealed)
    return plaintext
  }

  /** The initiator's sending key, then the responder's. */
  split(): [Uint8Array, Uint8Array] {
    return kdf2(this.#chainingKey, EMPTY)
  }

  #cipher(): { key: Uint8Array; nonce: Uint8Array; additionalData: Uint8Array } {
    return { key: this.#key, nonce: ZERO_NONCE, additionalData: this.#hash }
  }
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/**
 * The primitives under the paper's names (§5.4): DH, HASH, HMAC, MAC, KDF, AEAD and XAEAD. This is the one
 * pure file that may import node:crypto.
 *
 *   DH     X25519, RFC 7748            AEAD   ChaCha20-Poly1305, RFC 8439 §2.8
 *   HASH   BLAKE2s-256, RFC 7693       XAEAD  XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03
 *   HMAC   RFC 2104 over BLAKE2s       MAC    keyed BLAKE2s-128: node:crypto has none, @noble/hashes has
 *
 * No function here makes randomness. JavaScript cannot promise to wipe memory: keys that are dropped live on
 * until the garbage collector reuses their bytes.
 */
import { blake2s } from '@noble/hashes/blake2.js'
import * as node from 'node:crypto'
import { TAG_LENGTH } from './aead.ts'

export const MAC_LENGTH = 16
export const XNONCE_LENGTH = 24

export interface KeyPair {
  readonly publicKey: Uint8Array
  /** X25519 of this private key and that public key; undefined for points of low order (RFC 7748 §6.1). */
  dh(publicKey: Uint8Array): Uint8Array | undefined
}

// RFC 8410: the fixed DER before the 32 bytes of an X25519 key.
const PKCS8_PREFIX = Uint8Array.of(0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 34, 4, 32)
const SPKI_PREFIX = Uint8Array.of(0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 33, 0)

/** The key pair of 32 secret bytes; clamping (RFC 7748 §5) is the curve's business. */
export function keyPairOf(privateBytes: Uint8Array): KeyPair {
  if (privateBytes.length !== 32) throw new RangeError('an X25519 key has 32 bytes')
  const der = node.createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, privateBytes]),
    format: 'der',
    type: 'pkcs8',
  })
  const { x = '' } = node.createPublicKey(der).export({ format: 'jwk' })
  return {
    publicKey: Uint8Array.from(Buffer.from(x, 'base64url')),
    dh: (publicKey) => x25519(der, publicKey),
  }
}

function x25519(privateKey: node.KeyObject, publicBytes: Uint8Array): Uint8Array | undefined {
  const key = Buffer.concat([SPKI_PREFIX, publicBytes])
  try {
    const publicKey = node.createPublicKey({ key, format: 'der', type: 'spki' })
    return node.diffieHellman({ privateKey, publicKey })
  } catch {
    // OpenSSL refuses an all-zero shared secret, which RFC 7748 §6.1 lets us treat as a failed handshake.
    return undefined
  }
}

export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = node.createHash('blake2s256')
  for (const part of parts) state.update(part)
  return state.digest()
}

const BLOCK_LENGTH = 64

/** RFC 2104 by hand, for keys of at most a block: node:crypto's Hmac object costs as much as nine hashes. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = new Uint8Array(BLOCK_LENGTH).fill(0x36)
  const outer = new Uint8Array(BLOCK_LENGTH).fill(0x5c)
  for (let index = 0; index < key.length; index += 1) {
    inner[index]! ^= key[index]!
    outer[index]! ^= key[index]!
  }
  return hash(outer, hash(inner, ...parts))
}

/** Keyed BLAKE2s with 16 bytes of output. */
export function mac(key: Uint8Array, input: Uint8Array): Uint8Array {
  return blake2s(input, { key, dkLen: MAC_LENGTH })
}

/** KDF_n of the paper: HKDF (RFC 5869) without info, n outputs. */
export function kdf1(key: Uint8Array, input: Uint8Array): Uint8Array {
  return hmac(hmac(key, input), Uint8Array.of(1))
}

export function kdf2(key: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array] {
  const secret = hmac(key, input)
  const first = hmac(secret, Uint8Array.of(1))
  return [first, hmac(secret, first, Uint8Array.of(2))]
}

export function kdf3(key: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  const secret = hmac(key, input)
  const first = hmac(secret, Uint8Array.of(1))
  const second = hmac(secret, first, Uint8Array.of(2))
  return [first, second, hmac(secret, second, Uint8Array.of(3))]
}

export interface AeadInput {
  readonly key: Uint8Array
  /** 12 bytes for AEAD, 24 for XAEAD. */
  readonly nonce: Uint8Array
  readonly additionalData: Uint8Array
}

/** Ciphertext and tag. */
export function aeadSeal({ key, nonce, additionalData }: AeadInput, plaintext: Uint8Array): Uint8Array {
  const cipher = node.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH })
  cipher.setAAD(additionalData, { plaintextLength: plaintext.length })
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return concat(ciphertext, cipher.getAuthTag())
}

/** The plaintext, or undefined when it is not authentic. */
export function aeadOpen(
  { key, nonce, additionalData }: AeadInput,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - TAG_LENGTH
  if (length < 0) return undefined
  const decipher = node.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAuthTag(sealed.subarray(length))
  decipher.setAAD(additionalData, { plaintextLength: length })
  const plaintext = decipher.update(sealed.subarray(0, length))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plaintext
}

export function xaeadSeal(input: AeadInput, plaintext: Uint8Array): Uint8Array {
  return aeadSeal(extendNonce(input), plaintext)
}

export function xaeadOpen(input: AeadInput, sealed: Uint8Array): Uint8Array | undefined {
  return aeadOpen(extendNonce(input), sealed)
}

/** draft-irtf-cfrg-xchacha-03 §2.3: a subkey from the first 16 bytes of the nonce, the last 8 stay. */
function extendNonce({ key, nonce, additionalData }: AeadInput): AeadInput {
  const short = new Uint8Array(12)
  short.set(nonce.subarray(16, XNONCE_LENGTH), 4)
  return { key: hchacha20(key, nonce.subarray(0, 16)), nonce: short, additionalData }
}

// "expand 32-byte k" as little-endian words: the first row of ChaCha's state.
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

/**
 * Draft §2.2. ChaCha20's block function adds the initial state at the end and HChaCha20 does not, so the
 * first and last rows are one keystream block minus what was added.
 */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const block = node.createCipheriv('chacha20', key, nonce).update(new Uint8Array(64))
  const keystream = new DataView(block.buffer, block.byteOffset, 64)
  const initial = new DataView(nonce.buffer, nonce.byteOffset, 16)
  const subkey = new DataView(new ArrayBuffer(32))
  for (const [index, word] of SIGMA.entries()) {
    subkey.setUint32(index * 4, keystream.getUint32(index * 4, true) - word, true)
    const last = keystream.getUint32(48 + index * 4, true) - initial.getUint32(index * 4, true)
    subkey.setUint32(16 + index * 4, last, true)
  }
  return new Uint8Array(subkey.buffer)
}

/** In time that depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && node.timingSafeEqual(a, b)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** For node-aead.ts: encrypts in place and writes the tag behind. */
export function sealInPlace(key: Uint8Array, nonce: Uint8Array, target: Uint8Array): void {
  const length = target.length - TAG_LENGTH
  const cipher = node.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH })
  target.set(cipher.update(target.subarray(0, length)))
  cipher.final()
  target.set(cipher.getAuthTag(), length)
}

/** For node-aead.ts: decrypts in place; false when it is not authentic. */
export function openInPlace(key: Uint8Array, nonce: Uint8Array, target: Uint8Array): boolean {
  const length = target.length - TAG_LENGTH
  const decipher = node.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAuthTag(target.subarray(length))
  const plaintext = decipher.update(target.subarray(0, length))
  try {
    decipher.final()
  } catch {
    return false
  }
  target.set(plaintext)
  return true
}

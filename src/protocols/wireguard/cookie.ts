/**
 * MAC1, MAC2 and cookies (paper §5.3, §5.4.4, §5.4.7): cheap proof that a stranger knows our public key, and,
 * under load, that it receives at the address it sends from.
 *
 *   initiator                               responder, under load
 *     initiation, mac1, no mac2  ─────────►   mac1 fits, mac2 does not
 *     CookieJar keeps it         ◄─────────   cookie reply: XAEAD(MAC(secret of 2 minutes, source))
 *     initiation, mac1, mac2     ─────────►   mac2 fits: one token of the source's bucket, then the handshake
 */
import type { Endpoint } from './endpoint.ts'
import { concat, equal, hash, mac, MAC_LENGTH, XNONCE_LENGTH, xaeadOpen, xaeadSeal } from './crypto.ts'
import { encodeCookieReply } from './messages.ts'
import type { CookieReply } from './messages.ts'
import { ascii } from './noise.ts'

const LABEL_MAC1 = ascii('mac1----')
const LABEL_COOKIE = ascii('cookie--')
export const COOKIE_SECRET_MAX_AGE_MS = 120_000
/** An initiator stops using a cookie this much earlier, so that it does not expire on the way. */
const COOKIE_SECRET_LATENCY_MS = 5_000

/** The receiving side's half, one per static key. */
export class CookieChecker {
  readonly #mac1Key: Uint8Array
  readonly #cookieKey: Uint8Array
  readonly #random: (length: number) => Uint8Array
  #secret: Uint8Array | undefined
  #secretMadeAt = 0

  constructor(publicKey: Uint8Array, random: (length: number) => Uint8Array) {
    this.#mac1Key = hash(LABEL_MAC1, publicKey)
    this.#cookieKey = hash(LABEL_COOKIE, publicKey)
    this.#random = random
  }

  hasMac1(datagram: Uint8Array): boolean {
    const at = datagram.length - 2 * MAC_LENGTH
    return equal(mac(this.#mac1Key, datagram.subarray(0, at)), datagram.subarray(at, at + MAC_LENGTH))
  }

  hasMac2(datagram: Uint8Array, from: Endpoint, nowMs: number): boolean {
    if (!this.#secret || nowMs - this.#secretMadeAt >= COOKIE_SECRET_MAX_AGE_MS) return false
    const at = datagram.length - MAC_LENGTH
    const cookie = mac(this.#secret, sourceOf(from))
    return equal(mac(cookie, datagram.subarray(0, at)), datagram.subarray(at))
  }

  /** The answer to a datagram whose MAC1 fits; `sender` is its sender index. */
  reply(datagram: Uint8Array, sender: number, from: Endpoint, nowMs: number): Uint8Array {
    if (!this.#secret || nowMs - this.#secretMadeAt >= COOKIE_SECRET_MAX_AGE_MS) {
      this.#secret = this.#random(32)
      this.#secretMadeAt = nowMs
    }
    const nonce = this.#random(XNONCE_LENGTH)
    const at = datagram.length - 2 * MAC_LENGTH
    const additionalData = datagram.subarray(at, at + MAC_LENGTH)
    const cookie = mac(this.#secret, sourceOf(from))
    return encodeCookieReply({
      receiver: sender,
      nonce,
      sealed: xaeadSeal({ key: this.#cookieKey, nonce, additionalData }, cookie),
    })
  }
}

/** The sending side's half, one per peer. */
export class CookieJar {
  readonly #mac1Key: Uint8Array
  readonly #cookieKey: Uint8Array
  #lastMac1: Uint8Array | undefined
  #cookie: Uint8Array | undefined
  #cookieAt = 0

  constructor(peerPublicKey: Uint8Array) {
    this.#mac1Key = hash(LABEL_MAC1, peerPublicKey)
    this.#cookieKey = hash(LABEL_COOKIE, peerPublicKey)
  }

  /** Writes both MACs into the last 32 bytes. */
  sign(datagram: Uint8Array, nowMs: number): void {
    const mac1At = datagram.length - 2 * MAC_LENGTH
    const mac1 = mac(this.#mac1Key, datagram.subarray(0, mac1At))
    datagram.set(mac1, mac1At)
    this.#lastMac1 = mac1
    if (!this.#cookie || nowMs - this.#cookieAt >= COOKIE_SECRET_MAX_AGE_MS - COOKIE_SECRET_LATENCY_MS) return
    const mac2At = mac1At + MAC_LENGTH
    datagram.set(mac(this.#cookie, datagram.subarray(0, mac2At)), mac2At)
  }

  /** False when the reply is not to the last message that we sent. The cookie serves the next one. */
  accept(reply: CookieReply, nowMs: number): boolean {
    if (!this.#lastMac1) return false
    const input = { key: this.#cookieKey, nonce: reply.nonce, additionalData: this.#lastMac1 }
    const cookie = xaeadOpen(input, reply.sealed)
    if (!cookie) return false
    this.#lastMac1 = undefined
    this.#cookie = cookie
    this.#cookieAt = nowMs
    return true
  }
}

/** Who may use the cookie: address and port. */
function sourceOf(from: Endpoint): Uint8Array {
  return concat(ascii(from.address), Uint8Array.of(from.port >>> 8, from.port))
}

/**
 * The handshakes with one peer, both roles at once: what must be remembered between messages (the pending
 * initiation, the latest timestamp, the cookie), and the rates of §5.1 and §6.4. It gives back datagrams and keys;
 * peer.ts makes sessions of them.
 *
 * An initiation of ours stays pending while we answer the peer's: of two that cross, both succeed.
 */
import { CookieJar } from './cookie.ts'
import { keyPairOf } from './crypto.ts'
import type { KeyPair } from './crypto.ts'
import type { DropReason } from './drop-reason.ts'
import { answerInitiation, readResponse, readTimestamp, startHandshake } from './handshake.ts'
import type { OpenedInitiation, PendingInitiation } from './handshake.ts'
import type { CookieReply, Response } from './messages.ts'
import type { NoiseKeys } from './noise.ts'
import { compareTimestamps, TIMESTAMP_LENGTH } from './tai64n.ts'
import { REKEY_TIMEOUT_MS } from './timers.ts'

/** §5.1: a peer that initiates more often than this is replaying or broken. */
const MIN_INITIATION_INTERVAL_MS = 20
const NO_KEY = new Uint8Array(32)

/** What the handshakes of a peer need of its device. */
export interface HandshakeContext {
  readonly random: (length: number) => Uint8Array
  /** Undefined while the device has no private key. */
  readonly keyPair: () => KeyPair | undefined
  readonly nextTimestamp: () => Uint8Array
  readonly claimIndex: () => number
  readonly releaseIndex: (index: number) => void
}

/** A handshake done, from our side. */
export interface Agreement {
  readonly kind: 'agreed'
  readonly keys: NoiseKeys
  readonly localIndex: number
  readonly remoteIndex: number
}

export interface Refusal {
  readonly kind: 'refused'
  readonly reason: DropReason
}

export class PeerHandshake {
  readonly #context: HandshakeContext
  readonly #publicKey: Uint8Array
  readonly #jar: CookieJar
  #presharedKey: Uint8Array = NO_KEY
  #staticShared: { readonly of: KeyPair; readonly value: Uint8Array | undefined } | undefined
  #pending: PendingInitiation | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #answeredAt = Number.NEGATIVE_INFINITY
  readonly #latestTimestamp = new Uint8Array(TIMESTAMP_LENGTH)

  constructor(publicKey: Uint8Array, context: HandshakeContext) {
    this.#publicKey = publicKey
    this.#context = context
    this.#jar = new CookieJar(publicKey)
  }

  /** 32 zero bytes: none. Counts from the next handshake on. Not a field, so that no dump of a peer shows it. */
  get presharedKey(): Uint8Array {
    return this.#presharedKey
  }

  set presharedKey(key: Uint8Array) {
    this.#presharedKey = key
  }

  /** §6.4: at most one initiation every REKEY_TIMEOUT. */
  mayStart(nowMs: number): boolean {
    return nowMs - this.#startedAt >= REKEY_TIMEOUT_MS
  }

  /** An initiation; an older one that still waits is given up. */
  start(nowMs: number): { readonly kind: 'send'; readonly datagram: Uint8Array } | Refusal {
    const local = this.#context.keyPair()
    const staticShared = this.#sharedWith(local)
    if (!local) return refused('no-private-key')
    if (!staticShared) return refused('wrong-handshake')
    this.abandon()
    const localIndex = this.#context.claimIndex()
    const started = startHandshake({
      ...{ local, staticShared, localIndex, remotePublicKey: this.#publicKey },
      ephemeral: keyPairOf(this.#context.random(32)),
      timestamp: this.#context.nextTimestamp(),
    })
    if (!started) {
      this.#context.releaseIndex(localIndex)
      return refused('wrong-handshake')
    }
    this.#pending = started.pending
    this.#startedAt = nowMs
    this.#jar.sign(started.datagram, nowMs)
    return { kind: 'send', datagram: started.datagram }
  }

  /** The response to the pending initiation. */
  finish(response: Response): Agreement | Refusal {
    const pending = this.#pending
    if (pending?.localIndex !== response.receiver) return refused('unknown-index')
    const keys = readResponse(pending, response, this.#presharedKey)
    if (!keys) return refused('wrong-handshake')
    // The index goes on as the session's.
    this.#pending = undefined
    return { kind: 'agreed', keys, localIndex: pending.localIndex, remoteIndex: response.sender }
  }

  /** The answer to an initiation that claims this peer's key. */
  answer(opened: OpenedInitiation, nowMs: number): (Agreement & { readonly datagram: Uint8Array }) | Refusal {
    const shared = this.#sharedWith(this.#context.keyPair())
    const timestamp = shared && readTimestamp(opened, shared)
    if (!timestamp) return refused('wrong-handshake')
    if (compareTimestamps(timestamp, this.#latestTimestamp) <= 0) return refused('replayed-initiation')
    if (nowMs - this.#answeredAt < MIN_INITIATION_INTERVAL_MS) return refused('initiation-flood')
    this.#latestTimestamp.set(timestamp)
    this.#answeredAt = nowMs
    const localIndex = this.#context.claimIndex()
    const ephemeral = keyPairOf(this.#context.random(32))
    const answer = answerInitiation(opened, { ephemeral, presharedKey: this.#presharedKey, localIndex })
    if (!answer) {
      this.#context.releaseIndex(localIndex)
      return refused('wrong-handshake')
    }
    this.#jar.sign(answer.datagram, nowMs)
    return { kind: 'agreed', ...answer, localIndex, remoteIndex: opened.message.sender }
  }

  readCookieReply(reply: CookieReply, nowMs: number): DropReason | undefined {
    return this.#jar.accept(reply, nowMs) ? undefined : 'wrong-cookie-reply'
  }

  abandon(): void {
    if (this.#pending) this.#context.releaseIndex(this.#pending.localIndex)
    this.#pending = undefined
  }

  #sharedWith(local: KeyPair | undefined): Uint8Array | undefined {
    if (!local) return undefined
    if (this.#staticShared?.of !== local) {
      this.#staticShared = { of: local, value: local.dh(this.#publicKey) }
    }
    return this.#staticShared?.value
  }
}

function refused(reason: DropReason): Refusal {
  return { kind: 'refused', reason }
}

/**
 * One peer of a device: joins handshake.ts, keypairs.ts, timers.ts and cookie.ts, and queues packets until a
 * session exists. The device calls it with what arrives; what it wants to send it gives to its context.
 */
import type { Aead } from './aead.ts'
import { CookieJar } from './cookie.ts'
import { keyPairOf } from './crypto.ts'
import type { KeyPair } from './crypto.ts'
import type { DropReason } from './drop-reason.ts'
import type { Endpoint } from './endpoint.ts'
import { decodeKey } from './formats/index.ts'
import { answerInitiation, readResponse, readTimestamp, startHandshake } from './handshake.ts'
import type { OpenedInitiation, PendingInitiation } from './handshake.ts'
import { Keypairs } from './keypairs.ts'
import type { CookieReply, Response } from './messages.ts'
import { INITIATION_LENGTH, RESPONSE_LENGTH } from './messages.ts'
import type { NoiseKeys } from './noise.ts'
import { paddedLength, SEALED_OVERHEAD, Session } from './session.ts'
import { StagedPackets } from './staged-packets.ts'
import { compareTimestamps, TIMESTAMP_LENGTH } from './tai64n.ts'
import type { TimerEvent, Wake } from './timers.ts'
import {
  PeerTimers,
  REKEY_AFTER_TIME_RECEIVING_MS,
  REKEY_TIMEOUT_JITTER_MAX_MS,
  REKEY_TIMEOUT_MS,
} from './timers.ts'

/** §5.1: a peer that initiates more often than this is replaying or broken. */
const MIN_INITIATION_INTERVAL_MS = 20
const NO_KEY = new Uint8Array(32)

/** What a peer needs of its device. */
export interface PeerContext {
  readonly aead: Aead
  readonly random: (length: number) => Uint8Array
  readonly wallClockMs: () => number
  readonly wake: Wake
  readonly mtuBytes: () => number
  /** Undefined while the device has no private key. */
  readonly keyPair: () => KeyPair | undefined
  nextTimestamp(): Uint8Array
  claimIndex(peer: Peer): number
  releaseIndex(index: number): void
  emit(datagram: Uint8Array, to: Endpoint, peer: Peer): void
  drop(reason: DropReason): void
}

export class Peer {
  /** Base64. */
  readonly publicKey: string
  /** Where it is, as far as we know: configured, then learnt from every authentic datagram. */
  endpoint: Endpoint | undefined
  rxBytes = 0
  txBytes = 0
  /** Milliseconds since the epoch. */
  lastHandshakeMs: number | undefined
  readonly keypairs: Keypairs
  readonly timers: PeerTimers
  readonly #context: PeerContext
  readonly #publicBytes: Uint8Array
  readonly #jar: CookieJar
  readonly #staged = new StagedPackets()
  #presharedKey: Uint8Array = NO_KEY
  #staticShared: { readonly of: KeyPair; readonly value: Uint8Array | undefined } | undefined
  #pending: PendingInitiation | undefined
  #initiationSentAt = Number.NEGATIVE_INFINITY
  #initiationReadAt = Number.NEGATIVE_INFINITY
  #latestTimestamp = new Uint8Array(TIMESTAMP_LENGTH)
  #renewedWhileReceiving = false

  constructor(publicKey: string, context: PeerContext) {
    const bytes = decodeKey(publicKey)
    if (!bytes) throw new RangeError('not a WireGuard key')
    this.publicKey = publicKey
    this.#publicBytes = bytes
    this.#context = context
    this.#jar = new CookieJar(bytes)
    this.timers = new PeerTimers(context.wake)
    this.keypairs = new Keypairs((session) => context.releaseIndex(session.localIndex))
  }

  /** 32 zero bytes: none. Counts from the next handshake on. */
  set presharedKey(key: Uint8Array) {
    this.#presharedKey = key
  }

  get presharedKey(): Uint8Array {
    return this.#presharedKey
  }

  /** Sends what waits, or starts the handshake for it. */
  wakeUp(nowMs: number, persistentKeepalive: boolean): void {
    if (this.#staged.length > 0) this.#flushOrInitiate(nowMs)
    else if (persistentKeepalive) this.sendKeepalive(nowMs)
  }

  /** A packet that cannot be sealed now waits for a session. */
  stage(buffer: Uint8Array, offset: number, length: number, nowMs: number): void {
    if (!this.#staged.add(buffer, offset, length)) this.#context.drop('queue-overflow')
    this.#flushOrInitiate(nowMs)
  }

  /** Once per sealed datagram. */
  sealed(session: Session, datagramLength: number, nowMs: number): void {
    this.txBytes += datagramLength
    this.timers.dataSent(nowMs)
    if (session.wantsRekey(nowMs)) this.initiate(nowMs)
  }

  /** Once per authentic transport datagram. */
  opened(session: Session, datagramLength: number, from: Endpoint, nowMs: number): void {
    this.#heard(datagramLength, from, nowMs)
    if (this.keypairs.confirm(session)) {
      this.#handshakeComplete()
      this.#flushStaged(session, nowMs)
    }
    const { current } = this.keypairs
    if (current?.isInitiator && !this.#renewedWhileReceiving) {
      if (nowMs - current.createdAt < REKEY_AFTER_TIME_RECEIVING_MS) return
      this.#renewedWhileReceiving = true
      this.initiate(nowMs)
    }
  }

  sendKeepalive(nowMs: number): void {
    const session = this.keypairs.current
    if (!session?.maySend(nowMs)) this.initiate(nowMs)
    else this.#sendEmpty(session, nowMs)
  }

  /** A new handshake, unless one is on its way; that one then tries for the whole time again (§6.4). */
  initiate(nowMs: number): void {
    this.timers.handshakeStarted()
    if (nowMs - this.#initiationSentAt < REKEY_TIMEOUT_MS) return
    this.#sendInitiation(nowMs)
  }

  /** Answers an initiation that claims this peer's key; the reason if it is not to be answered. */
  readInitiation(opened: OpenedInitiation, from: Endpoint, nowMs: number): DropReason | undefined {
    const shared = this.#sharedWith(this.#context.keyPair())
    const timestamp = shared && readTimestamp(opened, shared)
    if (!timestamp) return 'wrong-handshake'
    if (compareTimestamps(timestamp, this.#latestTimestamp) <= 0) return 'replayed-initiation'
    if (nowMs - this.#initiationReadAt < MIN_INITIATION_INTERVAL_MS) return 'initiation-flood'
    this.#latestTimestamp.set(timestamp)
    this.#initiationReadAt = nowMs
    return this.#answer(opened, from, nowMs)
  }

  readResponse(response: Response, from: Endpoint, nowMs: number): DropReason | undefined {
    const pending = this.#pending
    if (pending?.localIndex !== response.receiver) return 'unknown-index'
    const keys = readResponse(pending, response, this.#presharedKey)
    if (!keys) return 'wrong-handshake'
    this.#pending = undefined
    const { localIndex } = pending
    const session = this.#newSession(keys, {
      localIndex,
      remoteIndex: response.sender,
      isInitiator: true,
      nowMs,
    })
    this.keypairs.addAsInitiator(session)
    this.#heard(RESPONSE_LENGTH, from, nowMs)
    this.#handshakeComplete()
    // The responder must not send on the new session before it has had something on it (paper §6.3).
    if (this.#staged.length === 0) this.#sendEmpty(session, nowMs)
    else this.#flushStaged(session, nowMs)
    return undefined
  }

  readCookieReply(reply: CookieReply, nowMs: number): DropReason | undefined {
    return this.#jar.accept(reply, nowMs) ? undefined : 'wrong-cookie-reply'
  }

  runTimers(nowMs: number): void {
    for (let event = this.timers.due(nowMs); event; event = this.timers.due(nowMs)) this.#run(event, nowMs)
  }

  /** Drops sessions and pending handshakes: the keys changed, or the peer goes. */
  forget(): void {
    this.keypairs.clear()
    this.#dropPending()
    this.#staticShared = undefined
  }

  #run(event: TimerEvent, nowMs: number): void {
    switch (event) {
      case 'retransmit-initiation':
        this.#sendInitiation(nowMs)
        break
      case 'give-up-handshake':
        this.#staged.take().forEach(() => this.#context.drop('handshake-timeout'))
        this.#dropPending()
        break
      case 'new-handshake':
        this.initiate(nowMs)
        break
      case 'send-keepalive':
      case 'persistent-keepalive':
        this.sendKeepalive(nowMs)
        break
      case 'zero-keys':
        this.keypairs.clear()
        this.#dropPending()
        break
    }
  }

  #sendInitiation(nowMs: number): void {
    const { random } = this.#context
    const local = this.#context.keyPair()
    const staticShared = this.#sharedWith(local)
    if (!local || !staticShared) return this.#context.drop('no-private-key')
    if (!this.endpoint) return this.#context.drop('no-endpoint')
    this.#dropPending()
    const localIndex = this.#context.claimIndex(this)
    const started = startHandshake({
      local,
      staticShared,
      localIndex,
      ephemeral: keyPairOf(random(32)),
      remotePublicKey: this.#publicBytes,
      timestamp: this.#context.nextTimestamp(),
    })
    if (!started) return this.#context.releaseIndex(localIndex)
    this.#pending = started.pending
    this.#initiationSentAt = nowMs
    this.timers.initiationSent(nowMs, (random(1)[0]! / 256) * REKEY_TIMEOUT_JITTER_MAX_MS)
    this.#sendSigned(started.datagram, this.endpoint, nowMs)
  }

  #answer(opened: OpenedInitiation, from: Endpoint, nowMs: number): DropReason | undefined {
    const localIndex = this.#context.claimIndex(this)
    const ephemeral = keyPairOf(this.#context.random(32))
    const answer = answerInitiation(opened, { ephemeral, presharedKey: this.#presharedKey, localIndex })
    if (!answer) {
      this.#context.releaseIndex(localIndex)
      return 'wrong-handshake'
    }
    const remoteIndex = opened.message.sender
    this.keypairs.addAsResponder(
      this.#newSession(answer.keys, { localIndex, remoteIndex, isInitiator: false, nowMs }),
    )
    this.#heard(INITIATION_LENGTH, from, nowMs)
    this.timers.responseSent(nowMs)
    this.#sendSigned(answer.datagram, from, nowMs)
    return undefined
  }

  #newSession(
    keys: NoiseKeys,
    about: { localIndex: number; remoteIndex: number; isInitiator: boolean; nowMs: number },
  ): Session {
    const { nowMs: createdAt, ...rest } = about
    this.timers.sessionDerived(createdAt)
    const { send, receive } = keys
    return new Session({ aead: this.#context.aead, send, receive, createdAt, ...rest })
  }

  #handshakeComplete(): void {
    this.timers.handshakeComplete()
    this.#renewedWhileReceiving = false
    this.lastHandshakeMs = this.#context.wallClockMs()
  }

  /** Roaming (paper §2.1): whatever is authentic tells where the peer is now. */
  #heard(datagramLength: number, from: Endpoint, nowMs: number): void {
    this.endpoint = from
    this.rxBytes += datagramLength
    this.timers.received(nowMs)
  }

  #flushOrInitiate(nowMs: number): void {
    const session = this.keypairs.current
    if (session?.maySend(nowMs) && this.endpoint) this.#flushStaged(session, nowMs)
    else this.initiate(nowMs)
  }

  #flushStaged(session: Session, nowMs: number): void {
    for (const { buffer, length } of this.#staged.take()) {
      const padded = paddedLength(length, this.#context.mtuBytes())
      this.#emitSealed(session, buffer, padded)
      this.sealed(session, padded + SEALED_OVERHEAD, nowMs)
    }
  }

  #sendEmpty(session: Session, nowMs: number): void {
    if (!this.endpoint) return
    this.#emitSealed(session, new Uint8Array(SEALED_OVERHEAD), 0)
    this.txBytes += SEALED_OVERHEAD
    this.timers.keepaliveSent(nowMs)
    if (session.wantsRekey(nowMs)) this.initiate(nowMs)
  }

  #emitSealed(session: Session, buffer: Uint8Array, length: number): void {
    if (!this.endpoint) return this.#context.drop('no-endpoint')
    session.seal(buffer, 0, length)
    this.#context.emit(buffer.subarray(0, length + SEALED_OVERHEAD), this.endpoint, this)
  }

  #sendSigned(datagram: Uint8Array, to: Endpoint, nowMs: number): void {
    this.#jar.sign(datagram, nowMs)
    this.txBytes += datagram.length
    this.#context.emit(datagram, to, this)
  }

  #dropPending(): void {
    if (this.#pending) this.#context.releaseIndex(this.#pending.localIndex)
    this.#pending = undefined
  }

  #sharedWith(local: KeyPair | undefined): Uint8Array | undefined {
    if (!local) return undefined
    if (this.#staticShared?.of !== local) {
      this.#staticShared = { of: local, value: local.dh(this.#publicBytes) }
    }
    return this.#staticShared?.value
  }
}

/**
 * One peer of a device: joins peer-handshake.ts, keypairs.ts and timers.ts, and queues packets until a session
 * exists. The device calls it with what arrives; what it wants to send it gives to its context.
 */
import type { Aead } from './aead.ts'
import type { DropReason } from './drop-reason.ts'
import type { Endpoint } from './endpoint.ts'
import { decodeKey } from './formats/index.ts'
import type { OpenedInitiation } from './handshake.ts'
import { Keypairs } from './keypairs.ts'
import { INITIATION_LENGTH, RESPONSE_LENGTH } from './messages.ts'
import type { Response } from './messages.ts'
import { PeerHandshake } from './peer-handshake.ts'
import type { Agreement, HandshakeContext } from './peer-handshake.ts'
import { paddedLength, SEALED_OVERHEAD, Session } from './session.ts'
import { StagedPackets } from './staged-packets.ts'
import { PeerTimers, REKEY_AFTER_TIME_RECEIVING_MS, REKEY_TIMEOUT_JITTER_MAX_MS } from './timers.ts'
import type { TimerEvent, Wake } from './timers.ts'

/** What a peer needs of its device. */
export interface PeerContext extends HandshakeContext {
  readonly aead: Aead
  readonly wallClockMs: () => number
  readonly wake: Wake
  readonly mtuBytes: () => number
  readonly emit: (datagram: Uint8Array, to: Endpoint) => void
  readonly drop: (reason: DropReason) => void
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
  readonly handshake: PeerHandshake
  readonly #context: PeerContext
  readonly #staged = new StagedPackets()
  #renewedWhileReceiving = false

  constructor(publicKey: string, context: PeerContext) {
    const bytes = decodeKey(publicKey)
    if (!bytes) throw new RangeError('not a WireGuard key')
    this.publicKey = publicKey
    this.#context = context
    this.handshake = new PeerHandshake(bytes, context)
    this.timers = new PeerTimers(context.wake)
    this.keypairs = new Keypairs((session) => context.releaseIndex(session.localIndex))
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
    if (this.handshake.mayStart(nowMs)) this.#sendInitiation(nowMs)
  }

  /** Answers an initiation that claims this peer's key; the reason if it is not to be answered. */
  readInitiation(opened: OpenedInitiation, from: Endpoint, nowMs: number): DropReason | undefined {
    const answer = this.handshake.answer(opened, nowMs)
    if (answer.kind === 'refused') return answer.reason
    this.keypairs.addAsResponder(this.#newSession(answer, false, nowMs))
    this.#heard(INITIATION_LENGTH, from, nowMs)
    this.timers.responseSent(nowMs)
    this.#emit(answer.datagram, from)
    return undefined
  }

  readResponse(response: Response, from: Endpoint, nowMs: number): DropReason | undefined {
    const finished = this.handshake.finish(response)
    if (finished.kind === 'refused') return finished.reason
    const session = this.#newSession(finished, true, nowMs)
    this.keypairs.addAsInitiator(session)
    this.#heard(RESPONSE_LENGTH, from, nowMs)
    this.#handshakeComplete()
    // The responder must not send on the new session before it has had something on it (paper §6.3).
    if (this.#staged.length === 0) this.#sendEmpty(session, nowMs)
    else this.#flushStaged(session, nowMs)
    return undefined
  }

  runTimers(nowMs: number): void {
    for (let event = this.timers.due(nowMs); event; event = this.timers.due(nowMs)) this.#run(event, nowMs)
  }

  /** Drops sessions and the pending handshake: the keys changed or are too old, or the peer goes. */
  forget(): void {
    this.keypairs.clear()
    this.handshake.abandon()
  }

  #run(event: TimerEvent, nowMs: number): void {
    switch (event) {
      case 'retransmit-initiation':
        this.#sendInitiation(nowMs)
        break
      case 'give-up-handshake':
        this.#staged.take().forEach(() => this.#context.drop('handshake-timeout'))
        this.handshake.abandon()
        break
      case 'new-handshake':
        this.initiate(nowMs)
        break
      case 'send-keepalive':
      case 'persistent-keepalive':
        this.sendKeepalive(nowMs)
        break
      case 'zero-keys':
        this.forget()
        break
    }
  }

  #sendInitiation(nowMs: number): void {
    if (!this.endpoint) return this.#context.drop('no-endpoint')
    const started = this.handshake.start(nowMs)
    if (started.kind === 'refused') return this.#context.drop(started.reason)
    this.timers.initiationSent(nowMs, (this.#context.random(1)[0]! / 256) * REKEY_TIMEOUT_JITTER_MAX_MS)
    this.#emit(started.datagram, this.endpoint)
  }

  #newSession({ keys, localIndex, remoteIndex }: Agreement, isInitiator: boolean, nowMs: number): Session {
    this.timers.sessionDerived(nowMs)
    const { send, receive } = keys
    const { aead } = this.#context
    return new Session({ aead, send, receive, localIndex, remoteIndex, isInitiator, createdAt: nowMs })
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
      this.#emitSealed(session, buffer, paddedLength(length, this.#context.mtuBytes()))
      this.timers.dataSent(nowMs)
    }
    if (session.wantsRekey(nowMs)) this.initiate(nowMs)
  }

  #sendEmpty(session: Session, nowMs: number): void {
    this.#emitSealed(session, new Uint8Array(SEALED_OVERHEAD), 0)
    this.timers.keepaliveSent(nowMs)
    if (session.wantsRekey(nowMs)) this.initiate(nowMs)
  }

  #emitSealed(session: Session, buffer: Uint8Array, length: number): void {
    if (!this.endpoint) return this.#context.drop('no-endpoint')
    session.seal(buffer, 0, length)
    this.#emit(buffer.subarray(0, length + SEALED_OVERHEAD), this.endpoint)
  }

  #emit(datagram: Uint8Array, to: Endpoint): void {
    this.txBytes += datagram.length
    this.#context.emit(datagram, to)
  }
}

/**
 * One keypair of transport keys (paper §5.4.6): counters, replay window, age. Sealing and opening happen in
 * the caller's buffer; nothing is copied and nothing allocated per packet.
 *
 * Counters are numbers: exact below 2^53, and REJECT_AFTER_MESSAGES is set below that.
 */
import type { Aead, AeadKey } from './aead.ts'
import { TAG_LENGTH } from './aead.ts'
import { readCounter, TRANSPORT_HEADER_LENGTH, writeTransportHeader } from './messages.ts'
import { ReplayWindow } from './replay-window.ts'

/** Paper §6.1. */
export const REKEY_AFTER_TIME_MS = 120_000
export const REJECT_AFTER_TIME_MS = 180_000
/** 2^60 in §6.1. */
export const REKEY_AFTER_MESSAGES = 2 ** 52
/** 2^64 - 2^13 - 1 in §6.1. */
export const REJECT_AFTER_MESSAGES = 2 ** 53 - 2 ** 13 - 1

export interface SessionSpec {
  readonly aead: Aead
  readonly send: Uint8Array
  readonly receive: Uint8Array
  readonly localIndex: number
  readonly remoteIndex: number
  readonly isInitiator: boolean
  readonly createdAt: number
}

export type OpenResult = 'ok' | 'expired-key' | 'wrong-tag' | 'replayed-counter'

export class Session {
  readonly localIndex: number
  readonly remoteIndex: number
  readonly isInitiator: boolean
  readonly createdAt: number
  readonly #send: AeadKey
  readonly #receive: AeadKey
  readonly #window = new ReplayWindow()
  #sent = 0

  constructor(spec: SessionSpec) {
    this.localIndex = spec.localIndex
    this.remoteIndex = spec.remoteIndex
    this.isInitiator = spec.isInitiator
    this.createdAt = spec.createdAt
    this.#send = spec.aead.key(spec.send)
    this.#receive = spec.aead.key(spec.receive)
  }

  maySend(nowMs: number): boolean {
    return nowMs - this.createdAt < REJECT_AFTER_TIME_MS && this.#sent < REJECT_AFTER_MESSAGES
  }

  /** §6.2: the initiator renews by time, both by messages. */
  wantsRekey(nowMs: number): boolean {
    return (
      this.#sent > REKEY_AFTER_MESSAGES || (this.isInitiator && nowMs - this.createdAt >= REKEY_AFTER_TIME_MS)
    )
  }

  /** The plaintext is at `offset + TRANSPORT_HEADER_LENGTH`; the header goes before it and the tag behind. */
  seal(buffer: Uint8Array, offset: number, length: number): void {
    const counter = this.#sent
    this.#sent = counter + 1
    writeTransportHeader(buffer, offset, this.remoteIndex, counter)
    this.#send.seal(buffer, offset + TRANSPORT_HEADER_LENGTH, length, counter)
  }

  /** The datagram is at `offset` and has at least a header and a tag. */
  open(buffer: Uint8Array, offset: number, length: number, nowMs: number): OpenResult {
    const counter = readCounter(buffer, offset + 8)
    if (counter < 0 || counter >= REJECT_AFTER_MESSAGES) return 'expired-key'
    if (nowMs - this.createdAt >= REJECT_AFTER_TIME_MS) return 'expired-key'
    const sealed = length - TRANSPORT_HEADER_LENGTH
    if (!this.#receive.open(buffer, offset + TRANSPORT_HEADER_LENGTH, sealed, counter)) return 'wrong-tag'
    return this.#window.accept(counter) ? 'ok' : 'replayed-counter'
  }

  dispose(): void {
    this.#send.dispose()
    this.#receive.dispose()
  }
}

/** Plaintext bytes that travel: a multiple of 16, but never beyond the MTU (paper §5.4.6). */
export function paddedLength(length: number, mtuBytes: number): number {
  const padded = (length + 15) & ~15
  return padded <= mtuBytes ? padded : Math.max(length, mtuBytes)
}

export const SEALED_OVERHEAD = TRANSPORT_HEADER_LENGTH + TAG_LENGTH

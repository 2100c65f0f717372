/**
 * The timers of one peer (paper §6). Events re-arm deadlines; `due` says which one has passed. Nothing runs
 * here by itself, and the jitter comes in as a number.
 *
 *   retransmit   REKEY_TIMEOUT + jitter after an initiation: again, up to REKEY_ATTEMPT_TIME (§6.4)
 *   keepalive    KEEPALIVE_TIMEOUT after receiving data without sending anything (§6.5)
 *   silence      KEEPALIVE_TIMEOUT + REKEY_TIMEOUT after sending data without hearing anything (§6.5)
 *   zero         3 × REJECT_AFTER_TIME after the last new session: forget the keys (§6.3)
 *   persistent   the user's interval after anything authentic, either way
 */
import { REJECT_AFTER_TIME_MS } from './session.ts'

export const REKEY_TIMEOUT_MS = 5_000
export const REKEY_ATTEMPT_TIME_MS = 90_000
export const KEEPALIVE_TIMEOUT_MS = 10_000
/** §6.1 asks for a random addition against two peers that start in step, forever. */
export const REKEY_TIMEOUT_JITTER_MAX_MS = 334
/** Retransmissions that fit into REKEY_ATTEMPT_TIME. */
const MAX_ATTEMPTS = REKEY_ATTEMPT_TIME_MS / REKEY_TIMEOUT_MS
/** §6.2: a receiver renews this long before the session would be rejected. */
export const REKEY_AFTER_TIME_RECEIVING_MS = REJECT_AFTER_TIME_MS - KEEPALIVE_TIMEOUT_MS - REKEY_TIMEOUT_MS

export type TimerEvent =
  | 'retransmit-initiation'
  | 'give-up-handshake'
  | 'send-keepalive'
  | 'new-handshake'
  | 'zero-keys'
  | 'persistent-keepalive'

/** The earliest deadline of a whole device, as a lower bound; timers pull it forward. */
export interface Wake {
  at: number
}

const OFF = Number.POSITIVE_INFINITY

export class PeerTimers {
  readonly #wake: Wake
  #retransmitAt = OFF
  #keepaliveAt = OFF
  #silenceAt = OFF
  #zeroAt = OFF
  #persistentAt = OFF
  #persistentMs = 0
  #attempts = 0

  constructor(wake: Wake) {
    this.#wake = wake
  }

  setPersistentKeepalive(intervalMs: number, nowMs: number): void {
    this.#persistentMs = intervalMs
    this.#persistentAt = intervalMs === 0 ? OFF : this.#arm(nowMs + intervalMs)
  }

  /** Somebody wants to send: the attempts count from now on. */
  handshakeStarted(): void {
    this.#attempts = 0
  }

  initiationSent(nowMs: number, jitterMs: number): void {
    this.#retransmitAt = this.#arm(nowMs + REKEY_TIMEOUT_MS + jitterMs)
    this.#sentAnything(nowMs)
  }

  /** A session is proven: the response was read, or the first data on it. */
  handshakeComplete(): void {
    this.#retransmitAt = OFF
    this.#attempts = 0
  }

  sessionDerived(nowMs: number): void {
    this.#zeroAt = this.#arm(nowMs + 3 * REJECT_AFTER_TIME_MS)
  }

  responseSent(nowMs: number): void {
    this.#sentAnything(nowMs)
  }

  keepaliveSent(nowMs: number): void {
    this.#sentAnything(nowMs)
  }

  dataSent(nowMs: number): void {
    this.#sentAnything(nowMs)
    if (this.#silenceAt === OFF) this.#silenceAt = this.#arm(nowMs + KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS)
  }

  /** Any authentic message, handshakes and keepalives too. */
  received(nowMs: number): void {
    this.#silenceAt = OFF
    if (this.#persistentMs > 0) this.#persistentAt = this.#arm(nowMs + this.#persistentMs)
  }

  dataReceived(nowMs: number): void {
    if (this.#keepaliveAt === OFF) this.#keepaliveAt = this.#arm(nowMs + KEEPALIVE_TIMEOUT_MS)
  }

  get persistentKeepaliveMs(): number {
    return this.#persistentMs
  }

  get nextDeadline(): number {
    return Math.min(this.#retransmitAt, this.#keepaliveAt, this.#silenceAt, this.#zeroAt, this.#persistentAt)
  }

  /** One event that is due, disarmed; call until there is none. */
  due(nowMs: number): TimerEvent | undefined {
    if (this.#retransmitAt <= nowMs) return this.#retransmit(nowMs)
    if (this.#silenceAt <= nowMs) {
      this.#silenceAt = OFF
      return 'new-handshake'
    }
    if (this.#keepaliveAt <= nowMs) {
      this.#keepaliveAt = OFF
      return 'send-keepalive'
    }
    if (this.#persistentAt <= nowMs) {
      this.#persistentAt = this.#arm(nowMs + this.#persistentMs)
      return 'persistent-keepalive'
    }
    if (this.#zeroAt <= nowMs) {
      this.#zeroAt = OFF
      return 'zero-keys'
    }
    return undefined
  }

  #retransmit(nowMs: number): TimerEvent {
    this.#retransmitAt = OFF
    this.#attempts += 1
    if (this.#attempts <= MAX_ATTEMPTS) return 'retransmit-initiation'
    this.#attempts = 0
    this.#keepaliveAt = OFF
    if (this.#zeroAt === OFF) this.#zeroAt = this.#arm(nowMs + 3 * REJECT_AFTER_TIME_MS)
    return 'give-up-handshake'
  }

  #sentAnything(nowMs: number): void {
    this.#keepaliveAt = OFF
    if (this.#persistentMs > 0) this.#persistentAt = this.#arm(nowMs + this.#persistentMs)
  }

  #arm(deadline: number): number {
    if (deadline < this.#wake.at) this.#wake.at = deadline
    return deadline
  }
}

/**
 * The three sessions that one peer may have at a time (paper §6.3).
 *
 *   initiator, response read:     new ──► current ──► previous      it may use the new one at once
 *   responder, response sent:     new ──► next                      the initiator may never have got it, so
 *   responder, first data on it:  next ──► current ──► previous     the old one sends until this proof
 */
import type { Session } from './session.ts'

export class Keypairs {
  readonly #retired: (session: Session) => void
  #previous: Session | undefined
  #current: Session | undefined
  #next: Session | undefined

  /** `retired` hears of every session that is no longer held. */
  constructor(retired: (session: Session) => void) {
    this.#retired = retired
  }

  get current(): Session | undefined {
    return this.#current
  }

  addAsInitiator(session: Session): void {
    const { current, next, previous } = { current: this.#current, next: this.#next, previous: this.#previous }
    // A pending session as the responder is kept: the peer may already use it (simultaneous initiation).
    this.#previous = next ?? current
    if (next) this.#retire(current)
    this.#retire(previous)
    this.#next = undefined
    this.#current = session
  }

  addAsResponder(session: Session): void {
    // A session that nobody confirmed cannot be needed once a newer initiation of the same peer came.
    this.#retire(this.#next)
    this.#next = session
  }

  /** Data arrived on `session`; true if that made it current. */
  confirm(session: Session): boolean {
    if (session !== this.#next) return false
    this.#retire(this.#previous)
    this.#previous = this.#current
    this.#current = session
    this.#next = undefined
    return true
  }

  find(localIndex: number): Session | undefined {
    if (this.#current?.localIndex === localIndex) return this.#current
    if (this.#next?.localIndex === localIndex) return this.#next
    if (this.#previous?.localIndex === localIndex) return this.#previous
    return undefined
  }

  clear(): void {
    for (const session of [this.#previous, this.#current, this.#next]) this.#retire(session)
    this.#previous = this.#current = this.#next = undefined
  }

  #retire(session: Session | undefined): void {
    if (!session) return
    session.dispose()
    this.#retired(session)
  }
}

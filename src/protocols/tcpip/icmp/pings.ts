/** Our own echo requests that wait for an answer: a bounded number of them, each until its time is up. */
import { addressesEqual } from '../../addresses/index.ts'
import type { PingOptions } from '../stack-api.ts'

export const MAX_PINGS = 256

interface Ping {
  readonly remote: Uint8Array
  readonly timeoutMs: number
  readonly onReply: PingOptions['onReply']
  readonly sequence: number
  /** Infinity until it was sent, or seen by `advance`. */
  deadline: number
  sentAt: number | undefined
}

export class Pings {
  readonly #random: (length: number) => Uint8Array
  readonly #waiting = new Map<number, Ping>()
  #told: (() => void)[] = []

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
  }

  /** Its identifier, number, and what to call when it leaves; undefined: too many wait. */
  add(remote: Uint8Array, { timeoutMs, onReply }: PingOptions): AddedPing | undefined {
    if (this.#waiting.size >= MAX_PINGS) return undefined
    let identifier: number
    do identifier = this.#random16()
    while (this.#waiting.has(identifier))
    const sequence = this.#random16()
    const deadline = Number.POSITIVE_INFINITY
    const ping: Ping = { remote, timeoutMs, onReply, sequence, deadline, sentAt: undefined }
    this.#waiting.set(identifier, ping)
    const onSent = (nowMs: number): void => {
      ping.sentAt = nowMs
      ping.deadline = nowMs + timeoutMs
    }
    return { identifier, sequence, onSent }
  }

  /** True when it was the answer to one of ours. */
  // oxlint-disable-next-line eslint/max-params -- the four fields that make it ours
  answer(remote: Uint8Array, identifier: number, sequence: number, nowMs: number): boolean {
    const ping = this.#find(remote, identifier, sequence)
    if (ping?.sentAt === undefined) return false
    this.#end(identifier, nowMs - ping.sentAt)
    return true
  }

  /** An ICMP error about one of ours. */
  fail(remote: Uint8Array, identifier: number, sequence: number): void {
    if (this.#find(remote, identifier, sequence) !== undefined) this.#end(identifier, undefined)
  }

  failAtOnce({ onReply }: PingOptions): void {
    this.#told.push(() => onReply(undefined))
  }

  advance(nowMs: number): void {
    if (this.#waiting.size === 0) return
    for (const [identifier, ping] of this.#waiting) {
      // Never sent, because nobody asks us to: its time begins now.
      if (ping.deadline === Number.POSITIVE_INFINITY) ping.deadline = nowMs + ping.timeoutMs
      if (ping.deadline <= nowMs) this.#end(identifier, undefined)
    }
  }

  nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    if (this.#waiting.size === 0) return next
    for (const { deadline } of this.#waiting.values()) next = Math.min(next, deadline)
    return next
  }

  notify(): void {
    if (this.#told.length === 0) return
    const told = this.#told
    this.#told = []
    for (const tell of told) tell()
  }

  failAll(): void {
    for (const identifier of this.#waiting.keys()) this.#end(identifier, undefined)
  }

  #find(remote: Uint8Array, identifier: number, sequence: number): Ping | undefined {
    const ping = this.#waiting.get(identifier)
    return ping?.sequence === sequence && addressesEqual(ping.remote, remote) ? ping : undefined
  }

  #end(identifier: number, roundTripMs: number | undefined): void {
    const ping = this.#waiting.get(identifier)
    this.#waiting.delete(identifier)
    if (ping !== undefined) this.#told.push(() => ping.onReply(roundTripMs))
  }

  #random16(): number {
    const bytes = this.#random(2)
    return (bytes[0]! << 8) | bytes[1]!
  }
}

export interface AddedPing {
  readonly identifier: number
  readonly sequence: number
  readonly onSent: (nowMs: number) => void
}

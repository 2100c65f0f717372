/**
 * Decides which handshake messages are worth a Diffie-Hellman (paper §5.3): MAC1 always; under load also MAC2,
 * for want of which a cookie reply is made, and then a token of the source's bucket.
 */
import type { CookieChecker } from './cookie.ts'
import type { Endpoint } from './endpoint.ts'
import type { Initiation, Response } from './messages.ts'
import { LoadMeter, RateLimiter } from './rate-limit.ts'

export type Admission =
  | { readonly kind: 'admit' }
  | { readonly kind: 'refuse'; readonly reason: 'wrong-mac1' | 'rate-limited' }
  | { readonly kind: 'ask-cookie'; readonly reply: Uint8Array }

const ADMIT: Admission = { kind: 'admit' }

export interface Arrival {
  readonly datagram: Uint8Array
  readonly message: Initiation | Response
  readonly from: Endpoint
  readonly nowMs: number
}

export class Gatekeeper {
  readonly #meter: LoadMeter
  readonly #limiter = new RateLimiter()

  constructor(underLoadAbove: number) {
    this.#meter = new LoadMeter(underLoadAbove)
  }

  admit(checker: CookieChecker, { datagram, message, from, nowMs }: Arrival): Admission {
    if (!checker.hasMac1(datagram)) return { kind: 'refuse', reason: 'wrong-mac1' }
    if (!this.#meter.count(nowMs)) return ADMIT
    if (!checker.hasMac2(datagram, from, nowMs)) {
      return { kind: 'ask-cookie', reply: checker.reply(datagram, message.sender, from, nowMs) }
    }
    return this.#limiter.allow(from.address, nowMs) ? ADMIT : { kind: 'refuse', reason: 'rate-limited' }
  }
}

/**
 * The server's side of a SOCKS5 handshake (RFC 1928, RFC 1929) as a state machine: bytes of a client go in, one at a
 * time if need be, and what to do comes out. It takes exactly the bytes of the handshake: what follows is not its own.
 *
 *   greeting  05 n methods[n]            → 05 method
 *   password  01 n name[n] m secret[m]   → 01 status            where there are users
 *   request   05 cmd 00 atyp addr port   → somebody else's to answer
 */
import { decodeSocksAddress, type SocksAddress, socksAddressBytes } from './socks-address.ts'

export type SocksStep =
  /** More bytes are needed. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'request'; readonly command: 'connect' | 'udp-associate'; readonly target: SocksAddress }
  /** Send this, if there is any, and close. */
  | { readonly kind: 'refuse'; readonly bytes: Uint8Array; readonly reason: SocksRefusal }

export type SocksRefusal = 'malformed' | 'authentication' | 'unsupported'

/** Of a reply (RFC 1928 §6). */
export const SOCKS_REPLY = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const

const VERSION = 5
const PASSWORD_VERSION = 1
const NO_AUTHENTICATION = 0
const USERNAME_PASSWORD = 2
const NO_ACCEPTABLE_METHODS = 0xff
/** The largest message: 01 255 name[255] 255 secret[255]. */
const MAX_MESSAGE_BYTES = 513
const NOTHING = new Uint8Array(0)
const WAIT: SocksStep = { kind: 'wait' }

export interface SocksHandshakeOptions {
  /** Undefined: nobody has to say who they are. Takes the same time whatever is wrong. */
  readonly authenticate?: ((name: Uint8Array, password: Uint8Array) => boolean) | undefined
}

export class SocksHandshake {
  readonly #authenticate: SocksHandshakeOptions['authenticate']
  readonly #message = new Uint8Array(MAX_MESSAGE_BYTES)
  #length = 0
  #stage: 'greeting' | 'password' | 'request' | 'over' = 'greeting'

  constructor({ authenticate }: SocksHandshakeOptions = {}) {
    this.#authenticate = authenticate
  }

  /** How many of the bytes it took. Then `step` says what to do; until it says `wait`, it takes no more. */
  take(bytes: Uint8Array): number {
    let taken = 0
    while (taken < bytes.length && this.#stage !== 'over' && this.#missing() > 0) {
      const count = Math.min(this.#missing(), bytes.length - taken)
      this.#message.set(bytes.subarray(taken, taken + count), this.#length)
      this.#length += count
      taken += count
    }
    return taken
  }

  step(): SocksStep {
    if (this.#stage === 'over' || this.#missing() > 0) return WAIT
    const message = this.#message.subarray(0, this.#length)
    this.#length = 0
    switch (this.#stage) {
      case 'greeting':
        return this.#greeted(message)
      case 'password':
        return this.#identified(message)
      case 'request':
        return this.#requested(message)
    }
  }

  /** Bytes to the end of the message, as far as one can tell from what is there; 0: it is whole, or already wrong. */
  #missing(): number {
    if (this.#length > 0 && this.#message[0] !== this.#version()) return 0
    switch (this.#stage) {
      case 'greeting':
        return this.#length < 2 ? 2 - this.#length : 2 + this.#at(1) - this.#length
      case 'password': {
        if (this.#length < 2) return 2 - this.#length
        const name = this.#at(1)
        return this.#length < 3 + name
          ? 3 + name - this.#length
          : 3 + name + this.#at(2 + name) - this.#length
      }
      case 'request': {
        // Five bytes say how long the address is: its type, and for a name its length.
        if (this.#length < 5) return 5 - this.#length
        const address = socksAddressBytes(this.#at(3), this.#at(4))
        return address === undefined ? 0 : 3 + address - this.#length
      }
      case 'over':
        return 0
    }
  }

  #version(): number {
    return this.#stage === 'password' ? PASSWORD_VERSION : VERSION
  }

  #at(index: number): number {
    return this.#message[index] ?? 0
  }

  #greeted(message: Uint8Array): SocksStep {
    // Another protocol: SOCKS4, HTTP. It would not understand an answer.
    if (message[0] !== VERSION) return this.#refuse(NOTHING, 'malformed')
    const method = this.#authenticate === undefined ? NO_AUTHENTICATION : USERNAME_PASSWORD
    if (!message.subarray(2).includes(method))
      return this.#refuse(Uint8Array.of(VERSION, NO_ACCEPTABLE_METHODS), 'authentication')
    this.#stage = this.#authenticate === undefined ? 'request' : 'password'
    return { kind: 'send', bytes: Uint8Array.of(VERSION, method) }
  }

  #identified(message: Uint8Array): SocksStep {
    if (message[0] !== PASSWORD_VERSION) return this.#refuse(NOTHING, 'malformed')
    const name = message.subarray(2, 2 + (message[1] ?? 0))
    const password = message.subarray(3 + name.length)
    const isKnown = this.#authenticate?.(name, password) ?? false
    message.fill(0)
    if (!isKnown) return this.#refuse(Uint8Array.of(PASSWORD_VERSION, 1), 'authentication')
    this.#stage = 'request'
    return { kind: 'send', bytes: Uint8Array.of(PASSWORD_VERSION, 0) }
  }

  #requested(message: Uint8Array): SocksStep {
    if (message[0] !== VERSION) return this.#refuse(NOTHING, 'malformed')
    if (socksAddressBytes(message[3] ?? 0, message[4] ?? 0) === undefined)
      return this.#refuse(socksReply(SOCKS_REPLY.addressTypeNotSupported), 'unsupported')
    const target = decodeSocksAddress(message, 3)
    if (target === undefined) return this.#refuse(socksReply(SOCKS_REPLY.generalFailure), 'malformed')
    const command = COMMANDS[message[1] ?? 0]
    if (command === undefined) return this.#refuse(socksReply(SOCKS_REPLY.commandNotSupported), 'unsupported')
    if (command === 'connect' && target.port === 0)
      return this.#refuse(socksReply(SOCKS_REPLY.generalFailure), 'malformed')
    this.#stage = 'over'
    return { kind: 'request', command, target }
  }

  #refuse(bytes: Uint8Array, reason: SocksRefusal): SocksStep {
    this.#stage = 'over'
    return { kind: 'refuse', bytes, reason }
  }
}

/** BIND (2) needs a port of ours that strangers inside the tunnel may connect to: refused. */
const COMMANDS: Readonly<Record<number, 'connect' | 'udp-associate'>> = { 1: 'connect', 3: 'udp-associate' }

/** `bound`: the address that the client is told, from encodeSocksAddress. */
export function socksReply(code: number, bound: Uint8Array = Uint8Array.of(1, 0, 0, 0, 0, 0, 0)): Uint8Array {
  return Uint8Array.of(VERSION, code, 0, ...bound)
}

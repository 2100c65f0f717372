/**
 * Handshake messages and cookie replies from the wire to the peer that they are for: past the gatekeeper, by
 * static key or by index. Says why when one goes nowhere.
 */
import type { DropReason } from './drop-reason.ts'
import type { Endpoint } from './endpoint.ts'
import { encodeKey } from './formats/index.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { openInitiation } from './handshake.ts'
import type { Identity } from './identity.ts'
import type { IndexTable } from './index-table.ts'
import { decodeMessage } from './messages.ts'
import type { CookieReply, Initiation, Response } from './messages.ts'
import type { Peer } from './peer.ts'

export interface HandshakeReceiverOptions {
  readonly gatekeeper: Gatekeeper
  readonly indices: IndexTable<Peer>
  readonly peers: ReadonlyMap<string, Peer>
  /** Undefined while the device has no private key. */
  readonly identity: () => Identity | undefined
  readonly sendCookie: (datagram: Uint8Array, to: Endpoint) => void
}

export class HandshakeReceiver {
  readonly #options: HandshakeReceiverOptions

  constructor(options: HandshakeReceiverOptions) {
    this.#options = options
  }

  /** Undefined: it was taken. */
  receive(datagram: Uint8Array, from: Endpoint, nowMs: number): DropReason | undefined {
    const message = decodeMessage(datagram)
    if (message === undefined || message.kind === 'transport') return 'malformed'
    if (message.kind === 'cookie-reply') return this.#receiveCookie(message, nowMs)
    const identity = this.#options.identity()
    if (!identity) return 'no-private-key'
    const admission = this.#options.gatekeeper.admit(identity.checker, { datagram, message, from, nowMs })
    if (admission.kind === 'refuse') return admission.reason
    if (admission.kind === 'ask-cookie') {
      this.#options.sendCookie(admission.reply, from)
      return 'cookie-required'
    }
    return message.kind === 'response'
      ? this.#receiveResponse(message, from, nowMs)
      : this.#receiveInitiation(identity, message, from, nowMs)
  }

  #receiveCookie(reply: CookieReply, nowMs: number): DropReason | undefined {
    const peer = this.#options.indices.find(reply.receiver)
    return peer ? peer.handshake.readCookieReply(reply, nowMs) : 'unknown-index'
  }

  #receiveResponse(response: Response, from: Endpoint, nowMs: number): DropReason | undefined {
    const peer = this.#options.indices.find(response.receiver)
    return peer ? peer.readResponse(response, from, nowMs) : 'unknown-index'
  }

  #receiveInitiation(
    identity: Identity,
    initiation: Initiation,
    from: Endpoint,
    nowMs: number,
  ): DropReason | undefined {
    const opened = openInitiation(identity.keyPair, initiation)
    if (!opened) return 'wrong-handshake'
    const peer = this.#options.peers.get(encodeKey(opened.claimedPublicKey))
    return peer ? peer.readInitiation(opened, from, nowMs) : 'unknown-peer'
  }
}

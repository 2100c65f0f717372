/**
 * Initial sequence numbers by RFC 6528: a clock of 4 µs and a keyed hash of the connection's ends, so that nobody else
 * can guess them and a connection between the same ends starts beyond its predecessor. Timestamps start likewise at a
 * secret place for each pair of ends (RFC 7323 §5.4, §7.1).
 */
import { sipHash } from './siphash.ts'

const TICKS_PER_MS = 250

export class InitialNumbers {
  readonly #sequenceKey: Uint8Array
  readonly #timestampKey: Uint8Array
  readonly #input = new Uint8Array(36)

  constructor(random: (length: number) => Uint8Array) {
    this.#sequenceKey = random(16).slice()
    this.#timestampKey = random(16).slice()
  }

  sequence(c: ConnectionEnds, nowMs: number): number {
    return (sipHash(this.#sequenceKey, this.#ends(c)) + Math.floor(nowMs * TICKS_PER_MS)) | 0
  }

  timestampOffset(c: ConnectionEnds): number {
    return sipHash(this.#timestampKey, this.#ends(c))
  }

  #ends(c: ConnectionEnds): Uint8Array {
    const input = this.#input.fill(0)
    input.set(c.local, 0)
    input.set(c.remote, 16)
    input[32] = c.localPort >> 8
    input[33] = c.localPort
    input[34] = c.remotePort >> 8
    input[35] = c.remotePort
    return input
  }
}

/** A connection is known by these four. */
export interface ConnectionEnds {
  readonly local: Uint8Array
  readonly localPort: number
  readonly remote: Uint8Array
  readonly remotePort: number
}

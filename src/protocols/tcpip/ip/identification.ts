/**
 * Identifications of datagrams that may be fragmented. IPv4 has 16 bits: a number must not come again soon (RFC 6864
 * §4.3) and must not be guessed (RFC 7739 §3), so a counter goes through a keyed permutation, four Feistel rounds with
 * random tables, and the key changes once all 65,536 were used. IPv6 has 32 bits: random ones (RFC 7739 §5.1).
 */
const ROUNDS = 4

export class Identifications {
  readonly #random: (length: number) => Uint8Array
  #tables: Uint8Array | undefined
  #counter = 0

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
  }

  next(family: 4 | 6): number {
    if (family === 6) {
      const bytes = this.#random(4)
      return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
    }
    if (this.#counter === 0) this.#tables = this.#random(ROUNDS * 256)
    const tables = this.#tables!
    let left = this.#counter >> 8
    let right = this.#counter & 0xff
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = left ^ tables[round * 256 + right]!
      left = right
      right = mixed
    }
    this.#counter = (this.#counter + 1) & 0xffff
    return (left << 8) | right
  }
}

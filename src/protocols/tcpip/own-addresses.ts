/** The addresses that the stack answers to, and which of them it uses towards whom (RFC 6724 §5, rules 2 and 8). */
import { addressesEqual, parseAddress } from '../addresses/index.ts'

export class OwnAddresses {
  #all: readonly Uint8Array[] = []

  constructor(texts: readonly string[]) {
    this.set(texts)
  }

  /** Throws RangeError: whoever configures a stack has checked them. */
  set(texts: readonly string[]): void {
    this.#all = texts.map((text) => {
      const bytes = parseAddress(text)
      if (bytes === undefined) throw new RangeError(`not an address: ${text}`)
      return bytes
    })
  }

  has(address: Uint8Array): boolean {
    for (let index = 0; index < this.#all.length; index++)
      if (addressesEqual(this.#all[index]!, address)) return true
    return false
  }

  /** Of the same family: of the same scope if there is one, then with the longest common prefix, then the first. */
  sourceFor(remote: Uint8Array): Uint8Array | undefined {
    let best: Uint8Array | undefined
    let bestScore = -1
    for (const own of this.#all) {
      if (own.length !== remote.length) continue
      const sameScope = isLinkLocal(own) === isLinkLocal(remote)
      const score = (sameScope ? 256 : 0) + commonPrefixBits(own, remote)
      if (score <= bestScore) continue
      best = own
      bestScore = score
    }
    return best
  }
}

/** fe80::/10, 169.254.0.0/16. */
function isLinkLocal(address: Uint8Array): boolean {
  return address.length === 4
    ? address[0] === 169 && address[1] === 254
    : address[0] === 0xfe && (address[1]! & 0xc0) === 0x80
}

function commonPrefixBits(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length; index++) {
    const difference = a[index]! ^ b[index]!
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return a.length * 8
}

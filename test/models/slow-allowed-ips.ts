/**
 * Cryptokey routing as a list that is searched from end to end; addresses are strings of bits. The twin of
 * allowed-ips.ts. A prefix is given as its bits, so that parsing is not part of the comparison.
 */

export class SlowAllowedIps<Owner> {
  #entries: { readonly bits: string; readonly owner: Owner }[] = []

  insert(bits: string, owner: Owner): void {
    this.#entries = this.#entries.filter((entry) => entry.bits !== bits)
    this.#entries.push({ bits, owner })
  }

  remove(bits: string, owner: Owner): void {
    this.#entries = this.#entries.filter((entry) => entry.bits !== bits || entry.owner !== owner)
  }

  removeAll(owner: Owner): void {
    this.#entries = this.#entries.filter((entry) => entry.owner !== owner)
  }

  lookup(address: string): Owner | undefined {
    const matches = this.#entries.filter((entry) => address.startsWith(entry.bits))
    return matches.toSorted((a, b) => b.bits.length - a.bits.length)[0]?.owner
  }

  prefixesOf(owner: Owner): string[] {
    return this.#entries.filter((entry) => entry.owner === owner).map((entry) => entry.bits)
  }
}

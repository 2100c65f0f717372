/**
 * Connections by their ends. The hash is keyed, so that strangers cannot choose ports that all fall together; who was
 * looked up last is looked at first, because packets come in bursts.
 */
import type { ConnectionEnds } from './initial-numbers.ts'

/** Connections with the same hash form a chain. */
export interface TableEntry extends ConnectionEnds {
  tableHash: number
  tableNext: this | undefined
}

export class ConnectionTable<T extends TableEntry> {
  readonly #chains = new Map<number, T>()
  readonly #seed: number
  #latest: T | undefined
  size = 0

  constructor(seed: Uint8Array) {
    this.#seed = new DataView(seed.buffer, seed.byteOffset, 4).getInt32(0)
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  find(local: Uint8Array, localPort: number, remote: Uint8Array, remotePort: number): T | undefined {
    const latest = this.#latest
    if (latest !== undefined && isBetween(latest, local, localPort, remote, remotePort)) return latest
    let entry = this.#chains.get(this.#hash(local, localPort, remote, remotePort))
    while (entry !== undefined) {
      if (isBetween(entry, local, localPort, remote, remotePort)) {
        this.#latest = entry
        return entry
      }
      entry = entry.tableNext
    }
    return undefined
  }

  add(entry: T): void {
    const hash = this.#hash(entry.local, entry.localPort, entry.remote, entry.remotePort)
    entry.tableHash = hash
    entry.tableNext = this.#chains.get(hash)
    this.#chains.set(hash, entry)
    this.size += 1
  }

  remove(entry: T): void {
    if (this.#latest === entry) this.#latest = undefined
    const first = this.#chains.get(entry.tableHash)
    if (first === entry) {
      if (entry.tableNext === undefined) this.#chains.delete(entry.tableHash)
      else this.#chains.set(entry.tableHash, entry.tableNext)
    } else {
      let before = first
      while (before !== undefined && before.tableNext !== entry) before = before.tableNext
      if (before === undefined) return
      before.tableNext = entry.tableNext
    }
    entry.tableNext = undefined
    this.size -= 1
  }

  /** A copy: they may be removed meanwhile. */
  all(): T[] {
    const found: T[] = []
    for (const first of this.#chains.values())
      for (let entry: T | undefined = first; entry !== undefined; entry = entry.tableNext) found.push(entry)
    return found
  }

  // oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
  #hash(local: Uint8Array, localPort: number, remote: Uint8Array, remotePort: number): number {
    let hash = this.#seed ^ Math.imul((remotePort << 16) | localPort, 0x9e3779b1)
    for (let index = 0; index < remote.length; index++)
      hash = Math.imul(hash ^ remote[index]! ^ (local[index]! << 8), 0x85ebca6b) ^ (hash >>> 15)
    return Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  }
}

// oxlint-disable-next-line eslint/max-params -- once per packet: an options object would be garbage
function isBetween(
  entry: ConnectionEnds,
  local: Uint8Array,
  localPort: number,
  remote: Uint8Array,
  remotePort: number,
): boolean {
  if (entry.remotePort !== remotePort || entry.localPort !== localPort) return false
  const entryLocal = entry.local
  const entryRemote = entry.remote
  if (entryRemote.length !== remote.length) return false
  for (let index = 0; index < remote.length; index++)
    if (entryRemote[index] !== remote[index] || entryLocal[index] !== local[index]) return false
  return true
}

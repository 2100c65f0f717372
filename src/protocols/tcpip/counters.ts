/** Everything that is counted, by name. A drop is counted as `dropped-` and its reason. */
import type { StackDrop } from './stack-api.ts'

export class Counters {
  readonly #counts: Record<string, number> = Object.create(null) as Record<string, number>
  receivedPackets = 0
  receivedBytes = 0
  sentPackets = 0
  sentBytes = 0

  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }

  drop(reason: StackDrop): void {
    this.count(DROPPED[reason])
  }

  read(): Readonly<Record<string, number>> {
    return {
      'received-packets': this.receivedPackets,
      'received-bytes': this.receivedBytes,
      'sent-packets': this.sentPackets,
      'sent-bytes': this.sentBytes,
      ...this.#counts,
    }
  }
}

/** Written out: putting the name together would be garbage for each packet of a flood. */
const DROPPED: Readonly<Record<StackDrop, string>> = {
  malformed: 'dropped-malformed',
  checksum: 'dropped-checksum',
  'not-for-us': 'dropped-not-for-us',
  'bad-source': 'dropped-bad-source',
  'unknown-protocol': 'dropped-unknown-protocol',
  'no-listener': 'dropped-no-listener',
  'fragment-limit': 'dropped-fragment-limit',
  'rate-limit': 'dropped-rate-limit',
  limit: 'dropped-limit',
  'out-of-window': 'dropped-out-of-window',
}

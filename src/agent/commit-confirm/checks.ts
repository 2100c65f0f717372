/** Who answered before a change, and who does since. */
import type { Endpoint } from '../../model/index.ts'
import type { Clock } from '../clock.ts'

export interface ChecksOptions {
  readonly answers: (target: Endpoint) => Promise<boolean>
  readonly clock: Clock
}

const ASK_MS = 1_000

export class Checks {
  readonly #o: ChecksOptions
  /** How an address is asked, if not by an echo request. */
  targets: ReadonlyMap<string, Endpoint> = new Map()
  #askAtMs = 0
  /** Of those who answered before, who has not answered since. */
  silent: readonly string[] = []

  constructor(o: ChecksOptions) {
    this.#o = o
  }

  /** Who of these answers now. */
  async who(addresses: readonly string[]): Promise<string[]> {
    const answered = await Promise.all(
      addresses.map((host) => this.#o.answers(this.targets.get(host) ?? { host, port: undefined })),
    )
    return addresses.filter((_, index) => answered[index])
  }

  /** Whoever answered before counts as silent until asked. */
  begin(answered: readonly string[]): void {
    this.silent = answered
    this.#askAtMs = 0
  }

  /** Those who are still silent, once a second. True when somebody is heard. */
  async ask(): Promise<boolean> {
    const { clock } = this.#o
    if (this.silent.length === 0 || clock.nowMs() < this.#askAtMs) return false
    this.#askAtMs = clock.nowMs() + ASK_MS
    const before = this.silent
    const heard = await this.who(before)
    this.silent = before.filter((address) => !heard.includes(address))
    return heard.length > 0
  }
}

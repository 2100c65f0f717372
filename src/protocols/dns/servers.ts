/** The servers that are asked, and what we remember about them: who answered last, and who has no EDNS. */
import { formatAddress, parseAddress } from '../addresses/index.ts'
import type { DnsServer } from './resolver-ports.ts'

export const DNS_PORT = 53

export interface KnownServer extends DnsServer {
  /** `unknown` until it answered a query with EDNS, or refused to because of it. */
  edns: 'unknown' | 'yes' | 'no'
}

export class Servers {
  readonly #all: readonly KnownServer[]
  #preferred = 0

  /** What is no address is left out. */
  constructor(servers: readonly (string | DnsServer)[]) {
    this.#all = servers.flatMap((server) => {
      const { address, port } = typeof server === 'string' ? { address: server, port: DNS_PORT } : server
      const bytes = parseAddress(address)
      return bytes === undefined ? [] : [{ address: formatAddress(bytes), port, edns: 'unknown' as const }]
    })
  }

  /** The one that answered last, then those that stand behind it in the list, round to its begin. */
  inOrder(): readonly KnownServer[] {
    return [...this.#all.slice(this.#preferred), ...this.#all.slice(0, this.#preferred)]
  }

  answered(server: KnownServer): void {
    this.#preferred = Math.max(0, this.#all.indexOf(server))
  }
}

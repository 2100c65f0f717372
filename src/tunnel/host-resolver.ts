/**
 * Names of peers' endpoints by this machine's own resolver (getaddrinfo: hosts files, DNS, whatever the system has).
 * Its order is kept: RFC 6724 sorts by what this machine has a source address and a route for, so IPv6 comes first
 * exactly where it may work.
 *
 * A lookup occupies one of the four threads that files are read by, for as long as a dead server makes it wait.
 */
import { lookup } from 'node:dns/promises'

/** At once, in this process. */
const MAX_LOOKUPS = 2

let running = 0
const waiting: (() => void)[] = []

export async function lookUpOnHost(host: string): Promise<readonly string[]> {
  if (running >= MAX_LOOKUPS) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    const found = await lookup(host, { all: true, order: 'verbatim' })
    return [...new Set(found.map(({ address }) => address))]
  } finally {
    running--
    waiting.shift()?.()
  }
}

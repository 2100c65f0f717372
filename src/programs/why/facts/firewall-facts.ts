/** nftables as it is, and what of other packet filters there is that we do not look into. */
import { readFileSync } from 'node:fs'
import type { FirewallFacts } from '../../../diagnosis/index.ts'
import { isKernelError, type Syscalls } from '../../../linux/index.ts'
import { NftablesSocket, readRuleset } from '../../../linux/nftables/index.ts'

/** A Kubernetes node has tens of thousands; they are its own to explain. */
const MAX_RULES = 5000
/** A kernel without nf_tables filters nothing with it. */
const NOT_THERE = ['EOPNOTSUPP', 'EPROTONOSUPPORT', 'EAFNOSUPPORT']

export function readFirewall(sys: Syscalls): FirewallFacts {
  const unseen = legacyTables()
  try {
    const socket = NftablesSocket.open(sys)
    try {
      const ruleset = readRuleset(socket, { maxRules: MAX_RULES })
      return ruleset === undefined
        ? { ruleset: null, unseen: [...unseen, `nftables (more than ${MAX_RULES} rules)`] }
        : { ruleset, unseen }
    } finally {
      socket.close()
    }
  } catch (error) {
    if (!isKernelError(error)) throw error
    if (NOT_THERE.includes(error.code)) return { ruleset: { chains: [], sets: [] }, unseen }
    return { ruleset: null, unseen: [...unseen, `nftables (${error.code})`] }
  }
}

/** What iptables made the old way, which nf_tables does not show. */
function legacyTables(): string[] {
  return [
    ['/proc/self/net/ip_tables_names', 'iptables-legacy'] as const,
    ['/proc/self/net/ip6_tables_names', 'ip6tables-legacy'] as const,
  ].flatMap(([path, name]) => {
    const tables = readIfThere(path).split('\n').filter(Boolean)
    return tables.length === 0 ? [] : [`${name} (${tables.join(', ')})`]
  })
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // this kernel has no such filter, or it is not ours to read
  }
}

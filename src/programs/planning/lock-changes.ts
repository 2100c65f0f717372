/** What a new lock remembers that the old one does not, or differently: one line per fact. Pure. */
import { type Allocations, type NodeAllocation, own } from '../../model/index.ts'

export interface LockChange {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly network: string
  readonly node: string
  readonly what: string
}

export function lockChanges(before: Allocations, after: Allocations): LockChange[] {
  const networks = union(before.networks, after.networks)
  return networks.flatMap((network) => {
    const old = own(before.networks, network)?.nodes ?? {}
    const now = own(after.networks, network)?.nodes ?? {}
    return union(old, now).flatMap((node) =>
      nodeChanges(own(old, node), own(now, node)).map((change) => ({ network, node, ...change })),
    )
  })
}

export function formatLockChanges(changes: readonly LockChange[]): string {
  const sign = { added: '+', removed: '-', changed: '~' }
  return changes
    .map(({ kind, network, node, what }) => `${sign[kind]} ${network} ${node}: ${what}\n`)
    .join('')
}

type Change = Pick<LockChange, 'kind' | 'what'>

function nodeChanges(old: NodeAllocation | undefined, now: NodeAllocation | undefined): Change[] {
  const facts = [factsOf(old), factsOf(now)] as const
  return union(Object.fromEntries(facts[0]), Object.fromEntries(facts[1])).flatMap((key): Change[] => {
    const [was, is] = [facts[0].get(key), facts[1].get(key)]
    if (was === is) return []
    if (was === undefined) return [{ kind: 'added', what: `${key} ${is}`.trimEnd() }]
    if (is === undefined) return [{ kind: 'removed', what: `${key} ${was}`.trimEnd() }]
    return [{ kind: 'changed', what: `${key} ${was} → ${is}` }]
  })
}

/** Each fact by its name, so that a value that changed is one line and not two. */
function factsOf(node: NodeAllocation | undefined): Map<string, string> {
  const facts = new Map<string, string>()
  if (!node) return facts
  for (const address of node.addresses) facts.set(`address ${address}`, '')
  if (node.publicKey !== undefined) facts.set('public key', node.publicKey)
  for (const one of node.interfaces) {
    facts.set(
      `interface${one.link === undefined ? '' : ` to ${one.link}`}`,
      `${one.name} port ${one.listenPort}`,
    )
  }
  return facts
}

function union(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()
}

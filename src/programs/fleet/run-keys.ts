/** What `warren keys` does. */
import { type Allocations, isKeyText, own, withPublicKey } from '../../model/index.ts'
import { CheckFailed } from '../exit.ts'
import { type MadePlan, makePlan } from '../planning/made-plan.ts'
import { nodesWithoutAgent } from '../planning/without-agent.ts'
import { writeLock } from '../planning/write-lock.ts'
import { paintFor } from '../terminal/paint.ts'
import { progressOf } from '../terminal/progress.ts'
import { formatTable } from '../terminal/table.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { inParallel } from './in-parallel.ts'
import { NodeCommandFailed, parseVia, runOnNode, type Via, type ViaOptions } from './via.ts'

export interface FleetOptions extends ViaOptions {
  readonly parallel: number
  readonly lock?: string
}

export interface KeysOptions extends FleetOptions {
  readonly acceptNewKeys?: boolean
}

export interface NodeKey {
  readonly network: string
  readonly node: string
  readonly publicKey: string
  readonly isNew: boolean
}

export async function runKeys(files: readonly string[], options: KeysOptions): Promise<void> {
  const via = parseVia(options)
  const made = await makePlan(files, options)
  const { keys, failed } = await fetchKeys(nodesWithOwnKeys(made), {
    via,
    parallel: options.parallel,
    known: made.result.allocations,
    acceptNewKeys: options.acceptNewKeys ?? false,
  })
  if (keys.length === 0 && failed.length > 0)
    throw new CheckFailed(`no key from ${failed.join(', ')}; ${made.lockFile} is as it was`)
  writeLock(made, withKeys(made.result.allocations, keys))
  const paint = paintFor(standardOutput())
  const rows = keys.map((key) => [
    key.node,
    key.network,
    key.publicKey,
    key.isNew ? paint.green('new') : 'known',
  ])
  standardOutput().write(formatTable(['NODE', 'NETWORK', 'PUBLIC KEY', ''], rows, paint))
  if (failed.length > 0)
    throw new CheckFailed(`no key from ${failed.join(', ')}; the others are in ${made.lockFile}`)
}

export function withKeys(allocations: Allocations, keys: readonly NodeKey[]): Allocations {
  let result = allocations
  for (const key of keys) if (key.isNew) result = withPublicKey(result, key)
  return result
}

/** Node → networks for which it makes its own key. */
export function nodesWithOwnKeys({
  objects,
  result,
}: Pick<MadePlan, 'objects' | 'result'>): Map<string, string[]> {
  const wanted = new Map<string, string[]>()
  const withoutAgent = nodesWithoutAgent(objects)
  for (const intent of result.intents.values()) {
    const own = intent.interfaces.filter(
      (one) => one.privateKey.kind === 'node' && one.owner.kind === 'WireGuardNetworkPlan',
    )
    const networks = new Set(own.map((one) => `${one.owner.namespace}/${one.owner.name}`))
    if (networks.size > 0 && !withoutAgent.has(intent.node)) wanted.set(intent.node, [...networks])
  }
  return wanted
}

export interface FetchKeysOptions {
  readonly via: Via
  readonly parallel: number
  readonly known: Allocations
  readonly acceptNewKeys: boolean
}

export async function fetchKeys(
  wanted: ReadonlyMap<string, readonly string[]>,
  { via, parallel, known, acceptNewKeys }: FetchKeysOptions,
): Promise<{ keys: NodeKey[]; failed: string[] }> {
  const progress = progressOf(wanted.size)
  const outcomes = await inParallel([...wanted.keys()], {
    limit: parallel,
    isExpected: (error) => error instanceof NodeCommandFailed,
    run: async (node) => {
      const keys: NodeKey[] = []
      for (const network of wanted.get(node) ?? []) {
        const publicKey = await askForKey(node, network, via)
        const pinned = own(own(known.networks, network)?.nodes, node)?.publicKey
        if (pinned !== undefined && pinned !== publicKey && !acceptNewKeys)
          throw pinnedKeyDiffers(node, network)
        keys.push({ network, node, publicKey, isNew: pinned !== publicKey })
      }
      return keys
    },
    onOutcome: (outcome) => {
      if (outcome.kind === 'failed') progress.failed(outcome.node, outcome.reason)
      else progress.done(outcome.node, outcome.value.some((key) => key.isNew) ? 'new key' : 'known key')
    },
  })
  return {
    keys: outcomes.flatMap((outcome) => (outcome.kind === 'done' ? outcome.value : [])),
    failed: outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.node] : [])),
  }
}

async function askForKey(node: string, network: string, via: Via): Promise<string> {
  const answer = (await runOnNode(node, via, { args: ['node', 'key', '--network', network] })).trim()
  if (!isKeyText(answer)) throw new NodeCommandFailed(node, 'answered with something that is no public key')
  return answer
}

function pinnedKeyDiffers(node: string, network: string): NodeCommandFailed {
  return new NodeCommandFailed(
    node,
    `its key for ${network} is not the one that the lock remembers (PinnedKeyDiffers); if the node was set up anew, say --accept-new-keys`,
  )
}

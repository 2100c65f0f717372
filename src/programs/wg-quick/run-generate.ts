/** What `warren generate` does: plan, keys for those who have none, plan again with them, files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  type Allocations,
  type NodeIntent,
  own,
  type Problem,
  type WireGuardIntent,
} from '../../model/index.ts'
import { plan, type PlanResult } from '../../plan/index.ts'
import { formatWgConfig, type WgConfig } from '../../protocols/wireguard/formats/index.ts'
import { BadInput } from '../exit.ts'
import { hasErrors, type Inputs, readInputs } from '../files/inputs.ts'
import { keyFileName } from '../files/key-file-name.ts'
import { checkDirectory, makePrivateDirectory } from '../files/make-directory.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { intentOf, warn } from '../planning/made-plan.ts'
import { nodesWithoutAgent } from '../planning/without-agent.ts'
import { writeLock } from '../planning/write-lock.ts'
import { someNodes } from '../terminal/some-of.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { broughtKey } from './brought-keys.ts'
import { configOfIntent, type ConfigOptions } from './config-of-intent.ts'
import { KeyRing } from './key-ring.ts'
import { whatWgQuickLacks } from './what-is-missing.ts'

export interface GenerateOptions {
  readonly out: string
  readonly peer?: string
  readonly qr?: boolean
  readonly direct?: boolean
  readonly write?: boolean
  readonly lock?: string
}

interface WgFile {
  readonly node: string
  readonly path: string
  readonly config: WgConfig
}

export async function runGenerate(files: readonly string[], options: GenerateOptions): Promise<void> {
  if (options.qr && options.peer === undefined) throw new BadInput([QR_NEEDS_PEER])
  checkDirectory(options.out)
  const inputs = await readInputs(files, options)
  const ring = await KeyRing.open(options.out)
  const result = planWithKeys(inputs, { ring, only: options.peer })
  const intents = options.peer === undefined ? [...result.intents.values()] : [intentOf(result, options.peer)]
  const context = { inputs, ring, result, options, agentless: nodesWithoutAgent(inputs.objects) }
  const wanted = intents.flatMap((intent) => filesOf(intent, context))

  // Nothing was written until here; keys come before the files that use them.
  ring.save(options.out)
  const changed = wanted.filter((file) => writeConfig(file)).length
  if (options.write) writeLock(inputs, result.allocations)
  if (options.qr) await showQr(wanted)
  standardError().write(whatWgQuickLacks(intents))
  report(context, { files: wanted.length, nodes: intents.length, changed })
}

function planWithKeys(
  inputs: Inputs,
  { ring, only }: { ring: KeyRing; only: string | undefined },
): PlanResult {
  const first = plan(inputs.objects, inputs.allocations)
  if (hasErrors(first.problems)) throw new BadInput(first.problems)
  warn(first.problems)
  const keys = new Map<string, Map<string, string>>()
  for (const { network, node } of first.publicKeysMissing) {
    const kept = only === undefined || only === node ? ring.getOrMake(network, node) : ring.get(network, node)
    if (!kept) continue
    const nodes = keys.get(network) ?? new Map<string, string>()
    keys.set(network, nodes.set(node, kept.publicKey))
  }
  const allocations = withPublicKeys(first.allocations, keys)
  const result = first.publicKeysMissing.length === 0 ? first : plan(inputs.objects, allocations)
  if (hasErrors(result.problems)) throw new BadInput(result.problems)
  return result
}

/** All at once: one by one would copy the network for each of its nodes. */
function withPublicKeys(
  { networks }: Allocations,
  keys: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Allocations {
  const changed = [...keys].map(([network, publicKeys]) => {
    const known = own(networks, network)?.nodes ?? {}
    const nodes = [...publicKeys].map(([node, publicKey]) => {
      const { addresses = [], interfaces = [] } = own(known, node) ?? {}
      return [node, { addresses, publicKey, interfaces }] as const
    })
    return [network, { nodes: { ...known, ...Object.fromEntries(nodes) } }] as const
  })
  return { networks: { ...networks, ...Object.fromEntries(changed) } }
}

interface FileContext {
  readonly inputs: Inputs
  readonly ring: KeyRing
  readonly result: PlanResult
  readonly options: GenerateOptions
  readonly agentless: ReadonlySet<string>
}

function filesOf(intent: NodeIntent, context: FileContext): WgFile[] {
  return intent.interfaces.map((wanted) => ({
    node: intent.node,
    path: join(context.options.out, intent.node, `${wanted.name}.conf`),
    config: configOfIntent(intent.node, wanted, {
      privateKey: privateKeyFor(intent.node, wanted, context),
      presharedKey: (source) => broughtKey(source, context.inputs.objects)?.reveal() ?? missingSecret(wanted),
      direct: context.options.direct ?? false,
    }),
  }))
}

/** Brought with the plan, made by us, or made by the agent on the node, in the order of who would know better. */
function privateKeyFor(
  node: string,
  wanted: WireGuardIntent,
  context: FileContext,
): ConfigOptions['privateKey'] {
  const brought = broughtKey(wanted.privateKey, context.inputs.objects)
  if (brought) return { text: brought.reveal() }
  if (wanted.privateKey.kind === 'secret') missingSecret(wanted)
  const { namespace, name } = wanted.owner
  const kept = context.ring.get(`${namespace}/${name}`, node)
  if (kept && kept.publicKey === wanted.publicKey) return { text: kept.privateKey }
  return context.agentless.has(node)
    ? undefined
    : { file: `/var/lib/warren/keys/${keyFileName(wanted.owner)}` }
}

function missingSecret(wanted: WireGuardIntent): never {
  const path = `${wanted.owner.kind}/${wanted.owner.name}`
  const hint = 'Give the file with the Secret too.'
  throw new BadInput([
    { code: 'InvalidArgument', path, message: 'a key is in a Secret that was not given', hint },
  ])
}

/** True when the file was not there or differs. */
function writeConfig({ path, config }: WgFile): boolean {
  const text = formatWgConfig(config)
  if (currentText(path) === text) return false
  makePrivateDirectory(join(path, '..'))
  // Whatever a crash takes can be made again from the keys, which were flushed.
  writeTextAtomically(path, text, { mode: 0o600, flush: false })
  return true
}

function currentText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function showQr(files: readonly WgFile[]): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr')
  for (const { config } of files) {
    // Without comments the code has fewer and larger dots.
    const bare = {
      interface: { ...config.interface, comments: [] },
      peers: config.peers.map((peer) => ({ ...peer, comments: [] })),
    }
    standardOutput().write(`${renderUnicodeCompact(formatWgConfig(bare))}\n`)
  }
}

function report(
  { result, options, ring, inputs }: FileContext,
  counts: { readonly files: number; readonly nodes: number; readonly changed: number },
): void {
  const { files, nodes, changed } = counts
  const made = ring.added === 0 ? 'no new keys' : some(ring.added, 'new key')
  const line = `${options.out}: ${some(files, 'file')} for ${some(nodes, 'node')}, ${changed} written, ${made}\n`
  const terminal = options.qr ? standardError() : standardOutput()
  terminal.write(line)
  if (!options.write && result.allocations !== inputs.allocations) {
    standardError().write(
      `Addresses and public keys are not in ${inputs.lockFile} yet; --write keeps them there.\n`,
    )
  }
  const missing = someNodes(result.publicKeysMissing)
  if (missing !== '') standardError().write(`No key yet, so no peer: ${missing}.\n`)
}

function some(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

const QR_NEEDS_PEER: Problem = {
  code: 'InvalidArgument',
  path: '--qr',
  message: 'which node?',
  hint: 'Name one with --peer.',
}

/**
 * What `warren push` does: ask every node how it is, show what will be, ask the person, keep the lock, and then
 * hand each node its plan in an order that cuts nobody off (push-order.ts).
 */
import { basename } from 'node:path'

import { plan } from '../../plan/index.ts'
import { BadInput, CheckFailed } from '../exit.ts'
import { hasErrors } from '../files/inputs.ts'
import { planArgumentProblems } from '../node/plan-name.ts'
import { formatLockChanges, lockChanges } from '../planning/lock-changes.ts'
import { type MadePlan, makePlan } from '../planning/made-plan.ts'
import { formatPlanTable } from '../planning/plan-text.ts'
import { thisNode } from '../planning/this-node.ts'
import { nodesWithoutAgent } from '../planning/without-agent.ts'
import { writeLock } from '../planning/write-lock.ts'
import { confirms } from '../terminal/ask.ts'
import { paintFor } from '../terminal/paint.ts'
import { someOf } from '../terminal/some-of.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { parseStatus, type StatusAnswer } from './answers.ts'
import { dismiss, leavingNodes } from './dismiss.ts'
import type { End } from './end-of.ts'
import { handOver } from './hand-over.ts'
import { type Failed, inParallel, type Outcome } from './in-parallel.ts'
import { pushOrder, type PushStage } from './push-order.ts'
import { fetchKeys, type FleetOptions, nodesWithOwnKeys, withKeys } from './run-keys.ts'
import { NodeCommandFailed, parseVia, runOnNode, type Via } from './via.ts'

export interface PushOptions extends FleetOptions {
  readonly name?: string
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly wait: string
  readonly confirmWithin: string
  readonly confirm: boolean
  readonly force?: boolean
}

export async function runPush(files: readonly string[], given: PushOptions): Promise<void> {
  const via = parseVia(given)
  const options = { ...given, name: given.name ?? nameOf(files[0] ?? '-') }
  const problems = planArgumentProblems(options.name, options)
  if (problems.length > 0) throw new BadInput(problems)
  const made = await makePlan(files, options)
  const known = options.dryRun ? made : await withMissingKeys(made, { via, options })
  const statuses = await askHowTheyAre(known, { via, options })
  const reachable = statuses.flatMap((outcome) => (outcome.kind === 'done' ? [outcome] : []))
  const unreachable = statuses.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome] : []))
  const leaving = leavingNodes(made.allocations, known.result)
  if (!options.dryRun) refuseToPushToNobody({ reachable: reachable.length, unreachable, leaving }, files)
  const order = pushOrder(known.result.intents, {
    nodes: nodesToPush(known),
    running: new Map(reachable.map(({ node, value }) => [node, value?.interfaces ?? []])),
    self: thisNode(),
  })
  show(known, { order, unreachable, leaving })
  if (options.dryRun) return
  const question = `Push to ${reachable.length} node${reachable.length === 1 ? '' : 's'}?`
  if (!options.yes && standardError().interactive && !(await confirms(question)))
    throw new CheckFailed('nothing was changed')

  // Before the first node: what nodes hold must never be more than what the lock remembers.
  writeLock(known, known.result.allocations)
  const skipped = new Set(unreachable.map((outcome) => outcome.node))
  const stages = order.map((stage) => ({ ...stage, nodes: stage.nodes.filter((node) => !skipped.has(node)) }))
  const outcomes = await handOver(known, stages, { ...options, via })
  await dismissAll(leaving, { via, options })
  report(outcomes, unreachable)
}

interface Fleet {
  readonly reachable: number
  readonly unreachable: readonly Failed[]
  readonly leaving: readonly string[]
}

/** Before anybody is asked and before the lock: there would be nothing to say yes to. */
function refuseToPushToNobody({ reachable, unreachable, leaving }: Fleet, files: readonly string[]): void {
  const [first] = unreachable
  if (first && reachable === 0) {
    const names = someOf(unreachable.map(({ node }) => node))
    const who = unreachable.length === 1 ? 'cannot be reached' : 'cannot be reached, none of them'
    const why = unreachable.length === 1 ? first.reason : `${first.node}: ${first.reason}`
    throw new CheckFailed(`${names} ${who}; nothing was changed\n  ${why}`)
  }
  if (reachable > 0 || leaving.length > 0) return
  const message = 'no node of this plan runs an agent'
  throw new BadInput([
    { code: 'InvalidArgument', path: files.join(', '), message, hint: 'See: warren generate' },
  ])
}

/** `plans/home.yaml` is `home` on every node. */
function nameOf(file: string): string {
  return file === '-' ? 'plan' : basename(file).replace(/\.ya?ml$/i, '')
}

interface Context {
  readonly via: Via
  readonly options: PushOptions & { readonly name: string }
}

/** A node that gives none is told of by the next question, which it will not answer either. */
async function withMissingKeys(made: MadePlan, { via, options }: Context): Promise<MadePlan> {
  const missing = new Set(made.result.publicKeysMissing.filter((one) => one.agent).map((one) => one.node))
  if (missing.size === 0) return made
  const wanted = new Map([...nodesWithOwnKeys(made)].filter(([node]) => missing.has(node)))
  const { keys } = await fetchKeys(wanted, {
    via,
    parallel: options.parallel,
    known: made.result.allocations,
    acceptNewKeys: false,
  })
  const result = plan(made.objects, withKeys(made.result.allocations, keys))
  if (hasErrors(result.problems)) throw new BadInput(result.problems)
  return { ...made, result }
}

/** Also the first contact: who does not answer is known before anything is changed. */
function askHowTheyAre(made: MadePlan, { via, options }: Context): Promise<Outcome<StatusAnswer>[]> {
  return inParallel(nodesToPush(made), {
    limit: options.parallel,
    isExpected: (error) => error instanceof NodeCommandFailed,
    run: async (node) => parseStatus(node, await runOnNode(node, via, { args: STATUS })),
  })
}

const STATUS = ['node', 'status', '--output', 'json']

function nodesToPush({ objects, result }: MadePlan): string[] {
  const withoutAgent = nodesWithoutAgent(objects)
  return [...result.intents.keys()].filter((node) => !withoutAgent.has(node))
}

interface Shown {
  readonly order: readonly PushStage[]
  readonly unreachable: readonly Failed[]
  readonly leaving: readonly string[]
}

function show(made: MadePlan, { order, unreachable, leaving }: Shown): void {
  const terminal = standardOutput()
  const paint = paintFor(terminal)
  terminal.write(formatPlanTable(made.result, paint))
  const changes = lockChanges(made.allocations, made.result.allocations)
  if (changes.length > 0) terminal.write(`\n${made.lockFile}:\n${formatLockChanges(changes)}`)
  const stages = order.map(({ nodes, anchor }) => nodes.join(anchor ? ' → ' : ', '))
  terminal.write(`\nOrder: ${stages.join(' → ')}\n`)
  if (leaving.length > 0) terminal.write(`Leaving the network: ${leaving.join(', ')}\n`)
  for (const { node, reason } of unreachable) {
    terminal.write(`${paint.red('unreachable')} ${node}: ${reason}\n`)
  }
}

/** Their part is over, so that they cannot be reached is told and is no failure. */
async function dismissAll(leaving: readonly string[], { via, options }: Context): Promise<void> {
  for (const outcome of await dismiss(leaving, { via, name: options.name, limit: options.parallel })) {
    if (outcome.kind === 'done') continue
    const file = `/etc/warren/plans/${options.name}.yaml`
    standardError().write(
      `${outcome.node} did not hear that it is in the network no more: ${outcome.reason}\n` +
        `  If it comes back, put a comment in place of its ${file}.\n`,
    )
  }
}

function report(outcomes: readonly Outcome<End>[], unreachable: readonly Failed[]): void {
  const failed = [...outcomes, ...unreachable].flatMap(({ kind, node }) => (kind === 'failed' ? [node] : []))
  const done = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome] : []))
  const takenBack = done.flatMap(({ node, value }) => (value.isTakenBack ? [node] : []))
  const refused = done.flatMap(({ node, value }) =>
    value.notSo !== undefined && !value.isTakenBack ? [node] : [],
  )
  const total = outcomes.length + unreachable.length
  const line = `${total - failed.length - takenBack.length} of ${total} nodes have the plan`
  const without = failed.length > 0 ? `; not: ${failed.join(', ')}` : ''
  const back = takenBack.length > 0 ? `; taken back: ${takenBack.join(', ')}` : ''
  const notSo = refused.length > 0 ? `; not as it says: ${refused.join(', ')}` : ''
  const trouble = `${without}${back}${notSo}`
  if (trouble !== '') throw new CheckFailed(`${line}${trouble}`)
  standardOutput().write(`${total} node${total === 1 ? ' has' : 's have'} the plan.\n`)
}

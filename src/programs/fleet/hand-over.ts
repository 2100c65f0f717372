/**
 * Hands each node its plan, stage by stage, and waits for its agent to have made it so. A node that fails does not
 * stop the others: it may be what the push is to repair for them.
 *
 * Confirmations are not waited for between stages: a node may only be reached again once a later one has its plan too,
 * as when a hub takes another port.
 */
import { randomBytes } from 'node:crypto'

import { formatAllocations, formatObjects, type WarrenObject } from '../../model/index.ts'
import { objectsForNode } from '../../plan/index.ts'
import { formatBundle } from '../node/bundle.ts'
import type { MadePlan } from '../planning/made-plan.ts'
import { type Progress, progressOf } from '../terminal/progress.ts'
import { parsePutResult, type PutAnswer } from './answers.ts'
import { confirmChange } from './confirmation.ts'
import { inParallel, type Outcome } from './in-parallel.ts'
import type { PushStage } from './push-order.ts'
import { NodeCommandFailed, printable, runOnNode, type Via } from './via.ts'

export interface HandOverOptions {
  readonly via: Via
  /** What the plan is called on the nodes. */
  readonly name: string
  readonly parallel: number
  /** Seconds that each agent gets; 0: it is not waited for. */
  readonly wait: string
  /** Seconds until a plan that is not confirmed is taken back. */
  readonly confirmWithin: string
  /** False: what is given stays. */
  readonly confirm: boolean
  /** Whatever it cuts off. */
  readonly force?: boolean
}

export interface Handed {
  readonly words: string
  /** Why its agent has not made it so, although the node has the plan. */
  readonly notSo?: string
}

/** In the order of the stages. */
export async function handOver(
  made: MadePlan,
  stages: readonly PushStage[],
  options: HandOverOptions,
): Promise<Outcome<Handed>[]> {
  const progress = progressOf(stages.flatMap((stage) => stage.nodes).length)
  const outcomes: Promise<Outcome<Handed>>[] = []
  for (const { nodes, sequential } of stages) {
    const stage = await inParallel(nodes, {
      limit: sequential ? 1 : options.parallel,
      isExpected: (error) => error instanceof NodeCommandFailed,
      run: (node) => give(node, made, options),
    })
    for (const given of stage) outcomes.push(settle(given, { made, options, progress }))
  }
  return await Promise.all(outcomes)
}

/** A plan on its way: what the node said, or why it said nothing. */
interface Given {
  readonly change: string
  readonly untilMs: number
  readonly answer?: PutAnswer
  readonly trouble?: string
}

/** How long after its deadline an answer of `node put` can still tell something new. */
const LATE_MS = 5_000

async function give(node: string, { objects, result }: MadePlan, options: HandOverOptions): Promise<Given> {
  const { via, name, wait, confirm, confirmWithin } = options
  const input = formatBundle({
    objects: formatObjects(objectsForNode(objects, node)),
    allocations: formatAllocations(result.allocations),
  })
  const change = randomBytes(8).toString('hex')
  const guard = confirm ? ['--confirm-within', confirmWithin, '--change', change] : []
  const args = ['node', 'put', name, '--wait', wait, ...(options.force ? ['--force'] : guard)]
  const patienceMs = via.timeoutMs + Number(wait) * 1000
  const untilMs = performance.now() + Number(confirmWithin) * 1000
  const timeoutMs = confirm ? Math.min(patienceMs, Number(confirmWithin) * 1000 + LATE_MS) : patienceMs
  try {
    const answer = parsePutResult(node, await runOnNode(node, { ...via, timeoutMs }, { args, input }))
    return { change, untilMs, answer }
  } catch (error) {
    if (!(error instanceof NodeCommandFailed)) throw error
    return { change, untilMs, trouble: error.message }
  }
}

interface Settling {
  readonly made: MadePlan
  readonly options: HandOverOptions
  readonly progress: Progress
}

async function settle(given: Outcome<Given>, s: Settling): Promise<Outcome<Handed>> {
  const outcome = given.kind === 'failed' ? given : await ending(given.node, given.value, s)
  if (outcome.kind === 'failed') s.progress.failed(outcome.node, outcome.reason)
  else if (outcome.value.notSo !== undefined) s.progress.failed(outcome.node, outcome.value.notSo)
  else s.progress.done(outcome.node, outcome.value.words)
  return outcome
}

async function ending(
  node: string,
  { answer, trouble, ...given }: Given,
  { made, options }: Settling,
): Promise<Outcome<Handed>> {
  const { via, confirm, wait } = options
  if (answer === undefined) {
    const failed = { node, kind: 'failed', reason: trouble ?? '' } as const
    if (!confirm || options.force) return failed
    // It may have got the plan all the same: what has become of it is worth a look.
    const end = await confirmChange(node, { ...given, via, seen: false })
    return end.kind === 'confirmed'
      ? { node, kind: 'done', value: { words: 'has the plan, confirmed' } }
      : { ...failed, reason: printable(end.why.startsWith('took') ? end.why : failed.reason) }
  }
  const reason = wait === '0' || !answer.agent ? undefined : whyNotAsPlanned(answer.agent, made.objects)
  const words = wordsFor(answer)
  const isUseless = reason !== undefined && answer.agent?.current === false
  if (!answer.isPending || options.force || isUseless)
    return {
      node,
      kind: 'done',
      value: { words, ...(reason === undefined ? {} : { notSo: printable(reason) }) },
    }
  const seen = answer.agent?.phase === 'Converged' && answer.agent.current
  const end = await confirmChange(node, { ...given, via, seen })
  const notSo = end.kind === 'confirmed' ? reason : end.why
  return {
    ...{ node, kind: 'done' },
    value: { words: `${words}, confirmed`, ...(notSo === undefined ? {} : { notSo: printable(notSo) }) },
  }
}

function whyNotAsPlanned(
  agent: NonNullable<PutAnswer['agent']>,
  objects: readonly WarrenObject[],
): string | undefined {
  if (!agent.current) return 'has the plan, but its agent has not taken it up yet'
  const names = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
  const errors = agent.problems.filter((problem) => problem.severity !== 'warning')
  if (agent.phase !== 'Converged') {
    const [first] = errors
    return `has the plan, but its agent says ${agent.phase}${first ? `: ${first.path}: ${first.message}` : ''}`
  }
  // An agent that refuses an object keeps what ran before, and is converged to that.
  const refused = errors.find((problem) => names.has(problem.path.split(' ', 1)[0] ?? ''))
  return refused && `has the plan, but its agent refuses it: ${refused.path}: ${refused.message}`
}

function wordsFor({ agent }: PutAnswer): string {
  if (!agent) return 'has the plan; no agent runs there yet'
  return agent.current ? agent.phase.toLowerCase() : 'has the plan'
}

/**
 * Hands each node its plan, stage by stage, and waits for its agent to have made it so. A node that fails does not
 * stop the others: it may be what the push is to repair for them.
 */
import { formatAllocations, formatObjects, type WarrenObject } from '../../model/index.ts'
import { objectsForNode } from '../../plan/index.ts'
import { formatBundle } from '../node/bundle.ts'
import type { MadePlan } from '../planning/made-plan.ts'
import { progressOf } from '../terminal/progress.ts'
import { parsePutResult, type PutAnswer } from './answers.ts'
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
}

export interface Handed {
  readonly answer: PutAnswer
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
  const outcomes: Outcome<Handed>[] = []
  for (const { nodes, sequential } of stages) {
    const stage = await inParallel(nodes, {
      limit: sequential ? 1 : options.parallel,
      isExpected: (error) => error instanceof NodeCommandFailed,
      run: (node) => handTo(node, made, options),
      onOutcome: (outcome) => {
        if (outcome.kind === 'failed') progress.failed(outcome.node, outcome.reason)
        else if (outcome.value.notSo !== undefined) progress.failed(outcome.node, outcome.value.notSo)
        else progress.done(outcome.node, wordsFor(outcome.value.answer))
      },
    })
    outcomes.push(...stage)
  }
  return outcomes
}

async function handTo(
  node: string,
  { objects, result }: MadePlan,
  { via, name, wait }: HandOverOptions,
): Promise<Handed> {
  const input = formatBundle({
    objects: formatObjects(objectsForNode(objects, node)),
    allocations: formatAllocations(result.allocations),
  })
  const args = ['node', 'put', name, '--wait', wait]
  const patient = { ...via, timeoutMs: via.timeoutMs + Number(wait) * 1000 }
  const answer = parsePutResult(node, await runOnNode(node, patient, { args, input }))
  const reason = wait === '0' || !answer.agent ? undefined : whyNotAsPlanned(answer.agent, objects)
  return reason === undefined ? { answer } : { answer, notSo: printable(reason) }
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

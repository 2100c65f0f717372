/**
 * Hands each node its plan, stage by stage, and waits for its agent to have made it so. A node that fails does not
 * stop the others: it may be what the push is to repair for them.
 *
 * Confirmations are not waited for between stages: a node may only be reached again once a later one has its plan too,
 * as when a hub takes another port. But nodes that others call are confirmed first, and if one of them takes the plan
 * back, so do those that would call it in vain.
 */
import { randomBytes } from 'node:crypto'

import { formatAllocations, formatObjects } from '../../model/index.ts'
import { objectsForNode } from '../../plan/index.ts'
import { formatBundle } from '../node/bundle.ts'
import type { MadePlan } from '../planning/made-plan.ts'
import { type Progress, progressOf } from '../terminal/progress.ts'
import { parsePutResult } from './answers.ts'
import { atMost } from './at-most.ts'
import { type End, endOf, type EndOptions, type Given } from './end-of.ts'
import { inParallel, type Outcome } from './in-parallel.ts'
import type { PushStage } from './push-order.ts'
import { NodeCommandFailed, runOnNode } from './via.ts'

export interface HandOverOptions extends Omit<EndOptions, 'atMost' | 'objects'> {
  /** What the plan is called on the nodes. */
  readonly name: string
  readonly parallel: number
  /** Seconds that each agent gets; 0: it is not waited for. */
  readonly wait: string
  /** Seconds until a plan that is not confirmed is taken back. */
  readonly confirmWithin: string
}

/** In the order of the stages. */
export async function handOver(
  made: MadePlan,
  stages: readonly PushStage[],
  options: HandOverOptions,
): Promise<Outcome<End>[]> {
  const progress = progressOf(stages.flatMap((stage) => stage.nodes).length)
  const anchors = Promise.withResolvers<boolean>()
  const settling = { ...options, objects: made.objects, atMost: atMost(options.parallel) }
  const called: Promise<Outcome<End>>[] = []
  const ends: Promise<Outcome<End>>[] = []
  for (const { nodes, anchor } of stages) {
    const given = await inParallel(nodes, {
      limit: anchor ? 1 : options.parallel,
      isExpected: (error) => error instanceof NodeCommandFailed,
      run: (node) => give(node, made, options),
    })
    for (const one of given) {
      const may = anchor ? Promise.resolve(true) : anchors.promise
      const end = tell(progress, settle(one, { ...settling, may }))
      if (anchor) called.push(end)
      ends.push(end)
    }
  }
  const standing = (await Promise.all(called)).every((end) => end.kind === 'failed' || !end.value.isTakenBack)
  anchors.resolve(standing)
  return await Promise.all(ends)
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
  const termMs = Number(confirmWithin) * 1000
  const given = { change, untilMs: performance.now() + termMs }
  const timeoutMs = confirm ? Math.min(patienceMs, termMs + LATE_MS) : patienceMs
  try {
    const answer = parsePutResult(node, await runOnNode(node, { ...via, timeoutMs }, { args, input }))
    return { ...given, answer }
  } catch (error) {
    // What refused it has not got it; of anybody else that is not known.
    if (!(error instanceof NodeCommandFailed) || error.isRefusal) throw error
    return { ...given, trouble: error.message }
  }
}

const settle = (given: Outcome<Given>, o: EndOptions & { may: Promise<boolean> }): Promise<Outcome<End>> =>
  given.kind === 'failed' ? Promise.resolve(given) : endOf(given.node, given.value, o)

async function tell(progress: Progress, ending: Promise<Outcome<End>>): Promise<Outcome<End>> {
  const end = await ending
  if (end.kind === 'failed') progress.failed(end.node, end.reason)
  else if (end.value.notSo !== undefined) progress.failed(end.node, end.value.notSo)
  else progress.done(end.node, end.value.words)
  return end
}

/**
 * The confirmation of one node's change: over a connection that is made after the node said that the change is in
 * force, because that is the proof that it can still be reached. An older connection proves nothing: it may live on, or
 * its answer may come minutes late. Asked again until the change is confirmed, or must have been taken back.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { parseConfirmResult, type ConfirmAnswer } from './answers.ts'
import type { AtMost } from './at-most.ts'
import { freshly, NodeCommandFailed, runOnNode, type Via } from './via.ts'

export interface Confirmation {
  readonly via: Via
  readonly atMost: AtMost
  /** What `node put` called the change. */
  readonly change: string
  /** When it is taken back, on the clock of performance.now(); the node counts from a little later. */
  readonly untilMs: number
  /** The node has said that the change is in force: the next connection is made after that. */
  readonly seen: boolean
}

export type Confirmed =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'taken-back' | 'lost' | 'unknown'; readonly why: string }

/** How much later than its deadline a node that is cut off may be back. */
const GRACE_MS = 15_000
const AGAIN_MS = 500
const ATTEMPT_MS = 15_000

export async function confirmChange(node: string, o: Confirmation): Promise<Confirmed> {
  let seen = o.seen
  let last = 'it could not be asked again'
  while (performance.now() < o.untilMs + GRACE_MS) {
    try {
      const answer = await ask(node, o, seen ? [] : ['--look'])
      if (answer.kind === 'confirmed') return answer
      if (answer.kind === 'taken-back')
        return { kind: 'taken-back', why: `took the plan back: ${answer.why}` }
      if (answer.kind === 'unknown') return { kind: 'unknown', why: 'does not know this change any more' }
      last = waitingFor(answer)
      const isNew = answer.awaits === 'confirmation' && !seen
      seen ||= isNew
      if (isNew) continue
    } catch (error) {
      if (!(error instanceof NodeCommandFailed)) throw error
      last = error.message
    }
    await pause(AGAIN_MS)
  }
  return { kind: 'lost', why: `was not reached again, so it takes the plan back by itself: ${last}` }
}

/** At once instead of when its time is over; a node that cannot be told does it then. */
export async function takeBackChange(node: string, o: Confirmation): Promise<void> {
  try {
    await ask(node, o, ['--take-back'])
  } catch (error) {
    if (!(error instanceof NodeCommandFailed)) throw error
  }
}

async function ask(node: string, o: Confirmation, flags: readonly string[]): Promise<ConfirmAnswer> {
  const via = { ...freshly(o.via), timeoutMs: Math.min(o.via.timeoutMs, ATTEMPT_MS) }
  const args = ['node', 'confirm', o.change, ...flags]
  return parseConfirmResult(node, await o.atMost(() => runOnNode(node, via, { args })))
}

function waitingFor({ awaits, silent }: Extract<ConfirmAnswer, { kind: 'pending' }>): string {
  if (awaits === 'checks') return `${silent.join(', ')} answered before and does not now`
  return awaits === 'application' ? 'the plan is not applied yet' : 'it was not confirmed in time'
}

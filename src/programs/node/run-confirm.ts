/**
 * What `warren confirm` and `warren node confirm` do. A person who types the first is believed whatever the checks
 * say. The second is for `push`: it came over a connection that was made after the change, and that is its proof, so
 * it confirms only what is applied and passes its checks, and says in JSON how it is.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { type Awaited, type Outcome, PendingChanges } from '../../agent/index.ts'
import { CheckFailed, MissingHere } from '../exit.ts'
import { readAgentStatus } from './agent-status.ts'

export interface ConfirmOptions {
  readonly stateDir: string
  readonly takeBack?: boolean
}

export async function runConfirm({ stateDir, takeBack }: ConfirmOptions): Promise<void> {
  const changes = new PendingChanges(stateDir)
  const change = await withPermission(() => changes.read())
  const isDone =
    change !== undefined &&
    (await withPermission(() => (takeBack ? changes.beginTakingBack(change.id) : changes.confirm(change.id))))
  if (!isDone) throw new CheckFailed(await whyNothing(changes))
  const what = `the change (${change.reason})`
  process.stdout.write(
    takeBack
      ? `Taking back ${what}: the plan before it comes into force again.\n`
      : `Confirmed: ${what} stays.\n`,
  )
}

async function whyNothing(changes: PendingChanges): Promise<string> {
  const taken = await changes.takenBack()
  const nothing = 'no change waits to be confirmed on this machine'
  return taken === undefined
    ? nothing
    : `${nothing}; the last one was taken back at ${new Date(taken.atMs).toISOString()}: ${taken.why}`
}

async function withPermission<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new MissingHere(`cannot use the state directory: ${(error as Error).message}; run it as root`)
  }
}

export interface NodeConfirmOptions {
  readonly stateDir: string
  readonly runDir: string
  /** Only says how it is. */
  readonly look?: boolean
  /** Does not wait for its time to be over. */
  readonly takeBack?: boolean
  /** Seconds to wait for checks that do not pass yet. */
  readonly wait: string
}

/** Printed as JSON. `awaits`: while it is pending, what for. */
export type NodeConfirmResult = Outcome & { readonly awaits?: Awaited; readonly silent?: readonly string[] }

export async function runNodeConfirm(id: string, options: NodeConfirmOptions): Promise<void> {
  const changes = new PendingChanges(options.stateDir)
  if (options.takeBack) await changes.beginTakingBack(id)
  const deadline = performance.now() + Number(options.wait) * 1000
  let result = await look(changes, id, options)
  while (result.awaits === 'checks' && performance.now() < deadline) {
    await pause(100)
    result = await look(changes, id, options)
  }
  if (result.awaits === 'confirmation' && !options.look && (await changes.confirm(id)))
    result = { kind: 'confirmed' }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function look(
  changes: PendingChanges,
  id: string,
  { runDir }: NodeConfirmOptions,
): Promise<NodeConfirmResult> {
  const outcome = await changes.outcome(id)
  if (outcome.kind !== 'pending') return outcome
  const pending = (await readAgentStatus(runDir))?.pending
  if (pending?.id !== id) return { ...outcome, awaits: 'application' }
  return { ...outcome, awaits: pending.awaits, silent: pending.silent }
}

/**
 * A plan on its way into the folder of plans, so that it can come back: the record of what was there is on disk before
 * the first file changes (agent/commit-confirm). Without an agent that can there is nobody to take anything back, and without a
 * difference nothing to take back.
 */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'

import { keepFile, PendingChanges, rememberOrigin, sshSession, systemBootClock } from '../../agent/index.ts'
import { MissingHere } from '../exit.ts'

export interface GuardOptions {
  readonly stateDir: string
  /** Seconds, as text; undefined: for good. */
  readonly confirmWithin?: string
  /** Whatever it cuts off. */
  readonly force?: boolean
  /** How whoever confirms it will call it. */
  readonly change?: string
}

/** A file, and what is to be in it. */
export interface Replacement {
  readonly path: string
  readonly text: string
}

export interface Guard {
  readonly id: string
  readonly untilMs: number
}

/** Undefined: what is written stays. To be called before anything is. */
export async function armChange(
  files: readonly Replacement[],
  options: GuardOptions & { readonly isGuarded: boolean },
): Promise<Guard | undefined> {
  const session = sshSession()
  if (session !== undefined) await keepingState(() => rememberOrigin(options.stateDir, session))
  const asked = options.force === true || options.confirmWithin !== undefined
  if (!asked || !options.isGuarded) return undefined
  const kept = await Promise.all(files.map(({ path }) => keepFile(resolve(path))))
  const changes = new PendingChanges(options.stateDir)
  const isNew = kept.some((file, index) => file.text !== files[index]?.text)
  if (!isNew && (await changes.read()) === undefined) return undefined
  const withinMs = Number(options.confirmWithin ?? 0) * 1000
  const { begun, id } = await keepingState(() =>
    changes.arm({
      id: options.change ?? randomBytes(8).toString('hex'),
      reason: session === undefined ? 'warren node put' : `pushed from ${session.address}`,
      ...{ needs: options.force === true ? 'nothing' : 'confirmation', begun: systemBootClock(), withinMs },
      files: kept,
    }),
  )
  return { id, untilMs: begun.wallMs + withinMs }
}

/**
 * Before the first file of a plan that is to stay: it came through what waits, which is proof enough for that, and is
 * itself to be judged as one that nobody will confirm.
 */
export async function endWait(stateDir: string): Promise<void> {
  const changes = new PendingChanges(stateDir)
  await changes.confirm()
  await changes.forgetTakenBack()
}

async function keepingState<T>(keep: () => Promise<T>): Promise<T> {
  try {
    return await keep()
  } catch (error) {
    throw new MissingHere(`cannot keep what is needed to take a plan back: ${(error as Error).message}`)
  }
}

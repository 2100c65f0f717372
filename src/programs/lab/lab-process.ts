/** Starting a keeper and listening to it: what `start` and `lab up` share. */
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  type DemonstrationEvent,
  firstProcessOf,
  LabRefusal,
  type LabState,
  makeLabFolder,
  missingRequirements,
  startKeeper,
  startTimeOf,
  writeLabState,
} from '../../lab/index.ts'
import { MissingHere } from '../exit.ts'
import type { KeeperOrder } from './run-keeper.ts'

/** How to run warren: the runtime that runs us, and our own entry. */
export function warrenCommand(): string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', entryFile()]
}

function entryFile(): string {
  // main.ts in a clone, main.js as published.
  return fileURLToPath(new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
}

export function binFolder(): string {
  return fileURLToPath(new URL('../../../bin', import.meta.url))
}

/** Everything that is missing at once, each with the command that allows it. */
export function demandRequirements(): void {
  const missing = missingRequirements()
  if (missing.length === 0) return
  const lines = missing.map(
    ({ what, remedy }) => `  ${what}${remedy === undefined ? '' : `\n    to allow it: ${remedy}`}`,
  )
  throw new MissingHere(`this machine cannot make a lab:\n${lines.join('\n')}`)
}

/** Fails with EEXIST when a lab of this name is there. */
export function claimFolder(name: string): string {
  return sayingWhatIsMissing(() => makeLabFolder(name))
}

/** What a lab refuses out here is this machine's doing, and no bug. */
export function sayingWhatIsMissing<T>(look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw error instanceof LabRefusal ? new MissingHere(error.message) : error
  }
}

export interface KeeperHandle {
  readonly process: ChildProcess
  /** Why it ended, once it has. */
  readonly ended: Promise<string>
}

export function launch(
  order: KeeperOrder,
  o: { errorFile?: string; onEvent: (event: DemonstrationEvent) => void },
): KeeperHandle {
  const keeper = startKeeper({ command: [...warrenCommand(), 'lab', 'keep'], ...o })
  const errors: string[] = []
  keeper.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')))
  keeper.on('message', (message) => o.onEvent(message as DemonstrationEvent))
  keeper.send(order)
  const ended = new Promise<string>((resolve) => {
    keeper.on('error', (error) => resolve(error.message))
    keeper.on('exit', (status, signal) => {
      const words = errors.join('').trim()
      resolve(words === '' ? `it ended with ${signal ?? status}` : words)
    })
  })
  return { process: keeper, ended }
}

/** Once the machines are there: writes down, outside, where they are. */
export function recordLab(keeper: ChildProcess, lab: Pick<LabState, 'name' | 'file' | 'machines'>): void {
  const pid = firstProcessOf(keeper.pid ?? 0)
  if (pid === undefined) throw new Error('the lab ended before it could be written down')
  writeLabState({ ...lab, pid, startTime: startTimeOf(pid) ?? '', startedAt: new Date().toISOString() })
}

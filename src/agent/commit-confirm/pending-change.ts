/**
 * A change that is in force for now, on disk: STATE/pending. Which file there is says how far it got, and every
 * move from one to the next is a rename, so that of a confirmation and a deadline exactly one wins, and a crash at
 * any moment leaves one or the other:
 *
 *   change.json ──confirm──▶ confirmed.json
 *        └──────take back──▶ undoing.json ──files restored──▶ taken-back.json
 *
 * Written before the first file of a plan is replaced, flushed to the disk, 0600: old plans may hold keys.
 */
import { mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readJson } from '../json-file.ts'
import { asPendingChange, asProgress, asTakenBack } from './records.ts'
import type { KeptFile, PendingChange, Progress, TakenBack } from './records.ts'

export type { KeptFile, PendingChange, Progress, TakenBack } from './records.ts'

export type Outcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'confirmed' }
  | ({ readonly kind: 'taken-back' } & TakenBack)
  | { readonly kind: 'unknown' }

export class PendingChanges {
  readonly #dir: string

  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'pending')
  }

  #path(name: 'change' | 'confirmed' | 'undoing' | 'taken-back' | 'progress'): string {
    return join(this.#dir, `${name}.json`)
  }

  async read(): Promise<PendingChange | undefined> {
    return asPendingChange(await readJson(this.#path('change')))
  }

  /** Taking it back has begun and is to be finished. */
  async undoing(): Promise<PendingChange | undefined> {
    return asPendingChange(await readJson(this.#path('undoing')))
  }

  /** One that waits already is continued: its files are those that were confirmed last. */
  async arm(change: PendingChange): Promise<PendingChange> {
    const before = (await this.read()) ?? (await this.undoing())
    const older = before?.files ?? []
    const newer = change.files.filter((file) => !older.some((known) => known.path === file.path))
    const armed = { ...change, files: [...older, ...newer] }
    await writeDurably(this.#path('change'), JSON.stringify(armed), 0o600)
    return armed
  }

  /** False when there is nothing to confirm, or not any more. Without an id: whatever waits. */
  async confirm(id?: string): Promise<boolean> {
    const change = await this.read()
    if (change === undefined || (id !== undefined && change.id !== id)) return false
    if (!(await moved(this.#path('change'), this.#path('confirmed')))) return false
    await writeDurably(this.#path('confirmed'), JSON.stringify({ ...change, files: [] }), 0o600)
    return true
  }

  /** False when somebody was faster. Another change that came in between is left as it is. */
  async beginTakingBack(id?: string): Promise<boolean> {
    if (!(await moved(this.#path('change'), this.#path('undoing')))) return false
    const undoing = await this.undoing()
    if (id === undefined || undoing?.id === id) return true
    await moved(this.#path('undoing'), this.#path('change'))
    return false
  }

  /**
   * Files as they were, then the word that it is done. Again from the start after a crash. A file that cannot be
   * written is told and is no reason to go on with the change: its plan is refused by its digest then.
   */
  async finishTakingBack(change: PendingChange, taken: TakenBack): Promise<string[]> {
    const troubles: string[] = []
    for (const file of change.files) {
      try {
        await restore(file)
      } catch (error) {
        troubles.push((error as Error).message)
      }
    }
    await writeDurably(this.#path('taken-back'), JSON.stringify(taken), 0o600)
    await rm(this.#path('undoing'), { force: true })
    return troubles
  }

  async takenBack(): Promise<TakenBack | undefined> {
    return asTakenBack(await readJson(this.#path('taken-back')))
  }

  /** The word of whoever says that a plan stays counts more than what was. */
  async forgetTakenBack(): Promise<void> {
    await rm(this.#path('taken-back'), { force: true })
  }

  async progress(id: string): Promise<Progress | undefined> {
    const progress = asProgress(await readJson(this.#path('progress')))
    return progress?.id === id ? progress : undefined
  }

  async note(progress: Progress): Promise<void> {
    await writeDurably(this.#path('progress'), JSON.stringify(progress), 0o600)
  }

  async outcome(id: string): Promise<Outcome> {
    const taken = await this.takenBack()
    if (taken?.id === id) return { kind: 'taken-back', ...taken }
    for (const name of ['change', 'undoing'] as const)
      if (idOf(await readJson(this.#path(name))) === id) return { kind: 'pending' }
    if (idOf(await readJson(this.#path('confirmed'))) === id) return { kind: 'confirmed' }
    return { kind: 'unknown' }
  }
}

const idOf = (record: unknown): unknown => (record as { readonly id?: unknown } | undefined)?.id

const moved = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** A plan that was not there before becomes one that wants nothing: a file that is gone would keep running. */
const restore = async ({ path, text, mode }: KeptFile): Promise<void> => {
  if (text !== null) await writeDurably(path, text, mode)
  else if (/\.lock\.ya?ml$/.test(path)) await rm(path, { force: true })
  else await writeDurably(path, '# Taken back: there was no plan of this name before.\n', 0o644)
}

/** What a file is like now, to be able to restore it. */
export const keepFile = async (path: string): Promise<KeptFile> => {
  try {
    const file = await open(path)
    try {
      return { path, text: await file.readFile('utf8'), mode: (await file.stat()).mode & 0o777 }
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path, text: null, mode: 0o644 }
    throw error
  }
}

/** Whole or not at all, and there after a power cut too. */
const writeDurably = async (path: string, text: string, mode: number): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = join(dirname(path), `.${path.slice(dirname(path).length + 1)}.new`)
  await unlink(draft).catch(() => {}) // left by a crash; with another mode, perhaps
  const file = await open(draft, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  const directory = await open(dirname(path))
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

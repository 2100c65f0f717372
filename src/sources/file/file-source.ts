/**
 * A folder of plan files: every `NAME.yaml` with its lock `NAME.lock.yaml` beside it, all of them one snapshot.
 * A file that is gone since the last good look is a problem, not a wish to have its network removed: to remove
 * a network, write a plan without it (a file with nothing but a comment will do).
 */
import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NO_ALLOCATIONS, parseAllocations, parseObjects } from '../../model/index.ts'
import type { Allocations, Problem, WarrenObject } from '../../model/index.ts'
import type { Closeable, Source, SourceSnapshot } from '../source.ts'
import { readSettled } from './read-settled.ts'

export interface FileSourceOptions {
  readonly dir: string
  /** How long the folder has to be quiet before a change is told. */
  readonly settleMs?: number
  /** Where inotify does not work, look this often. */
  readonly pollMs?: number
}

const PLAN = /^[^.].*\.ya?ml$/
const LOCK = /\.lock\.ya?ml$/

export class FileSource implements Source {
  readonly name: string
  readonly #dir: string
  readonly #settleMs: number
  readonly #pollMs: number
  /** Plan files of the last snapshot without problems. */
  #known: ReadonlySet<string> = new Set()
  /** A text that did not change is not parsed again. */
  #parsed = new Map<string, Parsed>()

  constructor({ dir, settleMs = 20, pollMs = 5_000 }: FileSourceOptions) {
    this.name = `file:${dir}`
    this.#dir = dir
    this.#settleMs = settleMs
    this.#pollMs = pollMs
  }

  async read(): Promise<SourceSnapshot> {
    let names: string[]
    try {
      names = (await readdir(this.#dir)).filter((n) => PLAN.test(n)).toSorted()
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error)
      const message =
        reason === 'ENOTDIR'
          ? `${this.#dir} is a file; give the folder it is in`
          : `the folder of plans cannot be read: ${reason}`
      return nothing([problem('SourceUnreadable', this.#dir, message)])
    }
    const files = await Promise.all(names.map((name) => this.#readFile(name)))
    const snapshot = merge(files)
    const problems = [...snapshot.problems, ...this.#vanished(names)]
    const parts = names.filter((n) => !LOCK.test(n))
    if (problems.length === 0) this.#known = new Set(parts)
    return { ...snapshot, problems, parts }
  }

  expect(parts: readonly string[]): void {
    this.#known = new Set(parts)
  }

  #vanished(names: readonly string[]): Problem[] {
    if (names.length === 0 && this.#known.size === 0)
      return [problem('SourceEmpty', this.#dir, 'there is no plan in this folder')]
    return [...this.#known]
      .filter((name) => !names.includes(name))
      .map((name) => problem('SourceVanished', join(this.#dir, name), 'the plan is gone; it keeps running'))
  }

  async #readFile(name: string): Promise<Parsed> {
    const path = join(this.#dir, name)
    const read = await readSettled(path)
    if (read.kind === 'text') {
      const before = this.#parsed.get(name)
      if (before?.text === read.text) return before
      const parsed = parse(name, path, read.text)
      this.#parsed.set(name, parsed)
      return parsed
    }
    this.#parsed.delete(name)
    return { ...EMPTY, text: read.kind, problems: [problemOf(path, read)] }
  }

  /** inotify on the folder; a poll beside it finds what inotify cannot tell, such as a folder made later. */
  watch(onChange: () => void): Closeable {
    let timer: NodeJS.Timeout | undefined
    const settle = (): void => {
      clearTimeout(timer)
      timer = setTimeout(onChange, this.#settleMs)
    }
    let watcher: ReturnType<typeof watch> | undefined
    const start = (): void => {
      try {
        watcher = watch(this.#dir, { persistent: false }, settle)
        watcher.on('error', () => (watcher = undefined)) // the folder went; the poll brings it back
      } catch {
        watcher = undefined // the folder is not there yet
      }
    }
    start()
    const poll = setInterval(() => {
      if (watcher !== undefined) return
      start()
      if (watcher !== undefined) settle()
    }, this.#pollMs)
    poll.unref()
    return {
      close: () => {
        clearTimeout(timer)
        clearInterval(poll)
        watcher?.close()
      },
    }
  }
}

interface Parsed {
  readonly text: string
  readonly objects: readonly WarrenObject[]
  readonly allocations: Allocations
  readonly problems: readonly Problem[]
}

const EMPTY: Parsed = { text: '', objects: [], allocations: NO_ALLOCATIONS, problems: [] }

const parse = (name: string, file: string, text: string): Parsed => {
  // What a writer leaves between truncating and writing; a plan that wants nothing has at least a comment.
  if (text === '') return { ...EMPTY, problems: [problem('FileEmpty', file, 'the file is empty')] }
  return LOCK.test(name)
    ? { ...EMPTY, text, ...parseAllocations(text, { file }) }
    : { ...EMPTY, text, ...parseObjects(text, { file }) }
}

const merge = (files: readonly Parsed[]): SourceSnapshot => {
  const hash = createHash('sha256')
  const networks: Record<string, Allocations['networks'][string]> = {}
  const problems: Problem[] = []
  for (const file of files) {
    hash.update(file.text).update('\0')
    for (const [name, network] of Object.entries(file.allocations.networks)) {
      if (networks[name] !== undefined)
        problems.push(problem('InvalidAllocations', name, 'two lock files speak of this network'))
      networks[name] = network
    }
  }
  return {
    digest: hash.digest('hex'),
    objects: files.flatMap((f) => f.objects),
    allocations: { networks },
    problems: [...files.flatMap((f) => f.problems), ...problems],
  }
}

const nothing = (problems: readonly Problem[]): SourceSnapshot => ({
  digest: '',
  objects: [],
  allocations: NO_ALLOCATIONS,
  problems,
})

const problem = (code: Problem['code'], path: string, message: string): Problem => ({ code, path, message })

const problemOf = (
  path: string,
  read: Exclude<Awaited<ReturnType<typeof readSettled>>, { kind: 'text' }>,
): Problem => {
  switch (read.kind) {
    case 'missing':
      return problem('SourceVanished', path, 'the file went away while it was read')
    case 'changing':
      return problem('FileChanging', path, 'the file keeps changing while it is read')
    case 'too-large':
      return problem('FileTooLarge', path, `the file has ${read.bytes} bytes; 16 MiB is the limit`)
    case 'unreadable':
      return problem('SourceUnreadable', path, `the file cannot be read: ${read.reason}`)
  }
}

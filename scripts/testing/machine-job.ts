/**
 * What the runner asks of its half in a virtual machine: files, and which of their tests.
 */
import { globSync, readFileSync } from 'node:fs'
import type { LayerResult } from './results.ts'

export interface MachineJob {
  readonly file: string
  /** Names as in the results; absent: all of them. */
  readonly only?: readonly string[]
}

/** In the folder that both halves see: the jobs go in by it, results come out beside it. */
export const JOBS_FILE = 'jobs.json'

/** Layers with tests that name kernel features; and those that `--all` runs, as their subject is the kernel. */
const FOLDERS = ['contracts', 'netns', 'e2e', 'vm']
const KERNEL_FOLDERS = ['contracts', 'netns', 'vm']
/** Named there or not, what its files need is another kernel. */
const MADE_FOR_MACHINES = 'vm'
/** A file that boots machines itself; there is none in a machine. */
const BOOTS_MACHINES = /\/vm\/machine\.ts'|\bneedsMachine\b/

export interface JobsOptions {
  /** Kernel features that this host lacks. */
  readonly missing: readonly string[]
  readonly all?: boolean
  /** Only files whose path contains this. */
  readonly only?: string
}

/**
 * The tests that this host skipped for want of a kernel feature, file by file. Layers that have not run are judged by
 * the text of their files: one that names such a feature is run whole. One too many costs time and nothing else.
 */
export function jobsForMachine(
  done: readonly LayerResult[],
  { missing, all = false, only = '' }: JobsOptions,
): readonly MachineJob[] {
  const jobs = all ? wholeFiles(KERNEL_FOLDERS, () => true) : lackingHere(done, missing)
  return jobs.filter(({ file }) => file.includes(only)).toSorted(longestFirst)
}

function lackingHere(done: readonly LayerResult[], missing: readonly string[]): MachineJob[] {
  const features = missing.map((feature) => `'${feature}'`)
  const unknown = FOLDERS.filter((folder) => !done.some(({ layer }) => layer === folder))
  const skipped = done.flatMap((layer) =>
    layer.results.filter(({ reason = '' }) => reason.startsWith('needs kernel')),
  )
  const named = (text: string) => features.some((feature) => text.includes(feature))
  return [
    ...wholeFiles(
      unknown.filter((folder) => folder !== MADE_FOR_MACHINES),
      named,
    ),
    ...wholeFiles(
      unknown.filter((folder) => folder === MADE_FOR_MACHINES),
      () => features.length > 0,
    ),
    ...[...Map.groupBy(skipped, ({ file }) => file)].map(([file, tests]) => ({
      file,
      only: tests.map(({ name }) => name),
    })),
  ]
}

function wholeFiles(folders: readonly string[], wanted: (text: string) => boolean): MachineJob[] {
  return folders
    .flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`))
    .filter((file) => {
      const text = readFileSync(file, 'utf8')
      return wanted(text) && !BOOTS_MACHINES.test(text)
    })
    .map((file) => ({ file }))
}

/** The VM layer's own files take longest: they begin first, so that none of them is the last one alone. */
function longestFirst(a: MachineJob, b: MachineJob): number {
  const rank = ({ file }: MachineJob) => (file.includes('rekey') ? 0 : file.startsWith('test/vm/') ? 1 : 2)
  return rank(a) - rank(b) || a.file.localeCompare(b.file)
}

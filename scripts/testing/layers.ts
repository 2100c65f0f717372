/**
 * The layers of the test suite as data: which files they hold, in which order they run, how many at a time and how
 * long one file may take. `npm test` runs all of them; `node scripts/test.ts NAME…` runs some.
 */
import { globSync } from 'node:fs'

export interface Layer {
  readonly name: string
  readonly globs: readonly string[]
  readonly concurrency: number
  readonly fileTimeoutMs: number
  /** Slow layers say which file ended; a line for each of two hundred unit files would hide what matters. */
  readonly announcesFiles: boolean
}

const UNIT = [
  'src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'bench/**/*.test.ts',
  'test/*.test.ts',
  'test/{harness,models,vectors,sim,tcpip,fuzz}/**/*.test.ts',
]

export const LAYERS: readonly Layer[] = [
  { name: 'unit', globs: UNIT, concurrency: 2, fileTimeoutMs: 60_000, announcesFiles: false },
  slow({ name: 'contracts', concurrency: 2, fileTimeoutMs: 120_000 }),
  slow({ name: 'netns', concurrency: 2, fileTimeoutMs: 240_000 }),
  slow({ name: 'e2e', concurrency: 1, fileTimeoutMs: 420_000 }),
  slow({ name: 'vm', concurrency: 2, fileTimeoutMs: 1_200_000 }),
]

function slow(of: Pick<Layer, 'name' | 'concurrency' | 'fileTimeoutMs'>): Layer {
  return { ...of, globs: [`test/${of.name}/**/*.test.ts`], announcesFiles: true }
}

/** Files relative to the repository's root, sorted, so that runs are comparable. */
export function filesOf({ globs }: Layer): readonly string[] {
  return globSync([...globs]).sort()
}

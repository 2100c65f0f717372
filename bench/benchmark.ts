/**
 * What a benchmark is: a measurement of Warren beside the real alternative, in one run, on one machine. Ratios are
 * what a reader can carry to another machine; the figures alone are not.
 */
import { cpus, totalmem } from 'node:os'
import { readFileSync } from 'node:fs'

/** One figure of everybody's: `{ what: 'TCP upload', unit: 'Gbit/s', better: 'more', figures: { warren: 3.1, … } }`. */
export interface BenchRow {
  readonly what: string
  readonly unit: string
  readonly better: 'more' | 'less'
  /** By contestant; ours is `warren`. A missing figure is undefined, with the reason in `note`. */
  readonly figures: Readonly<Record<string, number | undefined>>
  /** Where pairs were measured: the median of their ratios, our advantage. Otherwise it is that of the figures. */
  readonly ratios?: Readonly<Record<string, number | undefined>>
  /** What we set out to reach, in the row's unit, for `warren`. */
  readonly goal?: number
  readonly note?: string
}

export interface Benchmark {
  /** The name of the file: `bench/planning.bench.ts` is `planning`. */
  readonly title: string
  /** Two or three sentences: what is measured, and what it leaves out. */
  readonly about: string
  run(context: BenchContext): Promise<readonly BenchRow[]>
}

export interface BenchContext {
  /** Progress, to stderr. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** `Debian 12, Linux 6.18.1, 2 × AMD EPYC 7B13, 23 GiB, Node 24.21.0`: what every table stands under. */
export function environmentLine(): string {
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim().replace(/-.*/, '')
  const [first] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${distribution()}, Linux ${release}, ${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${memory} GiB, Node ${process.versions.node}`
}

function distribution(): string {
  const text = readFileSync('/etc/os-release', 'utf8')
  return (
    /^PRETTY_NAME="?([^"\n]*)/m
      .exec(text)?.[1]
      ?.replace(/ \(.*\)/, '')
      .replace('GNU/Linux ', '') ?? 'Linux'
  )
}

/** The middle of several runs says more than their mean: one of them may have met a busy machine. */
export async function medianOf(runs: number, measure: () => number | Promise<number>): Promise<number> {
  const figures: number[] = []
  for (let run = 0; run < runs; run++) figures.push(await measure())
  return figures.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

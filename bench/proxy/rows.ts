/**
 * Figures of many rounds as rows: the median of each, and the median of the ratios within each round, since the two
 * of a pair met the same minutes of the machine.
 */
import type { BenchRow } from '../benchmark.ts'
import type { Figures } from './measurements.ts'
import { LOSSY_CONNECTIONS, PLAIN } from './options.ts'

/** By contestant, the figures of round after round. */
export type Rounds = ReadonlyMap<string, readonly Figures[]>

interface Metric {
  readonly key: string
  readonly what: string
  readonly unit: string
  readonly better: 'more' | 'less'
  /** At least, or at most, that many times what the first of the others has. */
  readonly goalRatio?: number
  /** The same, of plain TCP. */
  readonly goalOfPlain?: number
  readonly goal?: number
  readonly note?: string
}

const REQUEST_METRICS = (
  [
    ['c1', '/tiny, 1 connection'],
    ['c64', '/tiny, 64 connections'],
    ['c512', '/tiny, 512 connections'],
    ['c64x16k', '16 KiB, 64 connections'],
  ] as const
).flatMap(([key, what]): Metric[] => [
  {
    ...{ key: `${key}.rate`, what, unit: 'requests/s', better: 'more' },
    ...(key === 'c64' ? { goalRatio: 3 } : {}),
  },
  { key: `${key}.p50`, what: `${what}, median`, unit: 'ms', better: 'less' },
  {
    ...{ key: `${key}.p99`, what: `${what}, 99th percentile`, unit: 'ms', better: 'less' },
    ...(key === 'c1' ? { goalRatio: 1 } : {}),
  },
  { key: `${key}.cpu`, what: `${what}, processor time`, unit: 'µs/request', better: 'less' },
])

const METRICS: readonly Metric[] = [
  { key: 'down', what: 'GET 100 MB', unit: 'MB/s', better: 'more' },
  { key: 'downCpu', what: 'GET 100 MB, processor time', unit: 's/GB', better: 'less', goalRatio: 0.5 },
  { key: 'up', what: 'PUT 100 MB', unit: 'MB/s', better: 'more' },
  { key: 'upCpu', what: 'PUT 100 MB, processor time', unit: 's/GB', better: 'less', goalRatio: 0.25 },
  ...REQUEST_METRICS,
  { key: 'rssIdle', what: 'resident memory, idle', unit: 'MiB', better: 'less' },
  { key: 'rssAfter', what: 'resident memory, after load', unit: 'MiB', better: 'less', goal: 80 },
  { key: 'rssOwn', what: 'of it, other than pages of files', unit: 'MiB', better: 'less' },
  { key: 'idleEach', what: '10,000 idle clients, each', unit: 'KiB', better: 'less', goal: 10 },
  { key: 'idleAll', what: '10,000 idle clients, resident memory', unit: 'MiB', better: 'less' },
  { key: 'delay.down', what: '40 ms, GET, 1 connection', unit: 'MB/s', better: 'more' },
  { key: 'delay.up', what: '40 ms, PUT, 1 connection', unit: 'MB/s', better: 'more' },
  { key: 'loss.down', what: '1 % loss, GET, 1 connection', unit: 'MB/s', better: 'more' },
  { key: 'loss.up', what: '1 % loss, PUT, 1 connection', unit: 'MB/s', better: 'more' },
  {
    ...{
      key: 'both.down',
      what: `1 % loss and 40 ms, GET, ${LOSSY_CONNECTIONS} connections`,
      unit: 'MB/s',
      better: 'more',
    },
    goalOfPlain: 0.9,
  },
  {
    ...{
      key: 'both.up',
      what: `1 % loss and 40 ms, PUT, ${LOSSY_CONNECTIONS} connections`,
      unit: 'MB/s',
      better: 'more',
    },
    goalOfPlain: 0.9,
  },
]

export function rowsOf(rounds: Rounds): BenchRow[] {
  const present = METRICS.filter(({ key }) => [...rounds.values()].flat().some((figures) => key in figures))
  return present.map(({ key, what, unit, better, ...goals }) => {
    const figures = Object.fromEntries(
      [...rounds].map(([name, own]) => [name, median(own.map((figures) => figures[key]))]),
    )
    const others = [...rounds.keys()].filter((name) => name !== 'warren')
    const goal = goals.goal ?? goalOf(goals, figures, others)
    return {
      ...{ what, unit, better, figures },
      ratios: Object.fromEntries(others.map((name) => [name, pairRatio(rounds, name, { key, better })])),
      ...(goal === undefined ? {} : { goal }),
    }
  })
}

function goalOf(
  { goalRatio, goalOfPlain }: Pick<Metric, 'goalRatio' | 'goalOfPlain'>,
  figures: Readonly<Record<string, number | undefined>>,
  others: readonly string[],
): number | undefined {
  const [anchor, plain] = [others.find((name) => name !== PLAIN), figures[PLAIN]]
  const theirs = anchor === undefined ? undefined : figures[anchor]
  if (goalRatio !== undefined && theirs !== undefined) return goalRatio * theirs
  return goalOfPlain !== undefined && plain !== undefined ? goalOfPlain * plain : undefined
}

function pairRatio(
  rounds: Rounds,
  other: string,
  { key, better }: { key: string; better: 'more' | 'less' },
): number | undefined {
  const [ours, theirs] = [rounds.get('warren') ?? [], rounds.get(other) ?? []]
  return median(
    ours.map((figures, round) => {
      const [our, their] = [figures[key], theirs[round]?.[key]]
      if (!our || !their) return undefined
      return better === 'more' ? our / their : their / our
    }),
  )
}

function median(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined && !Number.isNaN(figure))
  return known.toSorted((a, b) => Number(a) - Number(b))[Math.floor(known.length / 2)]
}

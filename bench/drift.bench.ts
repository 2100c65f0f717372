/** The whole agent over a thousand links: made from nothing, looked over, and one that drifts. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '../test/harness/tools.ts'
import { type Benchmark, type BenchRow, medianOf, timed } from './benchmark.ts'
import { bridges, ipLines, veths, vxlans } from './many-links.ts'

/** WARREN_BENCH_LINKS makes it smaller, for trying out. */
const COUNT = Number(process.env['WARREN_BENCH_LINKS'] ?? '1000')

export const benchmark: Benchmark = {
  title: 'An agent over a thousand links',
  about:
    `${COUNT} bridges, vxlans and veth pairs with addresses, in equal parts, wanted by as many objects. From nothing: ` +
    'the plan, marks on every link, and a second look that finds nothing to do included, beside `ip -batch` that only ' +
    'makes them. A pass that finds nothing to do, beside the two dumps of `ip -json` alone. Drift: another process takes ' +
    'one of the links down and asks the kernel over and over whether it is up again; the agent waits 10 ms for more ' +
    'events before it looks at all links.',
  run: ({ say }) => {
    if (process.getuid?.() !== 0) return Promise.resolve([{ ...NOTHING, note: 'needs root' }])
    say('about a minute')
    const text = execFileSync(
      'unshare',
      ['--net', process.execPath, 'bench/drift-scenario.ts', String(COUNT)],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    return rowsOf(JSON.parse(text) as Figures)
  },
}

const NOTHING: BenchRow = { what: 'links', unit: 'ms', better: 'less', figures: { warren: undefined } }

interface Figures {
  readonly fromNothing: number
  readonly again: readonly number[]
  readonly within: readonly number[]
  readonly roundTrips: readonly number[]
  readonly repairs: readonly number[]
}

const rowsOf = async (f: Figures): Promise<readonly BenchRow[]> => {
  const ip = await byIp()
  const row = (what: string, figures: BenchRow['figures'], note?: string): BenchRow => ({
    ...{ what, unit: 'ms', better: 'less', figures },
    ...(note === undefined ? {} : { note }),
  })
  const drift = (share: number, name: string): BenchRow => {
    const [repair, trip] = [quantile(f.repairs, share), quantile(f.roundTrips, share)]
    const what = `drift to repair, ${name}`
    return row(
      what,
      { warren: repair, 'one netlink round trip': trip },
      `${Math.round(repair / trip)} round trips`,
    )
  }
  return [
    row(`${COUNT} links from nothing`, { warren: f.fromNothing, 'ip -batch': ip.made }),
    row('a pass that finds nothing to do', { warren: quantile(f.again, 0.5), 'ip -json': ip.shown }),
    drift(0.5, 'median'),
    drift(0.99, '99th percentile'),
  ]
}

const quantile = (figures: readonly number[], share: number): number =>
  figures.toSorted((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * share))] ?? NaN

/** The same links by iproute2, in a namespace that a process holds. */
const byIp = async (): Promise<{ made: number | undefined; shown: number | undefined }> => {
  if (findTool('ip') === undefined) return { made: undefined, shown: undefined }
  const dir = mkdtempSync(join(tmpdir(), 'warren-bench-'))
  const name = `warren-bench-${process.pid}`
  try {
    const each = Math.ceil(COUNT / 3)
    const lines = [...bridges(each), ...vxlans(each), ...veths(each)]
    writeFileSync(join(dir, 'batch'), ipLines(lines))
    run('ip', 'netns', 'add', name)
    const made = await timed(() => run('ip', '-n', name, '-batch', join(dir, 'batch')))
    const shown = await medianOf(5, () =>
      timed(() => {
        run('ip', '-n', name, '-json', '-details', 'link', 'show')
        run('ip', '-n', name, '-json', 'address', 'show')
      }),
    )
    return { made, shown }
  } finally {
    spawnSync('ip', ['netns', 'delete', name])
    rmSync(dir, { recursive: true })
  }
}

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(findTool(program) ?? program, args, { encoding: 'utf8', maxBuffer: 1 << 28 })

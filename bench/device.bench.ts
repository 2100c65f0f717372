/**
 * `warren device` against wireguard-go, Debian's and the newest from Go's module proxy: throughput, processor time,
 * round trips, memory. The makes take turns in every round, so that a busy minute of the machine meets all of them.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findTool } from '../test/harness/tools.ts'
import type { Benchmark, BenchContext, BenchRow } from './benchmark.ts'
import {
  cpuSeconds,
  INNER_B,
  residentMebibytes,
  startPair,
  type DevicePair,
  type DeviceProgram,
} from './device-ends.ts'

const ROUNDS = Number(process.env['WARREN_BENCH_ROUNDS'] ?? 3)
const SECONDS = Number(process.env['WARREN_BENCH_SECONDS'] ?? 5)
const TRIPS = 20_000
const ECHO = resolve('bench/device-echo.ts')

const METRICS = [
  { key: 'upload', what: 'TCP, first to second', unit: 'Gbit/s', better: 'more' },
  { key: 'uploadCpu', what: 'processor time of both devices', unit: 's/GB', better: 'less' },
  { key: 'download', what: 'TCP, second to first', unit: 'Gbit/s', better: 'more' },
  { key: 'downloadCpu', what: 'processor time of both devices, this way', unit: 's/GB', better: 'less' },
  { key: 'parallel', what: 'TCP, 8 streams', unit: 'Gbit/s', better: 'more' },
  { key: 'parallelCpu', what: 'processor time of both devices, 8 streams', unit: 's/GB', better: 'less' },
  { key: 'trips', what: 'round trips of 64 bytes', unit: '1/s', better: 'more' },
  { key: 'p50', what: 'round trip, median', unit: 'µs', better: 'less' },
  { key: 'p99', what: 'round trip, 99th percentile', unit: 'µs', better: 'less' },
  { key: 'rss', what: 'resident memory of one device, after load', unit: 'MiB', better: 'less' },
] as const

type Figures = Record<(typeof METRICS)[number]['key'], number>

export const benchmark: Benchmark = {
  title: 'The userspace device',
  about:
    'Two network namespaces on this machine, joined by a veth pair (MTU 1500), with the same device program at both ' +
    `ends (MTU 1420); medians of ${ROUNDS} rounds. All of it shares the machine's cores: both devices, both ends of ` +
    'iperf3 and the kernel, so throughput says how much processor the tunnel leaves to others. A veth pair carries ' +
    'UDP GSO bursts whole; a network card may not.',
  run: async (context) => {
    const contestants = findContestants(context)
    const results = new Map<string, Figures[]>()
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const [name, program] of contestants.programs) {
          context.say(`round ${round + 1}: ${name}`)
          const figures = await measure(program)
          context.say(
            JSON.stringify(figures, (_, value: unknown) =>
              typeof value === 'number' ? Number(value.toPrecision(3)) : value,
            ),
          )
          results.set(name, [...(results.get(name) ?? []), figures])
        }
      }
    } finally {
      contestants.cleanUp()
    }
    return rowsOf(results)
  },
}

function rowsOf(results: ReadonlyMap<string, readonly Figures[]>): BenchRow[] {
  return METRICS.map(({ key, ...row }) => ({
    ...row,
    figures: Object.fromEntries(
      [...results].map(([name, figures]) => [name, median(figures.map((f) => f[key]))]),
    ),
  }))
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}

function findContestants({ say }: BenchContext): {
  programs: Map<string, DeviceProgram>
  cleanUp: () => void
} {
  const env = { WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1' }
  const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
  const programs = new Map<string, DeviceProgram>([
    ['warren', { program: resolve('bin/warren'), args: ['device', 'wg0'] }],
  ])
  const debian = findTool('wireguard-go')
  if (debian === undefined) say('no wireguard-go: apt-get install wireguard-go')
  else
    programs.set(`wireguard-go ${versionOf(debian)}`, { program: debian, args: ['--foreground', 'wg0'], env })
  const newest = buildNewest(folder, say)
  if (newest)
    programs.set(`wireguard-go ${newest.version}`, {
      program: newest.path,
      args: ['--foreground', 'wg0'],
      env,
    })
  return { programs, cleanUp: () => rmSync(folder, { recursive: true, force: true }) }
}

function versionOf(program: string): string {
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' })
  return /v?(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? 'unknown'
}

/** Into a folder of ours: nothing of it stays. WARREN_BENCH_GO_CACHE keeps it between runs. */
function buildNewest(
  folder: string,
  say: (line: string) => void,
): { path: string; version: string } | undefined {
  if (findTool('go') === undefined) {
    say('no go: the newest wireguard-go cannot be built')
    return undefined
  }
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' }
  try {
    execFileSync('go', ['install', 'golang.zx2c4.com/wireguard@latest'], { env, stdio: 'pipe' })
    const path = join(folder, 'wireguard')
    const text = execFileSync('go', ['version', '-m', path], { encoding: 'utf8' })
    const version = /mod\s+golang\.zx2c4\.com\/wireguard\s+v([\d.]+-\d{8})?/.exec(text)?.[1] ?? 'newest'
    return { path, version }
  } catch (error) {
    say(`the newest wireguard-go cannot be built: ${(error as Error).message}`)
    return undefined
  }
}

async function measure(program: DeviceProgram): Promise<Figures> {
  const pair = await startPair(program)
  try {
    await transfer(pair, ['-t', '1'])
    const upload = await transfer(pair, ['-t', String(SECONDS)])
    const download = await transfer(pair, ['-t', String(SECONDS), '-R'])
    const parallel = await transfer(pair, ['-t', String(SECONDS), '-P', '8'])
    const echo = await roundTrips(pair)
    return {
      ...{ upload: upload.gbits, uploadCpu: upload.cpu, download: download.gbits, downloadCpu: download.cpu },
      ...{ parallel: parallel.gbits, parallelCpu: parallel.cpu },
      ...{ trips: echo.perSecond, p50: echo.p50Us, p99: echo.p99Us },
      rss: residentMebibytes(pair.pids[0] ?? 0),
    }
  } finally {
    pair.close()
  }
}

async function transfer(pair: DevicePair, args: readonly string[]): Promise<{ gbits: number; cpu: number }> {
  const server = pair.b.spawn('iperf3', ['-s', '-1', '--forceflush'])
  const ended = once(server, 'exit')
  if (server.stdout) await Promise.race([once(server.stdout, 'data'), ended])
  if (server.exitCode !== null) throw new Error('iperf3 cannot listen')
  const before = cpuSeconds(pair.pids)
  const text = await pair.a.exec(`iperf3 -c ${INNER_B} -J ${args.join(' ')}`)
  const cpu = cpuSeconds(pair.pids) - before
  // It answers once; the next one needs its port.
  await ended
  const { end } = JSON.parse(text) as { end: { sum_received: { bits_per_second: number; bytes: number } } }
  return { gbits: end.sum_received.bits_per_second / 1e9, cpu: cpu / (end.sum_received.bytes / 1e9) }
}

async function roundTrips(pair: DevicePair): Promise<{ perSecond: number; p50Us: number; p99Us: number }> {
  const server = pair.b.spawn(process.execPath, [ECHO, 'serve'])
  if (server.stdout) await once(server.stdout, 'data')
  try {
    return JSON.parse(await pair.a.exec(`${process.execPath} ${ECHO} ask ${INNER_B} ${TRIPS}`)) as never
  } finally {
    server.kill('SIGKILL')
  }
}

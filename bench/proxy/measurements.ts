/**
 * What is measured of one proxy: on the direct path everything that costs processor time or memory, on the slow path
 * goodput. Before anything is timed, bodies are checked byte for byte and a second of requests is served: a compiler at
 * run time has done most of its work then.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { startProxy, type Contestant, type RunningProxy, type Target } from './contestant.ts'
import type { Path, Place } from './place.ts'
import { costOf } from './processes.ts'

/** By the keys of rows.ts. */
export type Figures = Record<string, number>

export interface Durations {
  /** Of one transfer, and of one run of requests. */
  readonly transferSeconds: number
  readonly requestSeconds: number
  /** With loss and delay, when congestion control has to settle first. */
  readonly goodputSeconds: number
  readonly settleSeconds: number
  /** Lossy transfers go side by side, so that one unlucky connection is not the figure. */
  readonly lossyConnections: number
}

interface LoadResult {
  readonly bytes: number
  readonly seconds: number
  readonly cpuSeconds: number
}

const run = promisify(execFile)
const LOAD = resolve('bench/proxy/load.ts')
const SINK = '192.0.2.2:81'
const IDLE_CLIENTS = 10_000

export async function measureDirect(place: Place, contestant: Contestant, how: Durations): Promise<Figures> {
  const figures: Figures = {}
  await withProxy(place, { contestant, path: 'direct', target: 'nginx' }, async (proxy) => {
    figures['rssIdle'] = costOf(proxy.pids).residentMebibytes
    await checkDownload(place, proxy)
    await requests(place, proxy, { connections: 64, page: '/tiny', seconds: 1 })
    const down = await transfer(place, proxy, { verb: 'get', path: '/large', connections: 1, ...brief(how) })
    Object.assign(figures, { down: rateOf(down), downCpu: cpuOf(down) })
    for (const [key, connections, page] of REQUESTS) {
      const result = await requests(place, proxy, { connections, page, seconds: how.requestSeconds })
      for (const [name, value] of Object.entries(result)) figures[`${key}.${name}`] = value
    }
    noteMemory(figures, proxy)
  })
  await withProxy(place, { contestant, path: 'direct', target: 'sink' }, async (proxy) => {
    await checkUpload(place, proxy)
    const up = await transfer(place, proxy, {
      verb: 'put',
      path: uploadPath(contestant),
      connections: 1,
      ...brief(how),
    })
    Object.assign(figures, { up: rateOf(up), upCpu: cpuOf(up) })
    noteMemory(figures, proxy)
  })
  return contestant.command === undefined ? withoutCosts(figures) : figures
}

/** Of the processes for requests and for uploads, the larger. */
function noteMemory(figures: Figures, { pids }: RunningProxy): void {
  const { residentMebibytes, privateMebibytes } = costOf(pids)
  figures['rssAfter'] = Math.max(figures['rssAfter'] ?? 0, residentMebibytes)
  figures['rssOwn'] = Math.max(figures['rssOwn'] ?? 0, privateMebibytes)
}

/** Without a proxy, there is none to measure. */
const withoutCosts = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([key]) => !/cpu$|^rss/i.test(key)))

const REQUESTS = [
  ['c1', 1, '/tiny'],
  ['c64', 64, '/tiny'],
  ['c512', 512, '/tiny'],
  ['c64x16k', 64, '/16k'],
] as const

const brief = ({ transferSeconds }: Durations) => ({ seconds: transferSeconds, warmUp: 0.5 })

/** Megabytes a second both ways, on the slow path as it is now. */
export async function measureSlow(
  place: Place,
  contestant: Contestant,
  { connections, seconds, warmUp }: { connections: number; seconds: number; warmUp: number },
): Promise<Figures> {
  const figures: Figures = {}
  for (const [key, target, verb] of [
    ['down', 'nginx', 'get'],
    ['up', 'sink', 'put'],
  ] as const)
    await withProxy(place, { contestant, path: 'slow', target }, async (proxy) => {
      const path = verb === 'get' ? '/large' : uploadPath(contestant)
      figures[key] = rateOf(await transfer(place, proxy, { verb, path, connections, seconds, warmUp }))
    })
  return figures
}

/** KiB for each of many clients that hold a connection and say nothing. */
export async function measureIdleClients(place: Place, contestant: Contestant): Promise<Figures> {
  const figures: Figures = {}
  await withProxy(place, { contestant, path: 'direct', target: 'nginx' }, async (proxy) => {
    const args = ['idle', proxy.to, '/tiny', String(IDLE_CLIENTS), proxy.pids.join(',')]
    const { before, after, open } = await load<{ before: number; after: number; open: number }>(place, args)
    if (open < IDLE_CLIENTS) throw new Error(`${proxy.name} closed ${IDLE_CLIENTS - open} idle clients`)
    Object.assign(figures, { idleEach: ((after - before) * 1024) / IDLE_CLIENTS, idleAll: after })
  })
  return figures
}

async function withProxy(
  place: Place,
  { contestant, ...where }: { contestant: Contestant; path: Path; target: Target },
  use: (proxy: RunningProxy) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(place, contestant, where)
  try {
    await use(proxy)
  } finally {
    await proxy.close()
  }
}

async function checkDownload(place: Place, { name, to }: RunningProxy): Promise<void> {
  const { digest } = await load<{ digest: string }>(place, ['check-get', to, '/large'])
  if (digest !== place.large.digest) throw new Error(`${name} changed a body on its way down`)
}

async function checkUpload(place: Place, { name, to }: RunningProxy): Promise<void> {
  const { digest } = await load<{ digest: string }>(place, ['check-put', to, '/checked', place.large.file])
  if (digest !== place.large.digest) throw new Error(`${name} changed a body on its way up: ${digest}`)
}

interface Transfer {
  readonly verb: 'get' | 'put'
  readonly path: string
  readonly connections: number
  readonly seconds: number
  readonly warmUp: number
}

function transfer(place: Place, { to, pids }: RunningProxy, how: Transfer): Promise<LoadResult> {
  const { verb, path, connections, seconds, warmUp } = how
  return load(place, [
    verb,
    to,
    path,
    String(connections),
    String(seconds),
    String(warmUp),
    pids.join(','),
    SINK,
  ])
}

/** The sink counts by path. */
const uploadPath = ({ slot }: Contestant): string => `/of-${slot}`
const rateOf = ({ bytes, seconds }: LoadResult): number => bytes / 1e6 / seconds
const cpuOf = ({ bytes, cpuSeconds }: LoadResult): number => cpuSeconds / (bytes / 1e9)

async function load<T>(place: Place, args: readonly string[]): Promise<T> {
  return JSON.parse(await inClient(place, process.execPath, [LOAD, ...args])) as T
}

/** In the place's own words: requests a second, milliseconds, microseconds of processor time. */
async function requests(
  place: Place,
  { name, to, pids }: RunningProxy,
  { connections, page, seconds }: { connections: number; page: string; seconds: number },
): Promise<Figures> {
  const script = join(place.folder, 'report.lua')
  writeFileSync(script, REPORT)
  const before = costOf(pids).cpuSeconds
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    `http://${to}${page}`,
  ]
  const output = await inClient(place, place.tools.wrk, args)
  const cpuSeconds = costOf(pids).cpuSeconds - before
  const result = JSON.parse(/^report (.*)$/m.exec(output)?.[1] ?? '{}') as Record<string, number>
  const { count = 0, microseconds = 0, errors = 0, p50 = Number.NaN, p99 = Number.NaN } = result
  if (errors > 0 || count === 0) throw new Error(`${name}: ${errors} of ${count} requests failed`)
  return {
    rate: count / (microseconds / 1e6),
    p50: p50 / 1000,
    p99: p99 / 1000,
    cpu: (cpuSeconds / count) * 1e6,
  }
}

const REPORT = `
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('report {"count":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`

async function inClient({ client, tools }: Place, program: string, args: readonly string[]): Promise<string> {
  const enter = [`--target=${client.pid}`, '--net', '--mount', '--', program, ...args]
  const { stdout } = await run('nsenter', enter, { env: { ...process.env, ...tools.env } })
  return stdout
}

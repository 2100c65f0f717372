/**
 * Reading and changing the kernel's tables over our own netlink codec, beside iproute2: what an agent does each time
 * it looks and repairs. Everything happens in network namespaces made for it.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  loadSyscalls,
  newNetns,
  RouteNetlink,
  type RouteRequests,
  type Syscalls,
  withNetns,
} from '../src/linux/index.ts'
import { findTool } from '../test/harness/tools.ts'
import { type Benchmark, type BenchRow, medianOf, timed } from './benchmark.ts'

const ITEMS = 1000
const LINKS = 300
const RUNS = 7
const ADDRESSES = Array.from({ length: ITEMS }, (_, index) => `10.${index >> 8}.${index & 255}.1`)
const PREFIXES = Array.from({ length: ITEMS }, (_, index) => `172.${16 + (index >> 8)}.${index & 255}.0/24`)

export const benchmark: Benchmark = {
  title: 'Netlink',
  about:
    `Links, addresses and routes of a network namespace, read into objects, and ${ITEMS} of them added. Beside it what ` +
    'a program without netlink does: run `ip -json` and parse its output, or feed `ip -batch`, process start ' +
    `included. The median of ${RUNS} runs; creating links is left out, because there the kernel alone decides.`,
  run: async ({ say }) => {
    if (process.getuid?.() !== 0) return [{ ...NOTHING, note: 'needs root' }]
    const sys = loadSyscalls()
    const scratch = mkdtempSync(join(tmpdir(), 'warren-bench-'))
    try {
      say(`${ITEMS} addresses and routes, ${LINKS} links`)
      return [...(await adding(sys, scratch)), ...(await reading(sys))]
    } finally {
      rmSync(scratch, { recursive: true })
    }
  },
}

const NOTHING: BenchRow = { what: 'netlink', unit: 'ms', better: 'less', figures: { warren: undefined } }
const ip = findTool('ip')

/** A namespace with one bridge that is up, and what to do in it. */
const inNamespace = async <T>(sys: Syscalls, work: (world: World) => Promise<T>): Promise<T> => {
  const netns = newNetns(sys)
  const route = RouteNetlink.open(sys, { netns })
  try {
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    return await work({ route, ip: (...args) => withNetns(sys, netns, () => runIp(args)) })
  } finally {
    route.close()
    sys.close(netns)
  }
}

interface World {
  readonly route: RouteNetlink
  readonly ip: (...args: readonly string[]) => unknown
}

const runIp = (args: readonly string[]): unknown => {
  const { status, stdout, stderr } = spawnSync(ip ?? 'ip', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  return stdout === '' ? undefined : (JSON.parse(stdout) as unknown)
}

const row = (what: string, figures: BenchRow['figures']): BenchRow => ({
  what,
  unit: 'ms',
  better: 'less',
  figures,
  ...(ip === undefined && { note: 'iproute2 is not installed' }),
})

const adding = async (sys: Syscalls, scratch: string): Promise<BenchRow[]> => {
  const addresses = join(scratch, 'addresses')
  const routes = join(scratch, 'routes')
  writeFileSync(addresses, ADDRESSES.map((address) => `addr add ${address}/32 dev br0\n`).join(''))
  writeFileSync(routes, PREFIXES.map((prefix) => `route add ${prefix} dev br0 proto 87\n`).join(''))
  const measure = (work: (world: World) => unknown) =>
    medianOf(RUNS, () => inNamespace(sys, (world) => timed(() => work(world))))
  const addAddresses = (requests: RouteRequests): void => {
    for (const local of ADDRESSES) requests.addAddress({ link: 2, local, prefixLength: 32, protocol: 87 })
  }
  const addRoutes = (requests: RouteRequests): void => {
    for (const destination of PREFIXES) requests.addRoute({ destination, link: 2, protocol: 87 })
  }
  const batch = (file: string) =>
    ip === undefined ? undefined : measure((world) => world.ip('-batch', file))
  return [
    row(`${ITEMS} addresses added`, {
      warren: await measure(({ route }) => route.batch(addAddresses)),
      'warren, one by one': await measure(({ route }) => addAddresses(route)),
      'ip -batch': await batch(addresses),
    }),
    row(`${ITEMS} routes added`, {
      warren: await measure(({ route }) => route.batch(addRoutes)),
      'warren, one by one': await measure(({ route }) => addRoutes(route)),
      'ip -batch': await batch(routes),
    }),
  ]
}

const reading = (sys: Syscalls): Promise<BenchRow[]> =>
  inNamespace(sys, async ({ route, ip: run }) => {
    route.batch((requests) => {
      for (const local of ADDRESSES) requests.addAddress({ link: 2, local, prefixLength: 32 })
      for (const destination of PREFIXES) requests.addRoute({ destination, link: 2 })
      for (let index = 0; index < LINKS; index++) requests.addLink({ name: `br${index + 1}`, kind: 'bridge' })
    })
    const measure = (work: () => unknown) => medianOf(RUNS, () => timed(work))
    const json = (...args: readonly string[]) =>
      ip === undefined ? undefined : measure(() => run('-json', '-details', ...args))
    return [
      row(`${LINKS + 2} links read`, {
        warren: await measure(() => route.links()),
        'ip -json': await json('link'),
      }),
      row(`${ITEMS} addresses read`, {
        warren: await measure(() => route.addresses()),
        'ip -json': await json('address'),
      }),
      row(`${ITEMS} routes read`, {
        warren: await measure(() => route.routes({ table: 254 })),
        'ip -json': await json('route'),
      }),
    ]
  })

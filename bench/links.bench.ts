/**
 * Links by the thousand, made from nothing and looked over: what an agent does on the day it arrives, and every time it
 * makes sure that nothing changed, beside iproute2. Everything happens in network namespaces made for it, which are kept
 * until the end: taking links down holds the kernel's RTNL lock, some milliseconds for each, and for everybody else on the
 * machine too: minutes, after the whole of it.
 *
 * The whole agent (its plan, its state, its marks) belongs into further rows: it makes and compares the same lists.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { loadSyscalls, newNetns, RouteNetlink, type Syscalls, withNetns } from '../src/linux/index.ts'
import { findTool } from '../test/harness/tools.ts'
import { type Benchmark, type BenchRow, medianOf, timed } from './benchmark.ts'
import { differences, type Shown } from './look-over-links.ts'
import { bridges, ipLines, makeLinks, veths, vxlans, type WantedLink } from './many-links.ts'

/** WARREN_BENCH_LINKS makes it smaller, for trying out. */
const COUNT = Number(process.env['WARREN_BENCH_LINKS'] ?? '1000')
const MAKING_RUNS = 3
const LOOKING_RUNS = 7
const QUIET_LOOKS = 5
const QUIET_PAUSE_MS = 200

export const benchmark: Benchmark = {
  title: 'Links by the thousand',
  about:
    `${COUNT} bridges, vxlans and veth pairs, each up and with an address, bridges and vxlans with settings of their own, made from nothing in an empty ` +
    'network namespace; then a look over all of them: links and addresses dumped, every setting and address compared ' +
    'with what is wanted. Beside it `ip -batch` with the same lines, and `ip -json -details` with the same comparison, ' +
    `process start included. Medians of ${MAKING_RUNS} runs for making, in turn, and ${LOOKING_RUNS} for looking. ` +
    'Making a link is mostly the kernel’s own time, the same for everybody.',
  run: async ({ say }) => {
    if (process.getuid?.() !== 0) return [{ ...NOTHING, note: 'needs root' }]
    const sys = loadSyscalls()
    const scratch = mkdtempSync(join(tmpdir(), 'warren-bench-'))
    const places: Place[] = []
    try {
      const open = (): Place => {
        const place = openPlace(sys)
        places.push(place)
        return place
      }
      const rounds: Round[] = []
      for (let round = 1; round <= MAKING_RUNS; round++) {
        say(`making, ${round} of ${MAKING_RUNS}`)
        rounds.push(await making({ here: open(), there: open(), batchFile: join(scratch, 'batch') }))
      }
      say('looking')
      const [made] = places
      return [...makingRows(rounds), ...(made ? [await looking(made)] : [])]
    } finally {
      for (const place of places) place.close()
      rmSync(scratch, { recursive: true })
      say('waiting until the kernel has taken them down')
      await quiet(sys)
    }
  },
}

const NOTHING: BenchRow = { what: 'links', unit: 'ms', better: 'less', figures: { warren: undefined } }
const ip = findTool('ip')
const KINDS: readonly (readonly [string, readonly WantedLink[]])[] = [
  [`${COUNT} bridges with an address made`, bridges(COUNT)],
  [`${COUNT} vxlans with an address made`, vxlans(COUNT)],
  [`${COUNT} veth pairs with an address made`, veths(COUNT)],
]

interface Place {
  readonly route: RouteNetlink
  readonly ip: (...args: readonly string[]) => string
  readonly close: () => void
}

const openPlace = (sys: Syscalls): Place => {
  const netns = newNetns(sys)
  const route = RouteNetlink.open(sys, { netns })
  return {
    route,
    ip: (...args) => withNetns(sys, netns, () => runIp(args)),
    close: () => {
      route.close()
      sys.close(netns)
    },
  }
}

/** Until links can be made without waiting for RTNL again: what is measured next should not pay for this. */
const quiet = async (sys: Syscalls): Promise<void> => {
  for (let free = 0; free < QUIET_LOOKS; ) {
    await setTimeout(QUIET_PAUSE_MS)
    const place = openPlace(sys)
    const taken = await timed(() =>
      place.route.addLink({ name: 'probe', kind: 'vxlan', settings: { id: 1 } }),
    )
    place.close()
    free = taken < QUIET_PAUSE_MS ? free + 1 : 0
  }
}

const runIp = (args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(ip ?? 'ip', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  return stdout
}

interface Workshop {
  readonly here: Place
  readonly there: Place
  readonly batchFile: string
}

/** Milliseconds for each kind. */
interface Round {
  readonly ours: readonly number[]
  readonly theirs: readonly (number | undefined)[]
}

const making = async ({ here, there, batchFile }: Workshop): Promise<Round> => {
  const [ours, theirs]: [number[], (number | undefined)[]] = [[], []]
  for (const [, wanted] of KINDS) {
    writeFileSync(batchFile, ipLines(wanted))
    ours.push(await timed(() => makeLinks(here.route, wanted)))
    theirs.push(ip === undefined ? undefined : await timed(() => there.ip('-batch', batchFile)))
  }
  return { ours, theirs }
}

const makingRows = (rounds: readonly Round[]): readonly BenchRow[] =>
  KINDS.map(([what], kind) =>
    row(what, {
      warren: middle(rounds.map(({ ours }) => ours[kind])),
      'ip -batch': middle(rounds.map(({ theirs }) => theirs[kind])),
    }),
  )

const middle = (figures: readonly (number | undefined)[]): number | undefined =>
  figures.filter((figure) => figure !== undefined).toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]

/** Over what the first round made. */
const looking = async ({ route, ip: run }: Place): Promise<BenchRow> => {
  const wanted = KINDS.flatMap(([, links]) => links)
  const look = (show: () => Shown): (() => void) => {
    return () => {
      const found = differences(wanted, show())
      if (found.length > 0) throw new Error(`what was made differs: ${found[0]}`)
    }
  }
  const measure = (work: () => void): Promise<number> => medianOf(LOOKING_RUNS, () => timed(work))
  return row(`a look over ${wanted.length} links that are as wanted`, {
    warren: await measure(look(() => ({ links: route.links(), addresses: route.addresses() }))),
    'ip -json': ip === undefined ? undefined : await measure(look(() => shownByIp(run))),
  })
}

interface IpLink {
  readonly ifname: string
  readonly ifindex: number
  readonly flags: readonly string[]
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: Readonly<Record<string, number | boolean>>
  }
}
interface IpAddress {
  readonly ifindex: number
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}

const shownByIp = (run: Place['ip']): Shown => {
  const links = JSON.parse(run('-json', '-details', 'link')) as readonly IpLink[]
  const addresses = JSON.parse(run('-json', 'address')) as readonly IpAddress[]
  return {
    links: links.map(({ ifname, ifindex, flags, linkinfo: { info_kind = '', info_data = {} } = {} }) => ({
      ...{ name: ifname, index: ifindex, kind: info_kind, up: flags.includes('UP') },
      settings: {
        ...{ stp: info_data['stp_state'] === 1, ageingTime: Number(info_data['ageing_time']) / 100 },
        ...{ id: Number(info_data['id']), port: Number(info_data['port']) },
        learning: info_data['learning'] === true,
      },
    })),
    addresses: addresses.flatMap(({ ifindex, addr_info }) =>
      addr_info.map(({ local, prefixlen }) => ({ linkIndex: ifindex, local, prefixLength: prefixlen })),
    ),
  }
}

const row = (what: string, figures: BenchRow['figures']): BenchRow => ({
  ...{ what, unit: 'ms', better: 'less', figures },
  ...(ip === undefined && { note: 'iproute2 is not installed' }),
})

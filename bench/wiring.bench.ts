/**
 * Wiring a container, as a runtime's network plugin or an agent does it for each one that starts:
 *
 *     node                          container (a new, named network namespace)
 *   ┌──────────────────────┐      ┌──────────────────────────────┐
 *   │ br0 ── vethN (port) ─┼──────┼─ eth0 10.64.x.y/16, default  │
 *   └──────────────────────┘      └──────────────────────────────┘
 *
 * The node is a network namespace of the benchmark's own.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  loadSyscalls,
  newNetns,
  pinNetns,
  RouteNetlink,
  type Syscalls,
  unpinNetns,
  withNetns,
} from '../src/linux/index.ts'
import { findTool } from '../test/harness/tools.ts'
import { type Benchmark, type BenchRow, timed } from './benchmark.ts'

const CONTAINERS = 200
const WARM_UP = 10
const TIMES_FASTER = 8
const GATEWAY = '10.64.0.1'
const NAMES = 'warren-bench'

export const benchmark: Benchmark = {
  title: 'Wiring a container',
  about:
    `A named network namespace, a veth pair with one end in it and the other a port of a bridge, both ends up, an ` +
    `address and a default route: ${CONTAINERS} times by our netlink, by the \`ip\` commands one would type (six), and by ` +
    '`ip` with as few processes as it takes (three, two of them with -batch), in turn, each in a namespace that stands ' +
    'for a node. Nothing is taken down until the end.',
  run: async ({ say, signal }) => {
    if (process.getuid?.() !== 0) return [{ ...NOTHING, note: 'needs root' }]
    const sys = loadSyscalls()
    const scratch = mkdtempSync(join(tmpdir(), 'warren-bench-'))
    const contestants = contestantsOf(sys, scratch)
    try {
      say(`${CONTAINERS} containers`)
      return rowsOf(await measure(contestants, signal))
    } finally {
      for (const contestant of contestants) contestant.close()
      rmSync(scratch, { recursive: true })
    }
  },
}

const NOTHING: BenchRow = { what: 'wiring', unit: 'ms', better: 'less', figures: { warren: undefined } }
const ip = findTool('ip')

interface Contestant {
  readonly name: string
  readonly wire: (container: number) => void
  readonly close: () => void
}

const contestantsOf = (sys: Syscalls, scratch: string): readonly Contestant[] => [
  ours(sys),
  ...(ip === undefined ? [] : [commands(sys), batches(sys, scratch)]),
]

const addressOf = (container: number): string => `10.64.${1 + (container >> 8)}.${container & 255}`

/** The node, and the names of the containers that were wired in it. */
const node = (sys: Syscalls, contestant: string) => {
  const netns = newNetns(sys)
  const route = RouteNetlink.open(sys, { netns })
  route.addLink({ name: 'br0', kind: 'bridge', up: true })
  route.addAddress({ link: 'br0', local: GATEWAY, prefixLength: 16 })
  const pinned: string[] = []
  return {
    ...{ netns, route },
    nameOf: (container: number): string => {
      const name = `${NAMES}-${contestant}-${container}`
      pinned.push(`/run/netns/${name}`)
      return name
    },
    close: () => {
      for (const path of pinned) unpinNetns(sys, path)
      route.close()
      sys.close(netns)
    },
  }
}

const ours = (sys: Syscalls): Contestant => {
  const { route, nameOf, close } = node(sys, 'netlink')
  const bridge = route.indexOf('br0')
  const wire = (container: number): void => {
    const netns = newNetns(sys)
    pinNetns(sys, netns, `/run/netns/${nameOf(container)}`)
    route.addLink({
      ...{ name: `veth${container}`, kind: 'veth', master: bridge, up: true },
      peer: { name: 'eth0', netns },
    })
    const inside = RouteNetlink.open(sys, { netns })
    const link = inside.indexOf('eth0')
    inside.setLink(link, { up: true })
    inside.addAddress({ link, local: addressOf(container), prefixLength: 16 })
    inside.addRoute({ destination: '0.0.0.0/0', gateway: GATEWAY, link })
    inside.close()
    sys.close(netns)
  }
  return { name: 'warren', wire, close }
}

const commands = (sys: Syscalls): Contestant => {
  const { netns, nameOf, close } = node(sys, 'commands')
  const wire = (container: number): void => {
    const name = nameOf(container)
    const lines = [
      `netns add ${name}`,
      `link add veth${container} type veth peer name eth0 netns ${name}`,
      `link set veth${container} master br0 up`,
      `-n ${name} address add ${addressOf(container)}/16 dev eth0`,
      `-n ${name} link set eth0 up`,
      `-n ${name} route add default via ${GATEWAY}`,
    ]
    for (const line of lines) withNetns(sys, netns, () => runIp(line.split(' ')))
  }
  return { name: 'ip commands', wire, close }
}

const batches = (sys: Syscalls, scratch: string): Contestant => {
  const { netns, nameOf, close } = node(sys, 'batch')
  const [outside, inside] = [join(scratch, 'outside'), join(scratch, 'inside')]
  const wire = (container: number): void => {
    const name = nameOf(container)
    writeFileSync(outside, `link add veth${container} master br0 up type veth peer name eth0 netns ${name}\n`)
    writeFileSync(
      inside,
      `link set eth0 up\naddress add ${addressOf(container)}/16 dev eth0\nroute add default via ${GATEWAY}\n`,
    )
    withNetns(sys, netns, () => {
      runIp(['netns', 'add', name])
      runIp(['-batch', outside])
      runIp(['-n', name, '-batch', inside])
    })
  }
  return { name: 'ip -batch', wire, close }
}

const runIp = (args: readonly string[]): void => {
  const { status, stderr } = spawnSync(ip ?? 'ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

type Figures = ReadonlyMap<string, readonly number[]>

/** In turn, so that whatever else happens on the machine happens to all of them. */
const measure = async (contestants: readonly Contestant[], signal: AbortSignal): Promise<Figures> => {
  const figures = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (let container = 0; container < WARM_UP + CONTAINERS && !signal.aborted; container++) {
    for (const { name, wire } of contestants) {
      const taken = await timed(() => wire(container))
      if (container >= WARM_UP) figures.get(name)?.push(taken)
    }
  }
  return figures
}

const rowsOf = (figures: Figures): readonly BenchRow[] => {
  const at = (share: number): Record<string, number | undefined> =>
    Object.fromEntries([...figures].map(([name, taken]) => [name, percentile(taken, share)]))
  const [middle, high] = [at(0.5), at(0.99)]
  const [we, they] = [middle['warren'], middle['ip commands']]
  return [
    { what: 'one container, median', unit: 'ms', better: 'less', figures: middle },
    { what: 'one container, 99th percentile', unit: 'ms', better: 'less', figures: high },
    {
      ...{ what: 'how many times faster than the commands, median', unit: '×', better: 'more' },
      figures: { warren: we === undefined || they === undefined ? undefined : they / we },
      goal: TIMES_FASTER,
      ...(ip === undefined && { note: 'iproute2 is not installed' }),
    },
  ]
}

const percentile = (figures: readonly number[], share: number): number | undefined =>
  figures.toSorted((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * share))]

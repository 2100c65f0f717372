/**
 * `warren proxy`, or any proxy that takes the same three environment variables, against others of its kind and against
 * plain TCP:
 *
 *   node bench/run.ts proxy                                              ours and plain TCP
 *   node bench/run.ts proxy -- --vs COMMAND --vs-tuned COMMAND           beside two more; their order rotates
 *   node bench/run.ts proxy -- --quick …                                 two minutes instead of eight
 *   node bench/run.ts proxy -- --proxy COMMAND --rounds 1 …              another one in our place
 *
 * Flags have twins: WARREN_BENCH_PROXY, …_PROXY_VS, …_PROXY_VS_TUNED, WARREN_BENCH_ROUNDS, WARREN_BENCH_QUICK=1, and
 * WARREN_BENCH_PEER is the program at the far end of the tunnel.
 */
import { readFileSync } from 'node:fs'
import type { Benchmark, BenchContext, BenchRow } from './benchmark.ts'
import type { Contestant } from './proxy/contestant.ts'
import { measureDirect, measureIdleClients, measureSlow, type Figures } from './proxy/measurements.ts'
import { readOptions, type ProxyBenchOptions } from './proxy/options.ts'
import { openPlace, type Impairment, type Place } from './proxy/place.ts'
import { rowsOf } from './proxy/rows.ts'
import { prepareTools } from './proxy/tools.ts'

export const benchmark: Benchmark = {
  title: 'The userspace proxy',
  about:
    'A proxy in one network namespace, wireguard-go (MTU 1420), nginx and a sink for uploads in another, all on this ' +
    "machine's cores; the clients, too. Before anything is timed, bodies are compared with their source and requests are served for a second. Contestants " +
    'take turns in rounds: figures are medians, ratios medians of the ratios within each round. Processor time is the ' +
    "proxy's alone; throughput also depends on what the other end and the clients leave to it. With loss or delay the " +
    'path is a relay of IP packets between two TUNs (no offloads), loss in each direction, delay the round trip; with ' +
    'both, all contestants run at the same time. Plain TCP is the client talking to nginx without tunnel or proxy.',
  run: async (context) => {
    const options = readOptions(process.argv.slice(4))
    const results = new Map<string, Figures[]>(options.contestants.map(({ name }) => [name, []]))
    const place = await openPlace(prepareTools(context.say))
    context.signal.addEventListener('abort', () => place.close())
    const load = [loadAverage()]
    try {
      for (let round = 0; round < options.rounds; round++)
        for (const [name, figures] of await runRound(place, { context, options, round }))
          results.get(name)?.push(figures)
    } finally {
      place.close()
      options.cleanUp()
    }
    return [...rowsOf(results), conditions([...load, loadAverage()], place, options)]
  },
}

interface Round {
  readonly context: BenchContext
  readonly options: ProxyBenchOptions
  readonly round: number
}

async function runRound(place: Place, { context, options, round }: Round): Promise<Map<string, Figures>> {
  const { contestants, durations, quick } = options
  const figures = new Map<string, Figures>(contestants.map(({ name }) => [name, {}]))
  const add = (contestant: Contestant, more: Figures, prefix = ''): void => {
    for (const [key, value] of Object.entries(more))
      (figures.get(contestant.name) ?? {})[prefix + key] = value
    context.say(`round ${round + 1}: ${contestant.name}: ${prefix}${brief(more)}`)
  }
  const turn = round % contestants.length
  const inTurn = [...contestants.slice(turn), ...contestants.slice(0, turn)]
  for (const contestant of inTurn) add(contestant, await measureDirect(place, contestant, durations))
  if (round === 0) {
    for (const contestant of inTurn)
      if (contestant.command !== undefined) add(contestant, await measureIdleClients(place, contestant))
    if (!quick)
      for (const [prefix, how] of ONE_CONNECTION) {
        await place.impair(how)
        for (const contestant of inTurn) {
          const time = { connections: 1, seconds: durations.transferSeconds, warmUp: 1.5 }
          add(contestant, await measureSlow(place, contestant, time), prefix)
        }
      }
  }
  if (round >= LOSSY_ROUNDS) return figures
  await place.impair({ delayMs: 40, loss: 0.01 })
  const { lossyConnections: connections, goodputSeconds: seconds, settleSeconds: warmUp } = durations
  // The losses leave everybody so little that they do not meet: a few megabytes a second together.
  await Promise.all(
    contestants.map(async (contestant) =>
      add(contestant, await measureSlow(place, contestant, { connections, seconds, warmUp }), 'both.'),
    ),
  )
  return figures
}

/** Two of them are half a minute for each direction; chance is evened out by connections rather than by rounds. */
const LOSSY_ROUNDS = 2

const ONE_CONNECTION: readonly (readonly [string, Impairment])[] = [
  ['delay.', { delayMs: 40, loss: 0 }],
  ['loss.', { delayMs: 0, loss: 0.01 }],
]

/** For what a reader must know of the figures. */
function conditions(load: readonly string[], { tools }: Place, { rounds }: ProxyBenchOptions): BenchRow {
  return {
    ...{ what: 'load average before and after', unit: '', better: 'less', figures: {} },
    note: `${load.join(' and ')}; ${rounds} rounds; the far end is wireguard-go ${tools.wireguardGoVersion}`,
  }
}

const loadAverage = (): string => readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '?'

const brief = (figures: Figures): string =>
  JSON.stringify(figures, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(3)) : value,
  )

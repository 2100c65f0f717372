/**
 * Planning a large full mesh, from plain objects to every peer entry read, and again with one node more.
 */
import { createHash } from 'node:crypto'
import { parseObjects, validateObject, type WarrenObject, NO_ALLOCATIONS } from '../src/model/index.ts'
import { plan, type PlanResult } from '../src/plan/index.ts'
import { type Benchmark, type BenchRow, medianOf, timed } from './benchmark.ts'

const NODES = 1000
const RUNS = 15

export const benchmark: Benchmark = {
  title: 'Planning',
  about: `A full mesh of ${NODES} public nodes in two address families: the objects are validated against their schema, planned
and checked, and every one of the ${(NODES * (NODES - 1)).toLocaleString('en-US')} peer entries is read, field by field. Then one node is added to what was
allocated, and every node's new intent is made. Medians of ${RUNS} runs in one process, the first of them cold; memory is
the largest resident size of the whole process. No other program plans this, so there is nothing to compare with.`,
  run: async ({ say }) => {
    const full: number[] = []
    for (let run = 0; run < RUNS; run++) full.push(await timed(() => assertEntries(readAll(planned(NODES)))))
    say(`full: ${full.map((ms) => ms.toFixed(0)).join(' ')} ms`)
    const before = planned(NODES).allocations
    const one: number[] = []
    const oneCpu: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const objects = objectsOf(NODES + 1)
      const cpu = process.threadCpuUsage()
      one.push(await timed(() => [...plan(objects, before).intents.values()]))
      const { user, system } = process.threadCpuUsage(cpu)
      oneCpu.push((user + system) / 1000)
    }
    say(`one more: ${one.map((ms) => ms.toFixed(1)).join(' ')} ms`)
    const peakMiB = process.resourceUsage().maxRSS / 1024
    const text = JSON.stringify(planValue(NODES))
    const yaml = await medianOf(3, () => timed(() => parseObjects(text, { file: 'mesh.yaml' })))
    return rows({
      cold: full[0] ?? NaN,
      full: middle(full),
      one: middle(one),
      oneCpu: middle(oneCpu),
      peakMiB,
      yaml,
    })
  },
}

function rows(
  figures: Readonly<Record<'cold' | 'full' | 'one' | 'oneCpu' | 'peakMiB' | 'yaml', number>>,
): BenchRow[] {
  const row = (what: string, unit: string, warren: number, goal?: number): BenchRow => ({
    what,
    unit,
    better: 'less',
    figures: { warren },
    ...(goal === undefined ? {} : { goal }),
  })
  return [
    row('full mesh, first time', 'ms', figures.cold, 1000),
    row('full mesh', 'ms', figures.full, 1000),
    row('largest resident size', 'MiB', figures.peakMiB, 1024),
    row('one node added', 'ms', figures.one, 20),
    row('one node added, processor time of the planning thread', 'ms', figures.oneCpu),
    row('its text parsed, which the figures above leave out', 'ms', figures.yaml),
  ]
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

function planned(nodes: number): PlanResult {
  return plan(objectsOf(nodes), NO_ALLOCATIONS)
}

function objectsOf(nodes: number): readonly WarrenObject[] {
  return validateObject(planValue(nodes), { file: 'mesh' }).objects
}

function planValue(nodes: number): unknown {
  return {
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'WireGuardNetworkPlan',
    metadata: { name: 'mesh' },
    spec: {
      cidrs: ['10.0.0.0/16', 'fd00::/64'],
      topology: 'Mesh',
      nodes: Array.from({ length: nodes }, (_, index) => ({
        name: `node-${index}`,
        endpoint: `198.18.${index >> 8}.${index & 255}:51820`,
        publicKey: createHash('sha256').update(`node-${index}`).digest('base64'),
      })),
    },
  }
}

/** Touches every field of every entry. */
function readAll(result: PlanResult): { readonly entries: number; readonly sum: number } {
  let entries = 0
  let sum = 0
  for (const { interfaces } of result.intents.values()) {
    for (const { peers } of interfaces) {
      for (const peer of peers) {
        entries++
        for (const prefix of peer.allowedIPs) sum += prefix.length
        sum += peer.publicKey.length + (peer.endpoint?.port ?? 0) + (peer.endpoint?.host.length ?? 0)
        sum += peer.persistentKeepaliveSeconds + (peer.node?.length ?? 0) + peer.path.length
        if (peer.presharedKey !== undefined) sum++
      }
    }
  }
  return { entries, sum }
}

function assertEntries({ entries, sum }: { readonly entries: number; readonly sum: number }): void {
  if (entries !== NODES * (NODES - 1) || sum === 0) throw new Error(`read ${entries} entries`)
}

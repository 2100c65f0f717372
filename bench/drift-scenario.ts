/**
 * One agent over many links, in the network namespace that this process was started in: `drift-scenario.ts COUNT`.
 * COUNT bridges, vxlans and veth pairs in equal parts. Prints milliseconds as JSON.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Agent, createLogger, LinuxHost, systemClock } from '../src/agent/index.ts'
import { formatAllocations, NO_ALLOCATIONS } from '../src/model/index.ts'
import { MemorySource } from '../src/sources/index.ts'
import { timed } from './benchmark.ts'
import { bridges, PREFIX_LENGTH, veths, vxlans, type WantedLink } from './many-links.ts'

const each = Math.ceil(Number(process.argv[2] ?? '1000') / 3)
const links = [...bridges(each), ...vxlans(each), ...veths(each)]
const DRIFTS = 150
const PASSES = 7

const dir = mkdtempSync(join(tmpdir(), 'warren-drift-'))
const plan = links.map(objectOf).join('---\n')
const host = LinuxHost.open({ backend: 'userspace', runDir: dir, stateDir: dir, uapiDir: dir })
const agent = new Agent({
  node: 'bench',
  source: new MemorySource(plan, formatAllocations(NO_ALLOCATIONS)),
  host,
  clock: systemClock,
  log: createLogger({
    format: 'text',
    level: 'warn',
    write: (l) => process.stderr.write(l),
    now: () => Date.now(),
  }),
  lookup: () => Promise.resolve([]),
  stateDir: dir,
  runDir: dir,
  boundsPath: join(dir, 'agent.yaml'),
})

try {
  const planMs = await timed(() => agent.dryRun())
  const fromNothing = await timed(converge)
  const again: number[] = []
  for (let pass = 0; pass < PASSES; pass++) again.push(await timed(converge))
  const stop = new AbortController()
  const running = agent.run(stop.signal)
  const drift = await breaker()
  stop.abort()
  await running
  const within = agent.status.repairs.map((r) => r.tookMs)
  console.log(JSON.stringify({ planMs, fromNothing, again, within, ...drift }))
} finally {
  host.close()
  rmSync(dir, { recursive: true })
}

async function converge(): Promise<void> {
  if (!(await agent.once())) throw new Error(JSON.stringify(agent.status.problems.slice(0, 3)))
}

/** Another process, so that what it sees is what others see. */
async function breaker(): Promise<object> {
  const names = links.filter((_, n) => n % 3 === 0).map((link) => link.name)
  const child = spawn(process.execPath, [resolve('bench/drift-breaker.ts'), String(DRIFTS), ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise((ended) => child.on('close', ended))
  return JSON.parse(text) as object
}

function objectOf(link: WantedLink): string {
  const spec = {
    node: 'bench',
    type: link.kind,
    addresses: [`${link.address}/${PREFIX_LENGTH}`],
    ...blockOf(link),
  }
  const object = {
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'NetlinkInterface',
    metadata: { name: link.name },
    spec,
  }
  return `${JSON.stringify(object)}\n`
}

function blockOf({ kind, settings, peer }: WantedLink): object {
  if (kind === 'vxlan')
    return { vxlan: { vni: settings['id'], port: settings['port'], learning: settings['learning'] } }
  if (kind === 'veth') return { veth: { peer: { interfaceName: peer } } }
  return { bridge: { stp: settings['stp'], ageingTime: settings['ageingTime'] } }
}

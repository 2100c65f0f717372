/**
 * The idle agent's figures, inside namespaces that are thrown away: `idle-scenario.ts WARREN`. An interface with five
 * peers is brought up first, so that what a start measures is Node, the plan, and one look at the host.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { medianOf } from './benchmark.ts'
import type { IdleFigures } from './idle-agent.bench.ts'

const [warren = 'bin/warren'] = process.argv.slice(2)
const SETTLED_MS = 20_000
const IDLE_MS = 60_000
/** Of user and system time in /proc/PID/stat; USER_HZ is 100 on every Linux that runs Node. */
const TICK_MS = 10
const FLAGS = [
  '--source',
  'file:/run/plans',
  '--node',
  'bench',
  '--state-dir',
  '/run/state',
  '--config',
  '/run/none',
]

execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
for (const folder of ['/run/wireguard', '/run/plans']) mkdirSync(folder, { mode: 0o700 })
writePlan()
const before = Date.now()
execFileSync(warren, ['agent', '--once', ...FLAGS], { stdio: 'ignore' })
const convergedMs = Date.now() - before
const agent = { convergedMs, ...(await figuresOf(startAgent)) }
const figures: IdleFigures = { agent, node: await figuresOf(startNode) }
console.log(JSON.stringify(figures))
process.exit(0)

async function figuresOf(start: () => Promise<{ child: ChildProcess; startMs: number }>) {
  const startMs = await medianOf(3, async () => {
    const { child, startMs: took } = await start()
    await stop(child)
    return took
  })
  const { child } = await start()
  await pause(SETTLED_MS)
  const residentMiB = residentOf(child)
  const spent = processorOf(child)
  await pause(IDLE_MS)
  const processorMs = processorOf(child) - spent
  await stop(child)
  return { startMs, residentMiB, processorMs }
}

async function startAgent() {
  const started = Date.now()
  const child = spawn(warren, ['agent', ...FLAGS], { stdio: 'ignore' })
  for (;;) {
    const looked = lastLook()
    if (looked > started) return { child, startMs: looked - started }
    await pause(2)
  }
}

async function startNode() {
  const started = performance.now()
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  return { child, startMs: performance.now() - started }
}

function lastLook(): number {
  try {
    const status = JSON.parse(readFileSync('/run/warren/agent.json', 'utf8')) as { convergedAtMs?: number }
    return status.convergedAtMs ?? 0
  } catch {
    return 0 // not written yet
  }
}

function residentOf({ pid }: ChildProcess): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}

function processorOf({ pid }: ChildProcess): number {
  // The second field, the name, may hold spaces; utime and stime are fields 14 and 15.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function writePlan(): void {
  const key = () => randomBytes(32).toString('base64')
  const peers = [1, 2, 3, 4, 5].map((i) => ({
    publicKey: key(),
    allowedIPs: [`10.0.0.${i + 1}/32`],
    endpoint: `198.51.100.${i}:51820`,
  }))
  const spec = { node: 'bench', interfaceName: 'wg0', listenPort: 51820, addresses: ['10.0.0.1/24'], peers }
  const plan = {
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'WireGuardInterface',
    metadata: { name: 'bench' },
    spec,
  }
  writeFileSync('/run/plans/plan.yaml', JSON.stringify({ ...plan, spec: { ...spec, privateKey: key() } }))
}

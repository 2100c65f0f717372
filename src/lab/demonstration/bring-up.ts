/**
 * The network comes up as a user would bring it up: an agent on each machine, `warren keys`, `warren push`. One
 * machine may be without an agent: it runs wireguard-go with what `warren generate` wrote.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllocations, type WarrenObject } from '../../model/index.ts'
import type { Machine } from '../runtime/machine.ts'
import type { AgentReport } from './agents.ts'
import type { HostRow } from './events.ts'
import { generateFor, joinByWireGuardGo } from './interop.ts'
import { askUapi } from './interface-state.ts'
import { planFacts } from './plan-facts.ts'
import { environment, run } from './run-program.ts'
import type { Stage } from './stage.ts'
import { lockOf } from './write-plan.ts'
import { patiently } from '../patience.ts'
import { until } from '../until.ts'

const CONVERGE_TIMEOUT_MS = 30_000
/** For one answer of one machine, as `keys` and `push` have it. */
const NODE_TIMEOUT_MS = 60_000

export interface BroughtUp {
  readonly convergeMs: number
  readonly backend: 'userspace' | 'kernel'
}

/** The script that takes us into a machine from in here; a user outside has one like it. */
export function writeEnterScript(stage: Pick<Stage, 'lab' | 'order'>): string {
  const file = join(stage.order.folder, 'enter-from-inside')
  const cases = [...stage.lab.machines.values()].map(
    (m) => `${m.name}) shift; exec ${m.enter().join(' ')} "$@" ;;`,
  )
  writeFileSync(file, `case $1 in\n${cases.join('\n')}\n*) exit 2 ;;\nesac\n`)
  chmodSync(file, 0o700)
  return file
}

export interface BringUpOptions {
  readonly planFile: string
  readonly objects: readonly WarrenObject[]
  /** The machine without an agent. */
  readonly interop: Machine | undefined
}

export async function bringUp(
  stage: Stage,
  { planFile, objects, interop }: BringUpOptions,
): Promise<BroughtUp> {
  const enter = `sh ${writeEnterScript(stage)} {node}`
  const managed = stage.lab.hosts.filter((machine) => stage.agents.has(machine))
  stage.progress('each machine makes its key')
  await warren(stage, ['keys', planFile], { enter })
  const link = interop && (await generateFor(stage, interop, planFile))
  stage.progress('each machine gets its plan')
  const start = performance.now()
  await warren(stage, ['push', planFile, '--yes', '--wait', '0'], { enter })
  const lock = parseAllocations(readFileSync(lockOf(planFile), 'utf8'), { file: lockOf(planFile) })
  stage.facts = planFacts(objects, lock.allocations)
  if (interop && link !== undefined) await joinByWireGuardGo(stage, interop, link)
  return { convergeMs: await awaitConvergence(stage, managed, start), backend: backendOf(stage, managed) }
}

/** As a user would type it, but for the way in. */
async function warren(stage: Stage, words: readonly string[], o: { enter: string }): Promise<void> {
  const [verb = '', file = '', ...flags] = words
  const { order } = stage
  stage.command(`warren ${verb} ${basename(file)} --via '${order.via}'`)
  const env = environment(order.binFolder)
  const patience = ['--timeout', String(Math.round(patiently(NODE_TIMEOUT_MS) / 1000))]
  const ran = await run([...order.warren, verb, file, '--via', o.enter, ...patience, ...flags], env)
  if (ran.status !== 0)
    stage.check(false, `warren ${verb} ended with ${ran.status}: ${lastLines(ran.output)}`)
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ')
}

async function awaitConvergence(stage: Stage, managed: readonly Machine[], start: number): Promise<number> {
  const tookMs = new Map<string, number>()
  const look = async (): Promise<boolean> => {
    for (const machine of managed) {
      if (!tookMs.has(machine.name) && hasConverged(stage, machine)) {
        tookMs.set(machine.name, Math.round(performance.now() - start))
      }
    }
    const rows = stage.lab.hosts.map((machine) => hostRow(stage, machine, tookMs.get(machine.name)))
    stage.emit({ kind: 'hosts', rows: await Promise.all(rows) })
    return tookMs.size === managed.length
  }
  stage.progress('agents make it so')
  await until(look, { timeoutMs: CONVERGE_TIMEOUT_MS, everyMs: 100 })
  const late = managed.filter((machine) => !tookMs.has(machine.name))
  const slowest = Math.max(0, ...tookMs.values())
  const words = late.map((machine) => `${machine.name} (${whyNot(stage, machine)})`).join(', ')
  stage.check(
    late.length === 0,
    late.length === 0
      ? `${managed.length} agents converged, every peer that should has shaken hands, in ${slowest} ms`
      : `not converged in ${CONVERGE_TIMEOUT_MS / 1000} s: ${words}`,
  )
  return slowest
}

function whyNot(stage: Stage, machine: Machine): string {
  const report = stage.agents.report(machine)
  if (report === undefined) return `its agent says nothing: ${stage.agents.lastWords(machine)}`
  const problems = report.problems.map((problem) => problem.message)
  const silent = silentPeers(stage, machine, report).map((peer) => `no handshake with ${peer}`)
  return [report.phase, ...problems, ...silent].join('; ')
}

/** Its agent says so, every interface of the plan is there, and each peer answered once. */
function hasConverged(stage: Stage, machine: Machine): boolean {
  const report = stage.agents.report(machine)
  if (report?.phase !== 'Converged') return false
  const wanted = stage.facts.interfaces.get(machine.name) ?? []
  if (!wanted.every((name) => report.interfaces.some((one) => one.name === name))) return false
  return silentPeers(stage, machine, report).length === 0
}

/** Peers that should have shaken hands by themselves and have not. */
function silentPeers(stage: Stage, machine: Machine, report: AgentReport): string[] {
  return report.interfaces
    .flatMap((one) => one.peers)
    .filter(
      (peer) => peer.lastHandshakeMs === undefined && stage.facts.lively.has(`${machine.name} ${peer.node}`),
    )
    .map((peer) => peer.node ?? peer.publicKey)
}

async function hostRow(stage: Stage, machine: Machine, convergedMs: number | undefined): Promise<HostRow> {
  const link = stage.facts.interfaces.get(machine.name)?.join(', ') ?? ''
  const row = { host: machine.name, place: placeOf(machine), interface: link, convergedMs }
  if (!stage.agents.has(machine))
    return { ...row, backend: 'wireguard-go', ...(await askedPeers(machine, link)) }
  const report = stage.agents.report(machine)
  const peers = report?.interfaces.flatMap((one) => one.peers) ?? []
  const shaken = peers.flatMap((peer) => peer.lastHandshakeMs ?? [])
  return { ...row, backend: report?.interfaces[0]?.backend ?? '', ...peerCounts(peers.length, shaken) }
}

/** Where no agent tells: the interface itself. */
async function askedPeers(machine: Machine, link: string): Promise<ReturnType<typeof peerCounts>> {
  const answer = (await askUapi(machine, link, ['get=1\n\n'])) ?? ''
  const seconds = [...answer.matchAll(/^last_handshake_time_sec=(\d+)$/gm)].map((match) => Number(match[1]))
  return peerCounts(
    seconds.length,
    seconds.filter((at) => at > 0).map((at) => at * 1000),
  )
}

function peerCounts(
  peers: number,
  shaken: readonly number[],
): Pick<HostRow, 'peers' | 'alive' | 'lastHandshakeMs'> {
  return {
    peers,
    alive: shaken.length,
    lastHandshakeMs: shaken.length === 0 ? undefined : Math.max(...shaken),
  }
}

export function placeOf(machine: Machine): string {
  const { site, firewall } = machine.spec
  if (site !== undefined) return `${site} (NAT)`
  return (firewall?.openUdp.length ?? 0) > 0 ? 'public' : 'closed firewall'
}

function backendOf(stage: Stage, managed: readonly Machine[]): 'userspace' | 'kernel' {
  const backends = managed.flatMap((m) => stage.agents.report(m)?.interfaces.map((one) => one.backend) ?? [])
  return backends.length > 0 && backends.every((backend) => backend === 'kernel') ? 'kernel' : 'userspace'
}

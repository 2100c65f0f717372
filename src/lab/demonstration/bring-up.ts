/**
 * The network comes up as a user would bring it up: an agent on each machine, `warren keys`, `warren push`. One
 * machine may be without an agent: it runs wireguard-go with what `warren generate` wrote.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Machine } from '../runtime/machine.ts'
import type { HostRow } from './events.ts'
import { generateFor, joinByWireGuardGo } from './interop.ts'
import { environment, run } from './run-program.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

const CONVERGE_TIMEOUT_MS = 30_000

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
  /** The machine without an agent. */
  readonly interop: Machine | undefined
}

export async function bringUp(stage: Stage, { planFile, interop }: BringUpOptions): Promise<BroughtUp> {
  const enter = `sh ${writeEnterScript(stage)} {node}`
  const managed = stage.lab.hosts.filter((machine) => stage.agents.has(machine))
  stage.progress('each machine makes its key')
  await warren(stage, ['keys', planFile], { enter })
  const link = interop && (await generateFor(stage, interop, planFile))
  stage.progress('each machine gets its plan')
  const start = performance.now()
  await warren(stage, ['push', planFile, '--yes', '--wait', '0'], { enter })
  if (interop && link !== undefined) await joinByWireGuardGo(stage, interop, link)
  return { convergeMs: await awaitConvergence(stage, managed, start), backend: backendOf(stage, managed) }
}

/** As a user would type it, but for the way in. */
async function warren(stage: Stage, words: readonly string[], o: { enter: string }): Promise<void> {
  const [verb = '', file = '', ...flags] = words
  const { order } = stage
  stage.command(`warren ${verb} ${basename(file)} --via '${order.via}'`)
  const env = environment(order.binFolder)
  const ran = await run([...order.warren, verb, file, '--via', o.enter, ...flags], env)
  if (ran.status !== 0)
    stage.check(false, `warren ${verb} ended with ${ran.status}: ${lastLines(ran.output)}`)
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ')
}

async function awaitConvergence(stage: Stage, managed: readonly Machine[], start: number): Promise<number> {
  const tookMs = new Map<string, number>()
  const look = (): boolean => {
    for (const machine of managed) {
      if (!tookMs.has(machine.name) && hasConverged(stage, machine)) {
        tookMs.set(machine.name, Math.round(performance.now() - start))
      }
    }
    stage.emit({
      kind: 'hosts',
      rows: stage.lab.hosts.map((machine) => hostRow(stage, machine, tookMs.get(machine.name))),
    })
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
  const silent = report.interfaces.flatMap((i) =>
    i.peers.filter((peer) => peer.lastHandshakeMs === undefined),
  )
  const problems = report.problems.map((problem) => problem.message)
  return [
    report.phase,
    ...problems,
    ...silent.map((peer) => `no handshake with ${peer.node ?? peer.publicKey}`),
  ].join('; ')
}

/** Its agent says so, every interface of the plan is there, and each peer answered once. */
function hasConverged(stage: Stage, machine: Machine): boolean {
  const report = stage.agents.report(machine)
  if (report?.phase !== 'Converged') return false
  const wanted = stage.facts.interfaces.get(machine.name) ?? []
  if (!wanted.every((name) => report.interfaces.some((one) => one.name === name))) return false
  const peers = report.interfaces.flatMap((one) => one.peers)
  return peers.length > 0 && peers.every((peer) => peer.lastHandshakeMs !== undefined)
}

function hostRow(stage: Stage, machine: Machine, convergedMs: number | undefined): HostRow {
  const report = stage.agents.report(machine)
  const peers = report?.interfaces.flatMap((one) => one.peers) ?? []
  const shaken = peers.flatMap((peer) => peer.lastHandshakeMs ?? [])
  return {
    host: machine.name,
    place: placeOf(machine),
    interface: report?.interfaces.map((one) => one.name).join(', ') ?? '',
    backend: stage.agents.has(machine) ? (report?.interfaces[0]?.backend ?? '') : 'wireguard-go',
    peers: peers.length,
    alive: shaken.length,
    lastHandshakeMs: shaken.length === 0 ? undefined : Math.max(...shaken),
    convergedMs,
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

/** Somebody breaks what the agent keeps; the agent repairs it. Timed by looking at the kernel, not at the agent. */
import { echo } from '../probes/echo.ts'
import type { Machine } from '../runtime/machine.ts'
import { removePeer, type TunnelAddress, type TunnelState, tunnelState } from './interface-state.ts'
import type { Stage } from './stage.ts'
import { until } from '../until.ts'

/** WireGuard tells nobody that a peer has gone; an agent sees it when it next looks around, 30 s apart at most. */
const REPAIR_TIMEOUT_MS = 40_000
const LOOK_EVERY_MS = 2

interface Damage {
  /** The key in `healMs`. */
  readonly name: string
  readonly words: string
  /** False when it turns out that nothing was damaged. */
  inflict(machine: Machine, link: string, before: TunnelState): boolean | Promise<boolean>
}

const DAMAGES: readonly Damage[] = [
  {
    name: 'interface',
    words: 'interface deleted',
    inflict: (machine, link) => {
      machine.route.deleteLink(link)
      return true
    },
  },
  {
    name: 'address',
    words: 'addresses flushed',
    inflict: (machine, link, before) => {
      for (const address of before.addresses) machine.route.deleteAddress({ link, ...address })
      return before.addresses.length > 0
    },
  },
  {
    name: 'peer',
    words: 'peer removed',
    inflict: (machine, link, before) => removePeer(machine, { link, publicKey: before.peers[0] ?? '' }),
  },
  {
    name: 'link',
    words: 'link set down',
    inflict: (machine, link) => {
      machine.route.setLink(link, { up: false })
      return true
    },
  },
]

export async function proveHealing(stage: Stage): Promise<Record<string, number | null>> {
  const victim = victimOf(stage)
  const healMs: Record<string, number | null> = {}
  if (victim === undefined) return healMs
  for (const damage of DAMAGES) healMs[damage.name] = await healOnce(stage, victim, damage)
  return healMs
}

async function healOnce(stage: Stage, victim: Machine, damage: Damage): Promise<number | null> {
  const link = stage.facts.interfaces.get(victim.name)?.[0] ?? ''
  stage.progress(`${victim.name}: ${damage.words}`)
  const before = await tunnelState(victim, link)
  if (before === undefined) {
    stage.check(false, `${victim.name}: ${link} is not there to be damaged`)
    return null
  }
  const damaged = await damage.inflict(victim, link, before)
  const start = performance.now()
  if (!damaged) {
    stage.check(false, `${victim.name}: ${damage.words}, but nothing changed`)
    return null
  }
  const isWhole = async (): Promise<boolean> => same(await tunnelState(victim, link), before)
  const took = await until(isWhole, { timeoutMs: REPAIR_TIMEOUT_MS, everyMs: LOOK_EVERY_MS })
  const flows = await trafficFlows(stage, victim)
  const flowsAfter = performance.now() - start
  const ms = took === undefined ? null : Math.round(took)
  stage.check(
    ms !== null && flows,
    ms === null
      ? `${victim.name}: ${damage.words}, not repaired in ${REPAIR_TIMEOUT_MS / 1000} s`
      : `${victim.name}: ${damage.words}, repaired in ${ms} ms, traffic ${flows ? `flows again ${Math.round(flowsAfter)} ms after` : 'does not flow'}`,
  )
  if (ms === null || !flows) stage.note(`its agent says: ${stage.agents.lastWords(victim)}`)
  return flows ? ms : null
}

/** The peers' order and the addresses are the same, and the link is up. */
function same(now: TunnelState | undefined, before: TunnelState): boolean {
  return (
    now !== undefined &&
    now.up &&
    equal(now.addresses.map(textOf), before.addresses.map(textOf)) &&
    equal(now.peers, before.peers)
  )
}

function textOf({ local, prefixLength, peer = '' }: TunnelAddress): string {
  return `${local} ${peer}/${prefixLength}`
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

/**
 * A machine that calls others: one that is called instead, and forgets who called, has to wait until they call again,
 * which WireGuard does in its own time.
 */
function victimOf(stage: Stage): Machine | undefined {
  const managed = stage.lab.hosts.filter((machine) => stage.agents.has(machine))
  return managed.find((machine) => !isCalled(stage, machine.name)) ?? managed[0]
}

function isCalled(stage: Stage, name: string): boolean {
  return stage.facts.nodes.some((node) => node.name === name && node.endpoints.length > 0)
}

async function trafficFlows(stage: Stage, victim: Machine): Promise<boolean> {
  const requests = stage.facts.expected
    .filter((pair) => pair.from === victim.name && isCalled(stage, pair.to))
    .map((pair) => ({ from: victim, to: pair.address }))
  const answers = await echo(stage.lab.sys, requests, { timeoutMs: 8000, intervalMs: 50 })
  return answers.every((ms) => ms !== undefined)
}

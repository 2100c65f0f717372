/** Somebody breaks what the agent keeps; the agent repairs it. Timed by looking at the kernel, not at the agent. */
import { echo } from '../probes/echo.ts'
import type { Machine } from '../runtime/machine.ts'
import { removePeer, type TunnelState, tunnelState } from './interface-state.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

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
      for (const text of before.addresses) {
        const [local = '', length] = text.split('/')
        machine.route.deleteAddress({ link, local, prefixLength: Number(length) })
      }
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
  const victim =
    stage.lab.hosts.find((m) => stage.agents.has(m) && !stage.facts.relays.has(m.name)) ?? stage.lab.hosts[0]
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
    now !== undefined && now.up && equal(now.addresses, before.addresses) && equal(now.peers, before.peers)
  )
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

async function trafficFlows(stage: Stage, victim: Machine): Promise<boolean> {
  const pairs = stage.facts.expected.filter((pair) => pair.from === victim.name)
  const viaRelays = pairs.filter((pair) => stage.facts.relays.has(pair.to))
  const requests = (viaRelays.length > 0 ? viaRelays : pairs).map((pair) => ({
    from: victim,
    to: pair.address,
  }))
  const answers = await echo(stage.lab.sys, requests, { timeoutMs: 5000, intervalMs: 50 })
  return answers.every((ms) => ms !== undefined)
}

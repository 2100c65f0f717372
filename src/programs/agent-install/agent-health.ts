/**
 * Is the agent that systemd runs now at least as well as the one before it? An agent that had converged must converge
 * again; one that had not (a plan with a mistake, say) need only speak for itself.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { AgentStatus } from '../../agent/index.ts'
import { UNIT_NAME } from './install-layout.ts'

export interface AgentSeen {
  /** Of the process that systemd calls the unit's main one; 0: none. */
  readonly mainPid: number
  /** How often systemd has started it again by itself. */
  readonly restarts: number
  readonly status: Pick<AgentStatus, 'pid' | 'phase' | 'conditions'> | undefined
}

/** Undefined: well. Otherwise what is wrong with it. */
export const whyNotWell = (now: AgentSeen, before: AgentSeen): string | undefined => {
  if (now.mainPid === 0) return 'it does not stay up'
  if (now.status?.pid !== now.mainPid) return 'it says nothing'
  if (now.status.phase === 'Converged' || before.status?.phase !== 'Converged') return undefined
  const condition = now.status.conditions.find(({ status }) => !status)
  return `it is ${now.status.phase}, its predecessor was Converged${condition ? `: ${condition.message}` : ''}`
}

export const seeAgent = (runDir: string): AgentSeen => {
  const shown = execFileSync('systemctl', ['show', '--property=MainPID,NRestarts', UNIT_NAME]).toString()
  const number = (name: string) => Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(shown)?.[1] ?? '0')
  return { mainPid: number('MainPID'), restarts: number('NRestarts'), status: readStatus(runDir) }
}

/** Looks until it is well, and stays so for a moment: an agent may converge and then fall over. */
export const waitUntilWell = async (
  runDir: string,
  before: AgentSeen,
  withinMs: number,
): Promise<string | undefined> => {
  const deadline = performance.now() + withinMs
  let wellSince: { readonly pid: number; readonly at: number } | undefined
  const { restarts } = seeAgent(runDir)
  for (;;) {
    const now = seeAgent(runDir)
    const why = whyNotWell(now, before)
    if (why !== undefined || wellSince?.pid !== now.mainPid) wellSince = undefined
    if (why === undefined) {
      wellSince ??= { pid: now.mainPid, at: performance.now() }
      if (performance.now() - wellSince.at >= STEADY_MS) return undefined
    }
    if (now.restarts >= restarts + ENDED_TOO_OFTEN) return `it ended ${ENDED_TOO_OFTEN} times`
    if (performance.now() > deadline) return why ?? 'it does not stay well'
    await pause(LOOK_EVERY_MS)
  }
}

const STEADY_MS = 2_000
const LOOK_EVERY_MS = 200
const ENDED_TOO_OFTEN = 3

const readStatus = (runDir: string): AgentSeen['status'] => {
  try {
    return JSON.parse(readFileSync(join(runDir, 'agent.json'), 'utf8')) as AgentStatus
  } catch {
    return undefined // there is none yet
  }
}

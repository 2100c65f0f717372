/** Reads what the agent of this machine says, and waits for it to have made a given state so. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import type { AgentStatus } from '../../agent/index.ts'

/** Undefined when there is no agent: no file, or one that a dead process left. */
export async function readAgentStatus(runDirectory: string): Promise<AgentStatus | undefined> {
  try {
    const status = JSON.parse(await readFile(join(runDirectory, 'agent.json'), 'utf8')) as AgentStatus
    return isAlive(status.pid) ? status : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export interface WaitOptions {
  readonly digest: string
  readonly seconds: number
  /** A change that the agent has to know of: the same digest may have been in force before it. */
  readonly change?: string | undefined
}

/** The agent's last word once it has taken up `digest` and is through with it, or what it says when time is up. */
export async function waitForAgent(
  runDirectory: string,
  { digest, seconds, change }: WaitOptions,
): Promise<AgentStatus | undefined> {
  const deadline = performance.now() + seconds * 1000
  while (true) {
    const status = await readAgentStatus(runDirectory)
    const known = status?.digest === digest || status?.refusedDigest === digest
    const isNews = change === undefined || status?.pending?.id === change
    const settled = status === undefined || (known && isNews && status.phase !== 'Converging')
    if (settled || performance.now() >= deadline) return status
    await pause(25)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is there, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

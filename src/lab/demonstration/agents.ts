/** The agents of a demonstration: one real process per machine, its log and its status in the machine's files. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import type { Machine } from '../runtime/machine.ts'

/** What of RUN/agent.json the demonstration reads. */
export interface AgentReport {
  readonly phase: string
  readonly generation: number
  readonly convergedAtMs?: number
  readonly problems: readonly { readonly message: string }[]
  readonly interfaces: readonly InterfaceReport[]
  readonly repairs: readonly {
    readonly atMs: number
    readonly tookMs: number
    readonly what: readonly string[]
  }[]
}

export interface InterfaceReport {
  readonly name: string
  readonly backend?: string
  readonly addresses: readonly string[]
  readonly peers: readonly {
    readonly publicKey: string
    readonly node?: string
    readonly lastHandshakeMs?: number
  }[]
}

const LOG = '/run/warren/agent.log'

export class Agents {
  readonly #warren: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Map<string, ChildProcess>()

  constructor(o: { warren: readonly string[]; env: NodeJS.ProcessEnv }) {
    this.#warren = o.warren
    this.#env = o.env
  }

  start(machine: Machine): void {
    mkdirSync(machine.path('/run/warren'), { recursive: true, mode: 0o755 })
    const log = openSync(machine.path(LOG), 'a', 0o600)
    const words = ['agent', '--source', 'file:/etc/warren/plans', '--node', machine.name]
    const child = machine.spawn([...this.#warren, ...words], { stdio: ['ignore', log, log], env: this.#env })
    closeSync(log)
    child.on('error', () => {}) // nsenter missing: the status that never comes tells
    this.#running.set(machine.name, child)
  }

  has(machine: Machine): boolean {
    return this.#running.has(machine.name)
  }

  isRunning(machine: Machine): boolean {
    const child = this.#running.get(machine.name)
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** SIGKILL, and wait until it is gone: no chance to put anything in order. */
  async kill(machine: Machine): Promise<void> {
    const child = this.#running.get(machine.name)
    if (child === undefined || !this.isRunning(machine)) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  report(machine: Machine): AgentReport | undefined {
    try {
      return JSON.parse(readFileSync(machine.path('/run/warren/agent.json'), 'utf8')) as AgentReport
    } catch {
      return undefined // not written yet
    }
  }

  lastWords(machine: Machine): string {
    try {
      return readFileSync(machine.path(LOG), 'utf8').trim().split('\n').slice(-6).join(' | ')
    } catch {
      return '' // it said nothing
    }
  }
}

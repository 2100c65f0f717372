/**
 * One machine of a lab: its own network, mount and host name namespaces, held by one small shell process. Its
 * files are reached through `/proc/PID/root`, its network through a descriptor of its namespace, and programs
 * run in it through nsenter(1).
 */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openNetns, RouteNetlink, type Syscalls, withNetns } from '../../linux/index.ts'
import { NftablesSocket, type NftablesRequest } from '../../linux/nftables/index.ts'
import type { LabMachine } from '../topology/topology.ts'
import { ANCHOR_SCRIPT } from './anchor-script.ts'

export class Machine {
  readonly spec: LabMachine
  readonly pid: number
  /** A descriptor of its network namespace. */
  readonly netns: number
  readonly sys: Syscalls
  readonly #anchor: ChildProcess
  #route: RouteNetlink | undefined

  private constructor(spec: LabMachine, anchor: ChildProcess, sys: Syscalls) {
    this.spec = spec
    this.#anchor = anchor
    this.sys = sys
    this.pid = anchor.pid ?? 0
    this.netns = openNetns(sys, this.pid)
  }

  static async open(sys: Syscalls, spec: LabMachine): Promise<Machine> {
    const script = ['sh', '-c', ANCHOR_SCRIPT, 'lab-machine', spec.name, spec.forwards ? '1' : '0']
    const anchor = spawn('unshare', ['--net', '--mount', '--uts', ...script], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const errors: string[] = []
    anchor.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
    const ready = await Promise.race([
      once(anchor.stdout, 'data').then(() => true),
      once(anchor, 'error').then(([error]) => error as Error),
      once(anchor, 'exit').then(() => false),
    ])
    if (ready !== true) {
      const why = ready === false ? errors.join('').trim() : ready.message
      throw new Error(`cannot make the machine ${spec.name}: ${why}`)
    }
    return new Machine(spec, anchor, sys)
  }

  get name(): string {
    return this.spec.name
  }

  /** A file of this machine as this process can open it. */
  path(absolute: string): string {
    return join(`/proc/${this.pid}/root`, absolute)
  }

  get route(): RouteNetlink {
    this.#route ??= RouteNetlink.open(this.sys, { netns: this.netns })
    return this.#route
  }

  /** Runs a synchronous function in this machine's network: sockets made in it stay there. */
  inside<T>(run: () => T): T {
    return withNetns(this.sys, this.netns, run)
  }

  /** One nftables transaction. */
  filter(requests: readonly NftablesRequest[]): void {
    this.withNftables((socket) => socket.apply(requests, `change the filters of ${this.name}`))
  }

  withNftables<T>(run: (socket: NftablesSocket) => T): T {
    const socket = this.inside(() => NftablesSocket.open(this.sys))
    try {
      return run(socket)
    } finally {
      socket.close()
    }
  }

  /** The words that run a command here, for people, for `--via` and for spawn(). */
  enter(): string[] {
    return ['nsenter', '--target', String(this.pid), '--mount', '--net', '--uts', '--']
  }

  spawn(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program = '', ...rest] = [...this.enter(), ...command]
    return spawn(program, rest, options)
  }

  async close(): Promise<void> {
    this.#route?.close()
    this.sys.close(this.netns)
    if (this.#anchor.exitCode === null && this.#anchor.signalCode === null) {
      const gone = once(this.#anchor, 'exit')
      this.#anchor.kill('SIGKILL')
      await gone
    }
  }
}

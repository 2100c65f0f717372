/**
 * Hosts in namespaces, each with a real `warren agent` process, for the agent-*.test.ts beside this file. Keys are
 * made by each host and the lock is made from a plan, as `warren keys` and `warren push` do it.
 */
import { type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { nodeKey, type AgentStatus } from '../../src/agent/index.ts'
import { formatAllocations, NO_ALLOCATIONS, parseObjects, withPublicKey } from '../../src/model/index.ts'
import { plan } from '../../src/plan/index.ts'
import { eventually } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import type { Needs } from '../harness/needs.ts'

export interface AgentMake {
  readonly name: string
  readonly needs: Needs
  readonly flags: readonly string[]
}

const TOOLS = ['ip', 'wg', 'ping', 'nsenter', 'unshare']

/** What interfaces are made of where the kernel makes none. */
export const USERSPACE_MAKES: readonly [AgentMake, AgentMake] = [
  {
    name: 'warren device',
    needs: { root: true, kernel: ['tun', 'veth'], tools: TOOLS },
    flags: ['--backend', 'userspace'],
  },
  {
    name: 'wireguard-go',
    needs: { root: true, kernel: ['tun', 'veth'], tools: [...TOOLS, 'wireguard-go'] },
    flags: ['--backend', 'userspace', '--userspace', 'wireguard-go -f {interface}'],
  },
]

export const KERNEL_MAKE: AgentMake = {
  name: 'the kernel',
  needs: { root: true, kernel: ['wireguard', 'veth'], tools: TOOLS },
  flags: ['--backend', 'kernel'],
}

export class AgentHost {
  readonly node: string
  readonly net: Namespace
  readonly make: AgentMake
  /** What the agent wrote to its log. */
  log = ''
  #child: ChildProcess | undefined

  constructor(node: string, net: Namespace, make: AgentMake) {
    this.node = node
    this.net = net
    this.make = make
  }

  dir(name: string): string {
    const path = this.net.pathOf(`/run/agent/${name}`)
    mkdirSync(path, { recursive: true })
    return path
  }

  writePlan(text: string, lock: string): void {
    writeFileSync(join(this.dir('plans'), 'home.lock.yaml'), lock)
    writeFileSync(join(this.dir('plans'), 'home.yaml'), text)
  }

  flags(...more: string[]): string[] {
    return [
      'agent',
      ...['--node', this.node, '--source', 'file:/run/agent/plans'],
      ...[
        '--state-dir',
        '/run/agent/state',
        '--run-dir',
        '/run/agent/run',
        '--config',
        '/run/agent/agent.yaml',
      ],
      ...this.make.flags,
      ...more,
    ]
  }

  start(...more: string[]): ChildProcess {
    this.dir('run')
    const child = this.net.spawn(resolve('bin/warren'), this.flags(...more))
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    this.#child = child
    return child
  }

  /** Runs to its end: its exit code and everything it said. */
  async once(...more: string[]): Promise<{ code: number; said: string }> {
    const before = this.log.length
    const child = this.start('--once', ...more)
    const [code] = (await once(child, 'close')) as [number]
    return { code, said: this.log.slice(before) }
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  /** Undefined while there is none, or it is half written by nobody: it is replaced atomically. */
  status(): AgentStatus | undefined {
    try {
      const text = readFileSync(this.net.pathOf('/run/agent/run/agent.json'), 'utf8')
      return JSON.parse(text) as AgentStatus
    } catch {
      return undefined
    }
  }

  async converged(): Promise<AgentStatus> {
    return await this.#statusWhen('converges', (s) => s.phase === 'Converged' && s.pid === this.pid)
  }

  /** Runs until the number of repairs grew, and returns the new ones. */
  /** Until one of the steps was `wanted`: a repair that was on its way before is not the one that is waited for. */
  async repairsAfter(break_: () => Promise<unknown>, wanted = /./): Promise<AgentStatus['repairs']> {
    const before = this.status()?.repairs.length ?? 0
    await break_()
    const status = await this.#statusWhen(`repairs with ${wanted}`, (s) => {
      const steps = s.repairs.slice(before).flatMap((repair) => repair.what)
      return s.phase === 'Converged' && steps.some((step) => wanted.test(step))
    })
    return status.repairs.slice(before)
  }

  async #statusWhen(what: string, is: (status: AgentStatus) => boolean): Promise<AgentStatus> {
    try {
      await eventually(() => is(this.status() as AgentStatus), { timeoutMs: 60_000 })
    } catch (error) {
      throw new Error(`${this.node} never ${what}; its log: ${this.log}`, { cause: error })
    }
    return this.status() as AgentStatus
  }

  shakesHands(): boolean {
    return (
      this.status()?.interfaces.every((i) => i.peers.every((p) => p.lastHandshakeMs !== undefined)) === true
    )
  }
}

/** Each node makes its key; the lock has all their public halves. */
export const lockFor = async (
  text: string,
  hosts: readonly AgentHost[],
  network = 'default/home',
): Promise<string> => {
  const { objects } = parseObjects(text, { file: 'home.yaml' })
  let { allocations } = plan(objects, NO_ALLOCATIONS)
  for (const host of hosts) {
    const publicKey = await nodeKey(host.dir('state'), network)
    allocations = withPublicKey(allocations, { network, node: host.node, publicKey })
  }
  return formatAllocations(plan(objects, allocations).allocations)
}

/**
 *    a 192.0.2.1 ───veth─── 192.0.2.2 b
 */
export const pair = async (t: TestContext, make: AgentMake): Promise<[AgentHost, AgentHost]> => {
  const left = await Namespace.create('left')
  t.after(() => left.close())
  const right = await Namespace.create('right')
  t.after(() => right.close())
  await connect([left, '192.0.2.1/24', '2001:db8::1/64'], [right, '192.0.2.2/24', '2001:db8::2/64'])
  return [new AgentHost('a', left, make), new AgentHost('b', right, make)]
}

/** Both hosts follow the plan, and have converged. */
export const follow = async (text: string, hosts: readonly AgentHost[]): Promise<void> => {
  const lock = await lockFor(text, hosts)
  for (const host of hosts) host.writePlan(text, lock)
  for (const host of hosts) host.start()
  for (const host of hosts) await host.converged()
}

/** Longer than WireGuard itself may take: a lost session is given up after 15 s. On a busy machine all is slow. */
export const REACHED_MS = 40_000

export const pings = (from: AgentHost, to: string): Promise<boolean> =>
  from.net.succeeds(`ping -c 1 -W 1 ${to}`)

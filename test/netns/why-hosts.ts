/**
 * Hosts for why-*.test.ts: each with a real agent, all behind one router that is no node of the plan, and `warren why`
 * run from outside of them, as from a laptop.
 *
 *      a 192.0.2.1 ──┐                       ┌── 198.51.100.1 b
 *                    ├── .254 router .254 ───┤
 *                    └───────────────────────┴── 203.0.113.1 hub
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { Finding } from '../../src/diagnosis/index.ts'
import { patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { AgentHost, type AgentMake, lockFor } from './agent-hosts.ts'

export const WHY_MAKE: AgentMake = {
  name: 'warren device',
  needs: {
    root: true,
    kernel: ['tun', 'veth', 'nftables'],
    tools: ['ip', 'wg', 'ping', 'nsenter', 'unshare', 'nft'],
  },
  flags: ['--backend', 'userspace'],
}

const seconds = (ms: number): string => String(Math.ceil(Math.min(60_000, patiently(ms)) / 1000))
const WAIT = ['--wait', seconds(3000), '--timeout', seconds(60_000)]

const NETS = { a: '192.0.2', b: '198.51.100', hub: '203.0.113' } as const
export type HostName = keyof typeof NETS

export interface Underlay {
  readonly router: Namespace
  readonly hosts: Readonly<Record<string, AgentHost>>
}

export async function underlay(
  t: TestContext,
  names: readonly HostName[],
  make: AgentMake = WHY_MAKE,
): Promise<Underlay> {
  const router = await namespace(t, 'router')
  await router.exec('sysctl -qw net.ipv4.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0')
  const hosts: Record<string, AgentHost> = {}
  for (const name of names) {
    const net = await namespace(t, name)
    await router.exec(`ip link add to-${name} type veth peer name eth0 netns ${net.pid}`)
    await router.exec(`ip address add ${NETS[name]}.254/24 dev to-${name}`)
    await router.exec(`ip link set to-${name} up`)
    await net.exec(`ip address add ${NETS[name]}.1/24 dev eth0`)
    await net.exec('ip link set eth0 up')
    await net.exec(`ip route add default via ${NETS[name]}.254`)
    hosts[name] = new AgentHost(name, net, make)
  }
  return { router, hosts }
}

async function namespace(t: TestContext, name: string): Promise<Namespace> {
  const made = await Namespace.create(name)
  t.after(() => made.close())
  return made
}

export interface Why {
  readonly reaches: boolean | null
  readonly cause: Finding | null
  readonly findings: readonly Finding[]
  readonly nodes: readonly string[]
  readonly target: string | null
  readonly text: string
  readonly code: number
}

/** The plan of a network, given to its hosts; and what `warren why` says about it, asked from outside. */
export class Laptop {
  readonly #dir: string
  readonly #hosts: readonly AgentHost[]

  private constructor(dir: string, hosts: readonly AgentHost[]) {
    this.#dir = dir
    this.#hosts = hosts
  }

  static async with(t: TestContext, plan: string, hosts: readonly AgentHost[]): Promise<Laptop> {
    const dir = mkdtempSync(join(tmpdir(), 'warren-why-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    const lock = await lockFor(plan, hosts)
    writeFileSync(join(dir, 'home.yaml'), plan)
    writeFileSync(join(dir, 'home.lock.yaml'), lock)
    for (const host of hosts) host.writePlan(plan, lock)
    const laptop = new Laptop(dir, hosts)
    laptop.reach(hosts)
    return laptop
  }

  /** Whom `--via` reaches. */
  reach(hosts: readonly AgentHost[]): void {
    const cases = hosts.map(
      ({ node, net }) => `${node}) shift; exec nsenter --target=${net.pid} --net --mount -- "$@";;`,
    )
    const script = ['case "$1" in', ...cases, '*) echo "no way to $1" >&2; exit 1;;', 'esac', '']
    writeFileSync(join(this.#dir, 'via.sh'), script.join('\n'))
  }

  /** Another plan, which the hosts do not have. */
  write(plan: string): Promise<void> {
    writeFileSync(join(this.#dir, 'home.yaml'), plan)
    return Promise.resolve()
  }

  /** As before `warren keys` asked that node. */
  async forgetKeys(node: string): Promise<void> {
    const plan = readFileSync(join(this.#dir, 'home.yaml'), 'utf8')
    const others = this.#hosts.filter((host) => host.node !== node)
    writeFileSync(join(this.#dir, 'home.lock.yaml'), await lockFor(plan, others))
  }

  async start(): Promise<void> {
    for (const host of this.#hosts) host.start()
    for (const host of this.#hosts) await host.converged()
  }

  async why(from: string, to: string, ...flags: string[]): Promise<Why> {
    const json = await this.#run([from, to, '-o', 'json', ...WAIT, ...flags])
    return { ...(JSON.parse(json.text) as Why), text: json.text, code: json.code }
  }

  /** With time for a handshake that is tried a second time. */
  works(from: string, to: string, ...flags: string[]): Promise<Why> {
    return this.why(from, to, '--wait', seconds(15_000), ...flags)
  }

  text(from: string, to: string, ...flags: string[]): Promise<{ text: string; code: number }> {
    return this.#run([from, to, ...WAIT, ...flags])
  }

  /** Typed at one of the hosts, about the plan that its agent follows. */
  async at(host: AgentHost, from: string, to: string): Promise<{ text: string; code: number }> {
    const words = [from, to, '--plans-dir', '/run/agent/plans', '--run-dir', '/run/agent/run']
    const child = host.net.spawn(resolve('bin/warren'), ['why', ...words], { WARREN_NODE_NAME: host.node })
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { text, code }
  }

  #run(words: readonly string[]): Promise<{ text: string; code: number }> {
    const warren = resolve('bin/warren')
    const args = [
      ...['why', ...words, '-f', join(this.#dir, 'home.yaml')],
      ...['--via', `sh ${join(this.#dir, 'via.sh')} {node}`],
      ...['--remote-command', `env WARREN_RUN_DIR=/run/agent/run ${warren}`],
    ]
    return new Promise((done, failed) => {
      execFile(warren, args, { timeout: patiently(120_000) }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code)
        if (code > 1 || Number.isNaN(code)) failed(new Error(`warren why: ${stderr}`))
        else done({ text: stdout, code })
      })
    })
  }
}

/** `route at a: at a 10.88.0.2 goes out by eth0 …`, or that all is well. */
export function causeText({ cause }: Why): string {
  return cause === null ? 'none' : `${cause.check} at ${cause.node}: ${cause.says}`
}

/**
 * A throwaway host: a network namespace and a mount namespace with a /run of its own, held open by one sleeping
 * process. It dies with the test process group, and with it everything in it.
 *
 * Everything is done with iproute2 and nsenter, on purpose: the oracle should not share code with what it judges.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { patiently } from './eventually.ts'
import { findTool } from './tools.ts'

const run = promisify(execFile)
const SETUP =
  'mount -t tmpfs tmpfs /run && mkdir -m 700 /run/wireguard && ip link set lo up && echo up && exec sleep 3600'
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

export class Namespace {
  readonly name: string
  readonly pid: number
  readonly #holder: ChildProcess
  readonly #children = new Set<ChildProcess>()

  private constructor(name: string, holder: ChildProcess) {
    this.name = name
    this.#holder = holder
    this.pid = holder.pid ?? 0
  }

  static async create(name: string): Promise<Namespace> {
    const args = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', SETUP]
    const holder = spawn('unshare', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH },
    })
    let trouble = ''
    holder.stderr.on('data', (chunk: Buffer) => (trouble += chunk.toString()))
    const [answer] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown]
    if (String(answer).trim() !== 'up') throw new Error(`cannot make namespace ${name}: ${trouble}`)
    return new Namespace(name, holder)
  }

  /** Where a file of this host is, seen from the test: `pathOf('/run/wireguard/wg0.sock')`. */
  pathOf(path: string): string {
    return `/proc/${this.pid}/root${path}`
  }

  /** Runs a command line of words without quoting rules: `host.exec('ip link set wg0 up')`. Returns its stdout. */
  async exec(line: string): Promise<string> {
    const words = line.split(' ').filter(Boolean)
    const options = { env: { ...process.env, PATH }, timeout: patiently(30_000) }
    const { stdout } = await run('nsenter', [...this.#enter(), ...words], options)
    return stdout
  }

  /** Whether the command succeeds. */
  async succeeds(line: string): Promise<boolean> {
    return this.exec(line).then(
      () => true,
      () => false,
    )
  }

  /** A process in this host, killed at the latest when the host is closed. */
  spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('nsenter', [...this.#enter(), findTool(program) ?? program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH, ...env },
    })
    this.#children.add(child)
    child.on('exit', () => this.#children.delete(child))
    return child
  }

  /** Ends everything that runs in this host, also what left its parent: device processes outlive their agents. */
  close(): void {
    for (const pid of processesIn(this.#network())) endProcess(pid)
    for (const child of this.#children) child.kill('SIGKILL')
    this.#holder.kill('SIGKILL')
  }

  #network(): string | undefined {
    return this.#holder.exitCode === null ? networkOf(String(this.pid)) : undefined
  }

  #enter(): string[] {
    return [`--target=${this.pid}`, '--net', '--mount', '--']
  }
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined // It ended, or is a thread of the kernel.
  }
}

function processesIn(network: string | undefined): number[] {
  if (network === undefined || network === networkOf('self')) return []
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return all.filter((pid) => networkOf(pid) === network).map(Number)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself since it was found.
  }
}

/** A cable between two hosts: `connect([left, '192.0.2.1/24'], [right, '192.0.2.2/24'])`, named eth0 at each end. */
export async function connect(
  [left, ...leftAddresses]: readonly [Namespace, ...string[]],
  [right, ...rightAddresses]: readonly [Namespace, ...string[]],
): Promise<void> {
  await left.exec(`ip link add eth0 type veth peer name eth0 netns ${right.pid}`)
  for (const [host, addresses] of [
    [left, leftAddresses],
    [right, rightAddresses],
  ] as const) {
    for (const address of addresses) await host.exec(`ip address add ${address} dev eth0 nodad`)
    await host.exec('ip link set eth0 up')
  }
}

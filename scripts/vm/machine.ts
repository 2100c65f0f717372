/**
 * A command in a virtual machine: QEMU's emulator (no KVM), Debian's kernel, the host's whole root read-only at the
 * same paths with a tmpfs over it. Its stdout, stderr and exit status come back over three virtio ports.
 *
 *   virtiofsd ── socket ──┐
 *   stdout, stderr, status ◄── sockets ── QEMU ── kernel ── guest/init ── guest/first-process.sh ── the command
 *
 * Boot takes about three seconds, the command runs about ten times slower than here, and everything it writes is
 * lost, save in `out`. Both children die with us (PR_SET_PDEATHSIG), whatever way we go.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findTool } from '../../test/harness/tools.ts'
import { writeGuestFiles, type MachineImage } from './prepare.ts'
import { qemuArguments } from './qemu-arguments.ts'

export interface RunInMachineOptions {
  readonly image: MachineImage
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** The one folder in which what the command writes stays on the host. */
  readonly out?: string
  readonly memoryMb?: number
  /** Boots this host's systemd, with the command as one of its services. */
  readonly systemd?: boolean
  readonly onStdout?: (chunk: Buffer) => void
  readonly onStderr?: (chunk: Buffer) => void
  readonly signal?: AbortSignal
}

export type MachineEnd =
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'timeout'; readonly console: string }
  | { readonly kind: 'aborted' }
  /** No status: a panic, a reboot, or QEMU refused. */
  | { readonly kind: 'died'; readonly console: string }

export async function runInMachine(options: RunInMachineOptions): Promise<MachineEnd> {
  const job = mkdtempSync('/var/tmp/warren-machine-')
  const children: ChildProcess[] = []
  const status: Buffer[] = []
  const ports = await Promise.all([
    listen(join(job, 'stdout'), options.onStdout ?? (() => {})),
    listen(join(job, 'stderr'), options.onStderr ?? (() => {})),
    listen(join(job, 'status'), (chunk) => status.push(chunk)),
  ])
  try {
    writeGuestFiles(job, options.image)
    writeFileSync(join(job, 'command.sh'), commandScript(options))
    if (options.systemd) writeFileSync(join(job, 'systemd'), '')
    children.push(await startFileServer(job))
    const qemu = startChild('qemu-system-x86_64', qemuArguments({ job, ...options }), join(job, 'qemu.log'))
    children.push(qemu)
    const how = await endOf(qemu, options)
    await Promise.all(ports.map((port) => port.drained()))
    if (how === 'aborted') return { kind: 'aborted' }
    const text = Buffer.concat(status).toString().trim()
    if (text !== '') return { kind: 'exit', status: Number(text) }
    return { kind: how === 'timeout' ? 'timeout' : 'died', console: consoleOf(job) }
  } finally {
    await Promise.all(children.map(endNow))
    for (const port of ports) port.server.close()
    rmSync(job, { recursive: true, force: true })
  }
}

interface Port {
  readonly server: Server
  /** Asked when QEMU has ended: settles when all that it wrote has arrived. */
  drained(): Promise<unknown>
}

async function listen(path: string, onChunk: (chunk: Buffer) => void): Promise<Port> {
  const closings: Promise<void>[] = []
  const server = createServer((socket) => {
    closings.push(new Promise((resolve) => socket.on('close', () => resolve())))
    socket.on('data', onChunk)
    socket.on('error', () => socket.destroy()) // QEMU was killed: what came before is kept
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { server, drained: () => Promise.all(closings) }
}

async function startFileServer(job: string): Promise<ChildProcess> {
  const socket = join(job, 'files')
  const options = 'source=/,cache=always,sandbox=chroot,no_posix_lock,no_flock'
  const args = [`--socket-path=${socket}`, '-o', options, '--thread-pool-size=0']
  const child = startChild('virtiofsd', args, join(job, 'files.log'))
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`virtiofsd: ${readFileSync(join(job, 'files.log'), 'utf8')}`)
    await pause(10)
  }
  return child
}

function startChild(program: string, args: readonly string[], log: string): ChildProcess {
  const path = findTool(program)
  if (path === undefined) throw new Error(`${program} is not installed`)
  const fd = openSync(log, 'w')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', path, ...args], { stdio: ['ignore', fd, fd] })
  closeSync(fd)
  return child
}

async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

async function endOf(
  qemu: ChildProcess,
  { timeoutMs, signal }: RunInMachineOptions,
): Promise<'exit' | 'timeout' | 'aborted'> {
  let how: 'exit' | 'timeout' | 'aborted' = 'exit'
  const stop = (reason: typeof how) => {
    how = reason
    qemu.kill('SIGKILL')
  }
  const timer = setTimeout(() => stop('timeout'), timeoutMs)
  const abort = () => stop('aborted')
  signal?.addEventListener('abort', abort)
  await new Promise<void>((resolve, reject) => {
    qemu.on('error', reject)
    qemu.on('exit', () => resolve())
  })
  clearTimeout(timer)
  signal?.removeEventListener('abort', abort)
  return how
}

function commandScript({ command, cwd, env }: RunInMachineOptions): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`)
  return [...exports, `cd ${quote(cwd)}`, `exec ${command.map(quote).join(' ')}`, ''].join('\n')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** The last words of QEMU, of the file server and of the machine's console. */
function consoleOf(job: string): string {
  const tail = (name: string) => {
    const path = join(job, name)
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-120) : []
  }
  return [...tail('qemu.log'), ...tail('files.log').slice(-5), ...tail('console')].join('\n')
}

/**
 * A host for a real runtime: namespaces of its own for mounts and network, so that the daemon's /run and /var/lib are
 * private and nothing of the machine's is touched, but the machine's own processes, as it is where an agent runs.
 *
 * One cgroup v2 hierarchy and nothing else is mounted: crun and runc take no mixture.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { eventually, patiently } from '../../harness/eventually.ts'
import { Namespace } from '../../harness/namespace.ts'
import { findTool } from '../../harness/tools.ts'
import { debianRuntimes } from './debian-runtimes.ts'

const run = promisify(execFile)

export interface RuntimeHost {
  /** A folder of the test, seen at the same path inside and outside. */
  readonly folder: string
  /** Words without quoting rules; returns stdout. */
  exec(line: string): Promise<string>
  /** As arguments, for those with spaces in them. */
  execArgs(args: readonly string[]): Promise<string>
  /** A daemon, until the test ends or it is stopped. */
  daemon(args: readonly string[]): { readonly stop: () => Promise<void> }
  /** Before what was opened before it: containers, then their daemon, then the host. */
  atEnd(cleanUp: () => unknown): void
}

export const openRuntimeHost = async (t: TestContext): Promise<RuntimeHost> => {
  const runtimes = debianRuntimes()
  if ('missing' in runtimes) throw new Error(runtimes.missing)
  const cleanUps: (() => unknown)[] = []
  t.after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
  })
  const folder = mkdtempSync(join(tmpdir(), 'warren-runtime-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const host = await Namespace.create('containers')
  cleanUps.push(() => host.close())
  for (const line of ['mkdir -p /run/lock /run/podman /run/containerd', 'mount -t tmpfs tmpfs /var/lib'])
    await host.exec(line)
  // Over whatever else is there: what counts is what is seen at this path.
  if ((await host.exec('stat --file-system --format=%T /sys/fs/cgroup')).trim() !== 'cgroup2fs')
    await host.exec('mount -t cgroup2 none /sys/fs/cgroup')
  const env = { ...process.env, ...runtimes.env }
  const enter = [`--target=${host.pid}`, '--net', '--mount', '--']
  const execArgs = async (args: readonly string[]): Promise<string> => {
    const { stdout } = await run('nsenter', [...enter, ...args], { env, timeout: patiently(60_000) })
    return stdout.trim()
  }
  return {
    folder,
    execArgs,
    atEnd: (cleanUp) => void cleanUps.push(cleanUp),
    exec: (line) => execArgs(line.split(' ').filter(Boolean)),
    daemon: (args) => {
      const child = spawn('nsenter', [...enter, ...args], { env, stdio: 'ignore' })
      const stop = async (): Promise<void> => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      cleanUps.push(stop)
      return { stop }
    },
  }
}

/** Waits until a command of the runtime's own succeeds. */
export const untilReady = (host: RuntimeHost, line: string): Promise<boolean> =>
  eventually(async () => (await host.exec(line), true), { timeoutMs: 60_000, intervalMs: 200, what: line })

/** A root file system of nothing but this machine's static busybox. */
export const makeRootFs = (host: RuntimeHost): string => {
  const root = join(host.folder, 'rootfs')
  for (const path of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'run'])
    mkdirSync(join(root, path), { recursive: true })
  cpSync(findTool('busybox') ?? '/bin/busybox', join(root, 'bin/busybox'))
  symlinkSync('busybox', join(root, 'bin/sh'))
  return root
}

/** The same as an archive, which is how docker and podman import an image. */
export const makeRootTar = async (host: RuntimeHost): Promise<string> => {
  const tar = join(host.folder, 'rootfs.tar')
  await run('tar', ['-C', makeRootFs(host), '-cf', tar, '.'])
  return tar
}

export const IDLE = ['/bin/busybox', 'sleep', '3600']
export const NETWORK = ['/bin/busybox', 'readlink', '/proc/self/ns/net']

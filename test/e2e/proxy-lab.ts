/**
 * A host where `warren proxy` runs as nobody without a capability, and behind its only link a gateway with what the
 * tunnel leads to (proxy-far-end.ts). Drawn in test/harness/tunnel-gateway.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { buildGateway, type ClientConfig, type GatewayLab, INSIDE } from '../harness/tunnel-gateway.ts'
import { wireguardGo, type WireGuardMake } from '../harness/wireguard-ends.ts'
import { type Ended, WARREN } from './run-warren.ts'

const FAR_END = fileURLToPath(new URL('proxy-far-end.ts', import.meta.url))
const NOBODY = 65534

export const PROXY_NEEDS = {
  ...needs({
    root: true,
    kernel: wireguardGo.needs.kernel ?? [],
    tools: [...(wireguardGo.needs.tools ?? []), 'unshare', 'setpriv', 'curl'],
  }),
  timeout: patiently(120_000),
}

export interface ProxyLab extends GatewayLab {
  /** Belongs to nobody, and is where proxies are started. */
  readonly folder: string
  /** A file in it, by default for nobody's eyes only. */
  write(name: string, text: string, mode?: number): string
  /** The tunnel's file, with DNS; it asks for a keepalive, so that nobody has to begin. */
  tunnel(name?: string, extra?: ClientConfig): string
  start(args: readonly string[], options?: StartOptions): ProxyUnderTest
  /** `warren …` as nobody in the client host, to its end. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  curl(args: string): Promise<string>
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
}

export async function buildProxyLab(t: TestContext, make: WireGuardMake = wireguardGo): Promise<ProxyLab> {
  const lab = await buildGateway(t, make)
  const far = lab.gateway.spawn(process.execPath, [FAR_END, INSIDE.gateway, INSIDE.gateway6])
  await said(far, 'serving')
  const folder = mkdtempSync(join(tmpdir(), 'warren-proxy-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  chownSync(folder, NOBODY, NOBODY)
  const write = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    chownSync(path, NOBODY, NOBODY)
    return path
  }
  const runtime = join(folder, 'run')
  mkdirSync(runtime, { mode: 0o700 })
  chownSync(runtime, NOBODY, NOBODY)
  const enter = (args: readonly string[], env: NodeJS.ProcessEnv) =>
    spawn('nsenter', [...entering(lab.client.pid, folder), WARREN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: runtime, ...env },
    })
  return {
    ...{ ...lab, folder, write },
    tunnel: (name = 'fly0.conf', { interfaceLines = [], peerLines = [], ...extra } = {}) =>
      write(
        name,
        lab.config({
          ...extra,
          interfaceLines: [`DNS = ${INSIDE.gateway}`, ...interfaceLines],
          peerLines: ['PersistentKeepalive = 5', ...peerLines],
        }),
      ),
    start: (args, { env = {} } = {}) => {
      const proxy = new ProxyUnderTest(enter(['proxy', ...args], env))
      t.after(() => proxy.kill())
      return proxy
    },
    run: async (args, env = {}) => ended(enter(args, env)),
    curl: (args) => lab.client.exec(`curl -sS --max-time ${patiently(20_000) / 1000} ${args}`),
  }
}

function entering(pid: number, folder: string): string[] {
  const drop = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs']
  const none = ['--bounding-set=-all', '--inh-caps=-all', '--']
  return [`--target=${pid}`, '--net', '--mount', `--wdns=${folder}`, '--', 'setpriv', ...drop, ...none]
}

export class ProxyUnderTest {
  readonly #child: ChildProcess
  #log = ''
  #output = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (this.#log += part))
    child.stdout?.setEncoding('utf8').on('data', (part: string) => (this.#output += part))
  }

  /** What it says of itself: standard error. */
  get log(): string {
    return this.#log
  }

  /** The access log: standard output. */
  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Until it says so, from `since` on. */
  async says(what: RegExp, since = 0): Promise<void> {
    await eventually(
      () => {
        if (this.#child.exitCode !== null)
          throw new Error(`it ended with ${this.#child.exitCode}: ${this.#log}`)
        return what.test(this.#log.slice(since))
      },
      { timeoutMs: 20_000, what: `the proxy says ${what.source}` },
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${this.#log}`)
    })
  }

  /** Its listeners are open. */
  started(): Promise<void> {
    return this.says(/"message":"started"/)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, when it has ended. */
  async ends(): Promise<number | null> {
    await eventually(() => this.#child.exitCode !== null || this.#child.signalCode !== null, {
      timeoutMs: 40_000,
      what: 'the proxy ends',
    })
    return this.#child.exitCode
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function ended(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (part: string) => (stdout += part))
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

async function said(child: ChildProcess, word: string): Promise<void> {
  let [text, trouble] = ['', '']
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()))
  child.stderr?.on('data', (part: Buffer) => (trouble += part.toString()))
  await eventually(() => text.includes(word), { what: `"${word}"` }).catch(() => {
    throw new Error(`the far end does not say "${word}": ${trouble}`)
  })
}

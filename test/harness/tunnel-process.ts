/** Starts tunnel-program.ts in a host as nobody, with no capability left, and asks it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TunnelStatus } from '../../src/tunnel/index.ts'
import type { Namespace } from './namespace.ts'
import type { Question } from './tunnel-program.ts'

const PROGRAM = fileURLToPath(new URL('tunnel-program.ts', import.meta.url))
const NOBODY = '65534'

export interface Transferred {
  readonly status: number
  readonly received: number
  readonly digest: string
  readonly text: string
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

export class TunnelProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  #trouble = ''

  constructor(host: Namespace) {
    const enter = [`--target=${host.pid}`, '--net', '--mount', '--', 'setpriv']
    const drop = [
      `--reuid=${NOBODY}`,
      `--regid=${NOBODY}`,
      '--clear-groups',
      '--no-new-privs',
      '--bounding-set=-all',
    ]
    const args = [...drop, '--inh-caps=-all', '--', process.execPath, ...nodeOptions(), PROGRAM]
    this.#child = spawn('nsenter', [...enter, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#trouble += chunk.toString()))
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answered(line))
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the tunnel's process ended with ${code}: ${this.#trouble}`))
    })
  }

  /** What it said on stderr. */
  get trouble(): string {
    return this.#trouble
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ask<T>(question: Question): Promise<T> {
    const id = this.#asked++
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.stdin?.write(`${JSON.stringify({ id, ...question })}\n`)
    }) as Promise<T>
  }

  open(text: string, engine: 'native' | 'plain'): Promise<TunnelStatus> {
    return this.ask({ op: 'open', text, engine })
  }

  status(): Promise<TunnelStatus> {
    return this.ask({ op: 'status' })
  }

  fetch(host: string, count: number, timeoutMs?: number): Promise<Transferred> {
    return this.ask({ op: 'fetch', host, count, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
  }

  put(host: string, count: number): Promise<Transferred> {
    return this.ask({ op: 'put', host, count })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #answered(line: string): void {
    const { id, result, error } = JSON.parse(line) as {
      readonly id: number
      readonly result?: unknown
      readonly error?: { readonly code?: string; readonly message: string }
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(Object.assign(new Error(error.message), { code: error.code }))
  }
}

/** For profiles: WARREN_TUNNEL_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=…'. */
const nodeOptions = (): string[] =>
  (process.env['WARREN_TUNNEL_NODE_OPTIONS'] ?? '').split(' ').filter(Boolean)

/**
 * The other side of the UAPI socket, for ours and for any other userspace WireGuard (wireguard-go, boringtun), and
 * starting a device of our own as a process that outlives whoever started it.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  formatUapiSet,
  parseUapiErrno,
  parseUapiGet,
  UAPI_GET,
  type UapiChange,
  type UapiDevice,
} from '../protocols/wireguard/formats/index.ts'

/** The device refused, or its answer made no sense. Never holds the request: keys are in it. */
export class UapiError extends Error {
  override readonly name = 'UapiError'
  readonly code = 'EUAPI'
  /** Positive; undefined when there was no answer to understand. */
  readonly errno: number | undefined
  constructor(path: string, problem: { errno?: number; reason: string }) {
    super(`the device at ${path} ${problem.reason}`)
    this.errno = problem.errno
  }
}

const TIMEOUT_MS = 10_000

/** A connection for each request: a device may be restarted between two. */
export class UapiClient {
  readonly #path: string

  /** `/run/wireguard/wg0.sock` */
  constructor(path: string) {
    this.#path = path
  }

  async get(): Promise<UapiDevice> {
    const parsed = parseUapiGet(await this.#ask(UAPI_GET))
    if (parsed.kind === 'ok') return parsed.value
    throw new UapiError(this.#path, {
      errno: parsed.errno,
      reason: `did not tell its state: ${parsed.reason}`,
    })
  }

  async set(change: UapiChange): Promise<void> {
    const errno = parseUapiErrno(await this.#ask(formatUapiSet(change)))
    if (errno === 0) return
    if (errno === undefined) throw new UapiError(this.#path, { reason: 'gave no errno' })
    throw new UapiError(this.#path, { errno, reason: `refused a change with errno ${errno}` })
  }

  /** Rejects with the connection's own error (ENOENT, ECONNREFUSED) when nobody listens. */
  #ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = ''
      const connection = createConnection(this.#path)
      const finish = (settle: () => void) => {
        connection.destroy()
        settle()
      }
      connection.setEncoding('latin1')
      connection.setTimeout(TIMEOUT_MS, () =>
        finish(() => reject(new UapiError(this.#path, { reason: 'does not answer' }))),
      )
      connection.on('connect', () => connection.write(request, 'latin1'))
      connection.on('data', (text: string) => {
        answer += text
        if (answer.endsWith('\n\n')) finish(() => resolve(answer))
      })
      connection.on('end', () => finish(() => resolve(answer)))
      connection.on('error', (error) => finish(() => reject(error)))
    })
  }
}

export interface StartDeviceOptions {
  readonly name: string
  readonly mtuBytes?: number
  readonly fwmark?: number
  /** Its log goes to RUN/device-NAME.log. */
  readonly runDir: string
  readonly stateDir?: string
  readonly socketDir?: string
  /** The program before `device NAME`; default: this Node with this Warren. */
  readonly command?: readonly string[]
  readonly timeoutMs?: number
}

/** Resolves once its UAPI socket answers; the process then belongs to nobody. Rejects with the end of its words. */
export async function startDevice(options: StartDeviceOptions): Promise<{ readonly pid: number }> {
  mkdirSync(options.runDir, { recursive: true, mode: 0o755 })
  const log = openSync(join(options.runDir, `device-${options.name}.log`), 'a', 0o600)
  const [program = process.execPath, ...before] = options.command ?? ownCommand()
  const child = spawn(program, [...before, ...deviceArguments(options)], {
    detached: true,
    stdio: ['ignore', 'pipe', log],
    cwd: '/',
  })
  closeSync(log)
  try {
    await ready(child, options)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    child.stdout?.destroy()
    child.unref()
  }
  return { pid: child.pid ?? 0 }
}

function ready(
  child: ReturnType<typeof spawn>,
  { name, runDir, timeoutMs = 15_000 }: StartDeviceOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) => {
      reject(new Error(`Cannot start the device ${name}: ${why} (see ${join(runDir, `device-${name}.log`)})`))
    }
    const timer = setTimeout(() => failed('it was not ready in time'), timeoutMs)
    child.once('error', (error) => failed(error.message))
    child.once('exit', (code, signal) => failed(`it ended with ${signal ?? code ?? 'no status'}`))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('ready')) resolve()
    })
    child.once('close', () => clearTimeout(timer))
    child.stdout?.once('close', () => clearTimeout(timer))
  })
}

function deviceArguments(o: StartDeviceOptions): string[] {
  return [
    ...['device', o.name],
    ...(o.mtuBytes === undefined ? [] : ['--mtu', String(o.mtuBytes)]),
    ...(o.fwmark === undefined ? [] : ['--fwmark', String(o.fwmark)]),
    ...(o.stateDir === undefined ? [] : ['--state-dir', o.stateDir]),
    ...(o.socketDir === undefined ? [] : ['--socket-dir', o.socketDir]),
  ]
}

/** From source the entry is main.ts, published it is main.js. */
function ownCommand(): string[] {
  const entry = import.meta.url.endsWith('.ts') ? '../programs/main.ts' : '../programs/main.js'
  return [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL(entry, import.meta.url)),
  ]
}

/**
 * Starts the process behind a userspace interface, detached: it outlives the agent, so that traffic does too.
 * That is `warren device`, or with `--userspace 'wireguard-go -f {interface}'` another implementation.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { UapiConnection } from './uapi-connection.ts'

export interface DeviceSettings {
  readonly mtuBytes: number
  readonly fwmark: number | undefined
}

export interface DeviceLauncher {
  /** Resolves when its UAPI socket answers. */
  start(link: string, o: DeviceSettings): Promise<void>
}

export interface OwnLauncherOptions {
  readonly runDir: string
  /** Where the device remembers its handshake timestamps. */
  readonly stateDir: string
  readonly socketDir: string
}

/** A small machine under load starts a process slowly; killing it and trying again would never end. */
const START_TIMEOUT_MS = 60_000

export const ownLauncher = (o: OwnLauncherOptions): DeviceLauncher => ({
  start: async (link, { mtuBytes, fwmark }) => {
    // Loaded when there is one to start: an agent on the kernel's WireGuard never needs it.
    const { startDevice } = await import('../device/index.ts')
    await startDevice({
      name: link,
      mtuBytes,
      ...(fwmark === undefined ? {} : { fwmark }),
      timeoutMs: START_TIMEOUT_MS,
      ...o,
    })
  },
})

export interface CommandLauncherOptions {
  /** Words; `{interface}` and `{mtu}` stand for what they say. */
  readonly command: readonly string[]
  readonly runDir: string
  /** A new one, closed when the device answered. */
  connection(link: string): UapiConnection
}

export class CommandLauncher implements DeviceLauncher {
  readonly #o: CommandLauncherOptions

  constructor(o: CommandLauncherOptions) {
    this.#o = o
  }

  async start(link: string, { mtuBytes }: DeviceSettings): Promise<void> {
    const words = this.#o.command.map((w) =>
      w.replaceAll('{interface}', link).replaceAll('{mtu}', String(mtuBytes)),
    )
    const logPath = join(this.#o.runDir, `device-${link}.log`)
    mkdirSync(this.#o.runDir, { recursive: true })
    const log = openSync(logPath, 'a', 0o600)
    const child = spawn(words[0] ?? '', words.slice(1), {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, WG_PROCESS_FOREGROUND: '1', WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1' },
    })
    closeSync(log)
    child.unref()
    let ended: string | undefined
    child.once('error', (error) => (ended = error.message))
    child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? code}`))
    const deadline = performance.now() + START_TIMEOUT_MS
    const connection = this.#o.connection(link)
    try {
      while (performance.now() < deadline) {
        if ((await connection.get()) !== undefined) return
        if (ended !== undefined) break
        await pause(10)
      }
    } finally {
      connection.close()
    }
    throw new Error(
      `Cannot start the device ${link}: ${ended ?? 'it does not answer'}${lastLine(logPath)} (see ${logPath})`,
    )
  }
}

const lastLine = (path: string): string => {
  try {
    const line = readFileSync(path, 'utf8').trim().split('\n').at(-1)
    return line === undefined || line === '' ? '' : `: ${line.slice(0, 200)}`
  } catch {
    return '' // the log is only for the message
  }
}

/** A proxy process with everything that it is made of: engine, memory, tunnels, services, logs. */
import { trimMalloc } from '../linux/index.ts'
import { openEngine } from '../sockets/index.ts'
import { openTunnel } from '../tunnel/index.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { createLogger, type LogLevel } from './log.ts'
import { createOpener } from './open-services.ts'
import { LineWriter } from './operations/line-writer.ts'
import { Proxy } from './proxy.ts'
import { ProxyProcess } from './proxy-process.ts'
import { acceptor, dialer } from './tls-ends.ts'

export interface OpenProxyOptions {
  readonly version: string
  readonly load: () => Promise<LoadedConfig>
  /** Of the user; sockets for status lie there. */
  readonly runtimeFolder: string | undefined
  /** Where tunnels keep the time of their last handshake; undefined: nowhere. */
  readonly stateFolder: string | undefined
  /** Undefined: the fastest that runs here. */
  readonly engine: 'native' | 'plain' | undefined
  readonly log: { readonly format: 'text' | 'json'; readonly level: LogLevel }
  /** Where a configuration says nothing. */
  readonly accessLog: 'none' | 'text' | 'json'
}

const STANDARD_OUTPUT = 1
const STANDARD_ERROR = 2
const LOG_GATHER_MS = 5

/** Throws when the engine that is asked for does not run here. */
export function openProxy(o: OpenProxyOptions): ProxyProcess {
  const lines = new LineWriter({ fd: STANDARD_OUTPUT })
  const logLines = new LineWriter({ fd: STANDARD_ERROR, gatherMs: LOG_GATHER_MS })
  const log = createLogger({
    ...o.log,
    write: (line) => logLines.write(line),
    now: () => Date.now(),
  })
  const engine = openEngine({
    ...(o.engine === undefined ? {} : { kind: o.engine }),
    onFallback: (reason) => log.warn('the native engine does not run here', { why: String(reason) }),
  })
  const state = o.stateFolder === undefined ? {} : { stateDir: o.stateFolder }
  const { version, load, runtimeFolder } = o
  return new ProxyProcess({
    ...{ version, engine, log, load, runtimeFolder, accessLog: lines, logLines },
    giveBack: engine.kind === 'native' ? giveBack : undefined,
    proxy: (answer) =>
      new Proxy({
        log,
        after: (ms, run) => engine.after(ms, run),
        openTunnel: ({ settings }) => openTunnel({ settings, engine, log, pool: engine.pool, ...state }),
        opener: (tunnel) =>
          createOpener({
            ...{
              engine,
              log,
              tunnel,
              answer,
              accessLog: o.accessLog,
              writeAccess: (line) => lines.write(line),
            },
            dialer: (entry) => dialer(entry, engine, tunnel),
            acceptor: (tls) => acceptor(tls, engine),
          }),
      }),
  })
}

/** By system calls, so not beside the plain engine, which does without native code. */
function giveBack(): void {
  // There with --expose-gc, which bin/warren gives to a proxy.
  globalThis.gc?.()
  trimMalloc()
}

/**
 * One process that is a proxy: it loads its configuration, runs it, tells how it is, loads it again when asked, and ends
 * in good order. Signals and exit codes are the program's.
 *
 *   start ─▶ running ──reload──▶ running ─▶ draining ─▶ stopped
 *                                (a broken configuration changes nothing)
 */
import { performance } from 'node:perf_hooks'
import type { Problem } from '../model/index.ts'
import type { Engine } from '../sockets/index.ts'
import type { LoadedConfig } from './config/load-config.ts'
import type { OperationsEntry, ProxyConfig } from './config/proxy-config.ts'
import type { Logger } from './log.ts'
import { formatMetrics } from './operations/collect-metrics.ts'
import { EXPOSITION_TYPE } from './operations/exposition.ts'
import type { LineWriter } from './operations/line-writer.ts'
import type { Answer } from './operations/operations-server.ts'
import { Prober } from './operations/prober.ts'
import { type Readiness, readinessOf } from './operations/readiness.ts'
import type { ConfigurationStatus, Phase, ProxyStatus } from './operations/status.ts'
import { defaultStatusPath, type StatusSocket } from './operations/status-socket.ts'
import { formatChange } from './plan-change.ts'
import type { Applied, Proxy } from './proxy.ts'
import { QuietMemory } from './quiet-memory.ts'

export interface ProxyProcessOptions {
  readonly version: string
  readonly engine: Engine
  readonly log: Logger
  readonly load: () => Promise<LoadedConfig>
  /** Of the user; sockets for status lie there. */
  readonly runtimeFolder: string | undefined
  /** Made with `answer` of this process for its operations service. */
  readonly proxy: (answer: (path: string) => Answer | undefined) => Proxy
  readonly accessLog: LineWriter
  /** Of `log`. */
  readonly logLines: LineWriter
  /** Memory that is not needed, when it is quiet after load. Undefined: never. */
  readonly giveBack?: (() => void) | undefined
}

export class ProxyProcess {
  readonly #options: ProxyProcessOptions
  readonly #proxy: Proxy
  readonly #startedAtMs = Date.now()
  #phase: Phase = 'starting'
  #configuration: ConfigurationStatus
  #prober: Prober | undefined
  #statusSocket: StatusSocket | undefined
  #memory: QuietMemory | undefined
  #reloaded: Promise<void> = Promise.resolve()

  constructor(options: ProxyProcessOptions) {
    this.#options = options
    this.#proxy = options.proxy((path) => this.answer(path))
    this.#configuration = {
      ...{ generation: 0, appliedAtMs: this.#startedAtMs, trouble: [] },
      ...{ applied: 0, unchanged: 0, refused: 0 },
    }
  }

  /** Every file that the configuration in force was read from. */
  get files(): readonly string[] {
    return this.#proxy.config?.files ?? []
  }

  /** As loaded for the first time, without errors. What cannot be opened is said; then nothing is open. */
  async start(config: ProxyConfig, warnings: readonly Problem[]): Promise<Applied> {
    for (const problem of warnings) tell(this.#options.log, problem)
    const applied = await this.#proxy.apply(config)
    if (applied.kind === 'refused') return applied
    this.#phase = 'running'
    this.#configuration = { ...this.#configuration, generation: 1, appliedAtMs: Date.now() }
    await this.#applyOperations(config)
    const { log, engine } = this.#options
    for (const { kind, listen, to, tunnel } of this.#proxy.routes())
      log.info('listening', { kind, listen, to, tunnel })
    for (const { place, wanted } of this.#proxy.services())
      if (wanted.kind === 'operations') log.info('listening', { kind: 'operations', listen: place })
    log.info('started', { engine: engine.kind, version: this.#options.version })
    this.#watchMemory()
    return applied
  }

  #watchMemory(): void {
    const { engine, giveBack } = this.#options
    if (giveBack === undefined || this.#phase !== 'running') return
    this.#memory = new QuietMemory({
      after: (ms, run) => engine.after(ms, run),
      activeMs: () => performance.eventLoopUtilization().active,
      giveBack,
    })
  }

  /** Reads everything again, one reload after the other. What is wrong is logged, and then everything stays as it is. */
  reload(): Promise<void> {
    this.#reloaded = this.#reloaded.then(() => this.#reload())
    return this.#reloaded
  }

  async #reload(): Promise<void> {
    const { log } = this.#options
    if (this.#phase !== 'running') return
    const { config, problems } = await this.#options.load()
    for (const problem of problems) tell(log, problem)
    if (config === undefined) {
      this.#refuse(problems.filter(({ severity }) => severity !== 'warning').map(textOf))
      return
    }
    const applied = await this.#proxy.apply(config)
    switch (applied.kind) {
      case 'refused':
        this.#refuse(applied.why)
        return
      case 'unchanged':
        this.#count({ unchanged: this.#configuration.unchanged + 1, trouble: [] })
        log.info('configuration unchanged')
        return
      case 'applied': {
        const { generation, applied: before } = this.#configuration
        this.#count({
          ...{ generation: generation + 1, applied: before + 1 },
          ...{ appliedAtMs: Date.now(), trouble: [] },
        })
        log.info('configuration applied', { change: formatChange(applied.change) })
        await this.#applyOperations(config)
      }
    }
  }

  /** Folders of `files` that tell nothing: only SIGHUP reads them again. */
  cannotWatch(folders: readonly string[]): void {
    for (const folder of folders)
      this.#options.log.warn('a folder cannot be watched: after a change in it, send SIGHUP', { folder })
  }

  /** Not ready any more, then nothing new, then what is there may finish. */
  async drain(): Promise<void> {
    const { log } = this.#options
    if (this.#phase === 'draining') return
    this.#phase = 'draining'
    const withinMs = this.#proxy.config?.drainMs ?? 0
    log.info('draining', { withinSeconds: withinMs / 1000 })
    this.#prober?.close()
    const cut = await this.#proxy.drain(withinMs)
    if (cut > 0) log.warn('connections were cut because time was up', { connections: cut })
  }

  async close(): Promise<void> {
    this.#phase = 'stopped'
    this.#prober?.close()
    this.#memory?.close()
    this.#statusSocket?.close()
    await this.#proxy.close()
    this.#options.log.info('stopped')
    this.#options.engine.close()
    this.closeLogs()
  }

  /** What waits to be written is written. */
  closeLogs(): void {
    this.#options.accessLog.close()
    this.#options.logLines.close()
  }

  readiness(): Readiness {
    return readinessOf({
      phase: this.#phase,
      tunnels: this.#proxy.tunnels.map((tunnel) => tunnel.status()),
      probes: this.#prober?.results() ?? [],
    })
  }

  status(): ProxyStatus {
    const { version, engine } = this.#options
    const memory = process.memoryUsage()
    return {
      ...{ name: this.#proxy.config?.name ?? '', version, pid: process.pid, engine: engine.kind },
      ...{ phase: this.#phase, startedAtMs: this.#startedAtMs },
      ...this.readiness(),
      configuration: this.#configuration,
      tunnels: this.#proxy.tunnels.map((tunnel) => tunnel.status()),
      routes: this.#proxy.routes(),
      memory: {
        residentBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        externalBytes: memory.external,
        bufferUsedBytes: engine.pool.usedBytes,
        bufferFreeBytes: engine.pool.freeBytes,
      },
    }
  }

  /** What the operations listener says on a path. */
  answer(path: string): Answer | undefined {
    switch (path) {
      case '/healthz':
        return { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' }
      case '/readyz': {
        const readiness = this.readiness()
        return json(readiness.ready ? 200 : 503, readiness)
      }
      case '/status':
        return json(200, this.status())
      case '/metrics':
        return { status: 200, type: EXPOSITION_TYPE, body: this.#metrics() }
      default:
        return undefined
    }
  }

  #metrics(): string {
    const { user, system } = process.cpuUsage()
    const { active, idle } = performance.eventLoopUtilization()
    return formatMetrics(this.status(), {
      cpuSeconds: (user + system) / 1e6,
      eventLoopActiveSeconds: active / 1000,
      eventLoopIdleSeconds: idle / 1000,
      accessLogDropped: this.#options.accessLog.dropped,
      acceptPauses: this.#options.engine.counters.acceptPauses,
    })
  }

  async #applyOperations(config: ProxyConfig): Promise<void> {
    this.#probe(config.operations)
    await this.#serveStatus(config)
  }

  #probe({ probe, probeMs }: OperationsEntry): void {
    const targets = this.#proxy
      .services()
      .flatMap(({ service, place }) =>
        service.probe === undefined ? [] : [{ route: place, ...service.probe }],
      )
    const known = this.#prober?.results() ?? []
    this.#prober?.close()
    this.#prober = undefined
    if (probe === undefined) return
    const { engine, log } = this.#options
    this.#prober = new Prober({
      ...{ probe, everyMs: probeMs, targets, known },
      after: (ms, run) => engine.after(ms, run),
      onChange: ({ route, outcome, why }) =>
        outcome === 'failed' ? log.warn('probe failed', { route, why }) : log.info('probe passed', { route }),
    })
  }

  async #serveStatus({ name, operations }: ProxyConfig): Promise<void> {
    const { runtimeFolder, log } = this.#options
    const path = operations.statusSocket ?? defaultStatusPath(name, { runtimeFolder, pid: process.pid })
    if (path === this.#statusSocket?.path) return
    this.#statusSocket?.close()
    this.#statusSocket = undefined
    if (path === undefined) return
    const { serveStatus } = await import('./operations/status-socket.ts')
    try {
      this.#statusSocket = await serveStatus({ path, answer: () => JSON.stringify(this.status()) })
    } catch (error) {
      log.warn('no status socket', { why: (error as Error).message })
    }
  }

  #refuse(trouble: readonly string[]): void {
    this.#count({ refused: this.#configuration.refused + 1, trouble })
    for (const why of trouble) this.#options.log.error('configuration refused', { why })
    this.#options.log.warn('the configuration before it stays in force', {
      generation: this.#configuration.generation,
    })
  }

  #count(change: Partial<ConfigurationStatus>): void {
    this.#configuration = { ...this.#configuration, ...change }
  }
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

/** Errors are told with the refusal. */
function tell(log: Logger, problem: Problem): void {
  if (problem.severity === 'warning') log.warn(problem.message, { where: problem.path, code: problem.code })
}

const textOf = ({ path, message, at }: Problem): string =>
  `${at === undefined ? '' : `${at.file}:${at.line}: `}${path}: ${message}`

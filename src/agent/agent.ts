/**
 * One node's agent: a level-triggered loop. Whatever happens only says "look again"; what is to be done is
 * decided from what is wanted and what is there, never from the event.
 *
 *   files changed ─┐                     ┌─ reload: source → plan → bounds, keys → desired
 *   kernel event ──┤                     │
 *   device died ───┼─▶ wake ─▶ 10 ms ─▶ pass: observe → diff → apply, until nothing differs
 *   name resolved ─┤    (coalesced)      │
 *   peek: peers ───┤                     ├─ status file, repairs, endpoints remembered
 *   resync 30 s ───┘                     └─ failed: again after 5 ms, 10 ms, … 1000 s
 *
 * WireGuard tells nobody when its peers are changed, so between passes the agent peeks at the devices: once a
 * second, but never so often that it costs more than 0.2 % of a core. Nothing is ever undone because the
 * agent stops.
 */
import type { NodeIntent, ObservedHost, ObservedWireGuard, Problem } from '../model/index.ts'
import { backoffMs, diff } from '../reconcile/index.ts'
import type { Difference } from '../reconcile/index.ts'
import type { Source } from '../sources/index.ts'
import { DiskCache } from '../sources/index.ts'
import { devicesOf, idOf } from './by-link.ts'
import type { Devices } from './by-link.ts'
import type { Clock, Closeable } from './clock.ts'
import { CommitConfirm } from './commit-confirm/index.ts'
import type { LookAhead, SafetyOptions } from './commit-confirm/index.ts'
import { converge } from './converge.ts'
import type { Convergence } from './converge.ts'
import { DesiredState } from './desired-state.ts'
import { EndpointMemory } from './endpoint-memory.ts'
import { EndpointResolver } from './endpoint-resolver.ts'
import type { Lookup } from './endpoint-resolver.ts'
import type { Host } from './host.ts'
import type { Logger } from './logger.ts'
import { PathMtuMonitor } from './path-mtu/index.ts'
import { PeerUpkeep } from './peer-upkeep.ts'
import { Report } from './report.ts'
import { StatusFile } from './status.ts'
import type { AgentStatus } from './status.ts'
import { WakeUp } from './wake-up.ts'
import type { Wake } from './wake-up.ts'

export interface AgentOptions {
  readonly node: string
  readonly source: Source
  readonly host: Host
  readonly clock: Clock
  readonly log: Logger
  readonly lookup: Lookup
  readonly stateDir: string
  readonly runDir: string
  readonly boundsPath: string
  readonly resyncMs?: number
  /** Replace our links of the other backend. */
  readonly enforceBackend?: boolean
  /** Refuse what could cut this host off, or try it for a time: see commit-confirm/. */
  readonly safety?: SafetyOptions
}

const RESYNC_MS = 30_000
/** A peek costs at most one part in so many of the time until the next. */
const PEEK_SHARE = 500
/** What a peek costs is the least that a recent one took: a busy machine makes it long, but not dear. */
const PEEK_COST_GROWTH = 1.2
const PEEK_MS = 1_000
const EVENT_HOLD_MS = 1_000

export class Agent {
  readonly #o: AgentOptions
  readonly #desired: DesiredState
  readonly #resolver: EndpointResolver
  readonly #upkeep: PeerUpkeep
  readonly #memory: EndpointMemory
  readonly #pathMtu: PathMtuMonitor | undefined
  readonly #report: Report
  readonly #commit: CommitConfirm | undefined
  readonly #wakeUp: WakeUp
  readonly #open: Closeable[] = []
  #failures = 0
  #retryAtMs: number | undefined
  #failedAtMs = 0
  #pending: Wake | undefined
  #resyncAtMs = 0
  #peekEveryMs = PEEK_MS
  #peekCostMs = Infinity
  #expected = ''
  /** As last seen. */
  #devices: Devices = new Map()

  constructor(o: AgentOptions) {
    this.#o = o
    this.#wakeUp = new WakeUp(o.clock)
    this.#resolver = new EndpointResolver({
      lookup: o.lookup,
      clock: o.clock,
      onAnswer: (host) => this.#wakeUp.wake(`name ${host} resolved`),
    })
    this.#memory = new EndpointMemory(o.stateDir)
    this.#upkeep = new PeerUpkeep({ clock: o.clock, resolver: this.#resolver, memory: this.#memory })
    this.#pathMtu =
      o.host.probe &&
      new PathMtuMonitor({
        ...o,
        probe: o.host.probe,
        onChange: () => this.#wakeUp.wake('path measured'),
      })
    this.#desired = new DesiredState(o, new DiskCache(`${o.stateDir}/last-good-plan.yaml`))
    this.#report = new Report(o, new StatusFile(`${o.runDir}/agent.json`))
    this.#commit =
      o.safety &&
      new CommitConfirm({
        ...o,
        safety: o.safety,
        desired: this.#desired,
        wake: (cause) => this.#atOnce(cause),
      })
  }

  get status(): AgentStatus {
    return this.#report.status(this.#desired)
  }

  /** One convergence, names of endpoints included. False when something is not as wanted. */
  async once(): Promise<boolean> {
    await this.#start()
    await this.#pass('start')
    await this.#resolver.settled()
    await this.#pass('names resolved')
    while (await this.#commit?.waits()) await this.#pass('pending change')
    return this.#failures === 0 && this.#desired.current !== undefined && !this.#desired.refused
  }

  /** Of `once()`, while it waits for a confirmation: takes the change back at once. */
  async giveUp(): Promise<void> {
    await this.#commit?.giveUp()
  }

  /** Until `signal` aborts. The network stays as it is then. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#start()
    this.#open.push(
      this.#o.host.watch((what) => this.#wakeUp.wake(what)),
      this.#o.source.watch(() => {
        this.#desired.sourceChanged = true
        this.#atOnce('source changed')
      }),
      ...(this.#commit === undefined ? [] : [this.#commit]),
    )
    signal.addEventListener('abort', () => this.#wakeUp.stop(), { once: true })
    try {
      await this.#pass('start')
      for (;;) {
        this.#measurePaths()
        const wake = await this.#wakeUp.next(this.#waitMs())
        if (signal.aborted) return
        this.#pending ??= wake
        await this.#turn()
      }
    } finally {
      for (const open of this.#open.splice(0)) open.close()
    }
  }

  /** Between turns: what is due starts, and what comes of it wakes us. */
  #measurePaths(): void {
    const intent = this.#desired.current?.intent
    if (intent !== undefined) this.#pathMtu?.look(intent, this.#devices)
  }

  /** Whatever was refused before: something else is wanted now. */
  #atOnce(cause: string): void {
    this.#retryAtMs = undefined
    this.#wakeUp.wake(cause)
  }

  /** Takes away everything that is ours on this host. */
  async remove(): Promise<void> {
    const wanted: NodeIntent = { node: this.#o.node, interfaces: [], links: [] }
    const done = await this.#converge(wanted)
    this.#o.log.info('removed', { changes: done.applied.length })
  }

  /** What a pass would do, doing nothing. */
  async dryRun(): Promise<Difference & { readonly problems: readonly Problem[] }> {
    await this.#memory.load()
    await this.#pathMtu?.load()
    await this.#desired.load({ write: false })
    const desired = this.#desired.current
    if (desired === undefined)
      return { steps: [], conflicts: [], waiting: [], adoptions: [], problems: this.#desired.problems }
    const observed = await this.#o.host.observe(desired.intent)
    this.#upkeep.look(desired.intent, devicesOf(observed))
    this.#upkeep.endpoints(desired.intent, devicesOf(observed))
    await this.#resolver.settled()
    const difference = diff({ ...this.#decide(desired.intent, observed), intent: desired.intent, observed })
    const cuts = await this.#commit?.foresee({ observed, steps: difference.steps })
    return { ...difference, problems: [...this.#desired.problems, ...(cuts ?? [])] }
  }

  async #start(): Promise<void> {
    await this.#commit?.recover()
    await this.#memory.load()
    await this.#pathMtu?.load()
    await this.#desired.load({ write: true })
  }

  async #turn(): Promise<void> {
    const now = this.#o.clock.nowMs()
    const wake = this.#pending
    if (this.#retryAtMs !== undefined) {
      if (now >= this.#holdUntilMs()) await this.#pass(wake?.cause ?? 'retry', wake?.atMs)
    } else if (wake !== undefined) await this.#pass(wake.cause, wake.atMs)
    else if (now >= this.#resyncAtMs) await this.#pass('resync')
    else await this.#peekOrPass()
  }

  #waitMs(): number {
    const now = this.#o.clock.nowMs()
    if (this.#retryAtMs !== undefined) return Math.max(0, this.#holdUntilMs() - now)
    const direct = this.#upkeep.nextLookMs() ?? Infinity
    const peek = Math.min(this.#peekEveryMs, Math.max(direct, this.#peekEveryMs / 4))
    const settling = this.#report.awaitsHandshakes(now) ? 250 : Infinity
    return Math.max(0, Math.min(this.#resyncAtMs - now, peek, settling))
  }

  /**
   * After a refusal an event brings the next try forward, to a second after the failure at most, because failing
   * makes events too. What something else keeps undoing has to wait its time out.
   */
  #holdUntilMs(): number {
    const retryAtMs = this.#retryAtMs ?? 0
    if (this.#pending === undefined || this.#report.lastOutcome === 'did-not-converge') return retryAtMs
    return Math.min(retryAtMs, this.#failedAtMs + EVENT_HOLD_MS)
  }

  async #pass(cause: string, atMs: number = this.#o.clock.nowMs()): Promise<void> {
    this.#pending = undefined
    if (await this.#desired.refresh()) {
      this.#report.changed(this.#desired)
      this.#failures = 0
    }
    this.#resyncAtMs = this.#o.clock.nowMs() + (this.#o.resyncMs ?? RESYNC_MS)
    try {
      await this.#commit?.consider(() => this.#lookAhead())
    } catch (error) {
      return this.#broken(error)
    }
    const desired = this.#desired.current
    if (desired === undefined) {
      this.#report.nothingWanted(this.#desired)
      return
    }
    let done: Convergence
    try {
      done = await this.#converge(desired.intent)
    } catch (error) {
      return this.#broken(error)
    }
    this.#devices = devicesOf(done.observed)
    if (done.outcome === 'converged') this.#succeeded(done)
    else this.#failed()
    await this.#commit?.passed(done)
    this.#report.passed(this.#desired, done, {
      cause,
      atMs,
      paths: this.#upkeep.paths,
      turned: this.#upkeep.takeTurned(),
      unresolved: this.#resolver.unresolved(),
      pathMtus: this.#pathMtu?.measured.bytes ?? new Map(),
    })
    await this.#remember(desired.intent)
    await this.#desired.keep()
  }

  /** The system could not even be looked at: said in the status, and tried again like any refusal. */
  #broken(error: unknown): void {
    this.#failed()
    this.#report.broken(this.#desired, error)
  }

  async #lookAhead(): Promise<LookAhead> {
    const intent = this.#desired.current?.intent ?? { node: this.#o.node, interfaces: [], links: [] }
    const observed = await this.#o.host.observe(intent)
    return { observed, steps: diff({ ...this.#decide(intent, observed), intent, observed }).steps }
  }

  /** What was written to peers, and where nothing of ours is left. Without it only a restart would know less. */
  async #remember(intent: NodeIntent): Promise<void> {
    try {
      await this.#upkeep.save(intent)
      await this.#pathMtu?.save()
      await this.#o.host.keep()
    } catch (error) {
      this.#o.log.warn('cannot keep what was learned', { error: (error as Error).message })
    }
  }

  #succeeded(done: Convergence): void {
    this.#failures = 0
    this.#retryAtMs = undefined
    const wanted = new Set(this.#desired.current?.intent.interfaces.map(idOf))
    this.#expected = configurationOf(new Map([...devicesOf(done.observed)].filter(([id]) => wanted.has(id))))
  }

  #failed(): void {
    this.#failures++
    this.#failedAtMs = this.#o.clock.nowMs()
    this.#retryAtMs = this.#failedAtMs + backoffMs(this.#failures)
  }

  #converge(wanted: NodeIntent): Promise<Convergence> {
    return converge({
      host: this.#o.host,
      wanted,
      keys: this.#desired.current?.keys ?? { privateKeys: new Map(), presharedKeys: new Map() },
      decide: (observed) => {
        this.#upkeep.look(wanted, devicesOf(observed))
        return this.#decide(wanted, observed)
      },
      onApplied: (steps) => this.#upkeep.applied(wanted, steps),
    })
  }

  #decide(wanted: NodeIntent, observed: ObservedHost) {
    const desired = this.#desired.current
    return {
      backend: this.#o.host.backend,
      enforceBackend: this.#o.enforceBackend ?? false,
      publicKeys: desired?.keys.publicKeys ?? new Map<string, string>(),
      presharedKeyDigests: desired?.keys.presharedKeyDigests ?? new Map<string, string>(),
      endpoints: this.#upkeep.endpoints(wanted, devicesOf(observed)),
      paths: this.#upkeep.paths,
      ...(this.#pathMtu === undefined ? {} : { pathMtus: this.#pathMtu.measured }),
      alive: this.#upkeep.alive(),
      ipv6Consent: this.#desired.bounds.allowIPv6Forwarding,
      leave: wanted === desired?.intent ? desired.leave : new Set<string>(),
    }
  }

  /** A device that cannot be peeked at is a reason to look at everything; that says what is wrong. */
  async #peekOrPass(): Promise<void> {
    try {
      await this.#peek()
    } catch {
      await this.#pass('a device does not answer')
    }
  }

  /** Looks at the peers only. Whatever is not as we left it calls for a pass. */
  async #peek(): Promise<void> {
    const desired = this.#desired.current
    if (desired === undefined || this.#retryAtMs !== undefined) return
    const { clock, host } = this.#o
    const before = clock.nowMs()
    const devices = await host.peek(desired.intent.interfaces)
    this.#devices = devices
    const changed = this.#upkeep.look(desired.intent, devices)
    const drifted = configurationOf(devices) !== this.#expected
    const due = this.#upkeep.endpoints(desired.intent, devices).size > 0
    this.#peekCostMs = Math.min(clock.nowMs() - before, Math.max(1, this.#peekCostMs * PEEK_COST_GROWTH))
    this.#peekEveryMs = Math.min(
      Math.max(PEEK_MS, this.#peekCostMs * PEEK_SHARE),
      this.#o.resyncMs ?? RESYNC_MS,
    )
    if (changed) await this.#pass('direct path', before)
    else if (drifted) await this.#pass('peers changed', before)
    else if (due) await this.#pass('endpoint', before)
    else this.#report.peeked(this.#desired, devices, this.#upkeep.paths)
  }
}

/** Everything about devices that only a program changes, as one text. */
const configurationOf = (devices: Devices): string =>
  [...devices]
    .map(([id, device]) => `${id} ${configurationOfOne(device)}`)
    .toSorted()
    .join('\n')

/** By observation: a device that did not change is often the very same one. */
const configurations = new WeakMap<ObservedWireGuard, string>()

const configurationOfOne = (d: ObservedWireGuard): string => {
  const known = configurations.get(d)
  if (known !== undefined) return known
  const peers = d.peers.map(
    (p) =>
      `${p.publicKey} ${p.presharedKeyDigest ?? ''} ${p.allowedIPs.join()} ${p.persistentKeepaliveSeconds}`,
  )
  const text = [d.link, d.publicKey, d.listenPort, d.fwmark, ...peers.toSorted()].join('\n')
  configurations.set(d, text)
  return text
}

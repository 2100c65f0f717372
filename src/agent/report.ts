/** What an agent has to say about its passes: status, repairs, log lines. Nothing when nothing changed. */
import { isDeepStrictEqual } from 'node:util'
import { linkIdOf } from '../model/index.ts'
import type { ObservedHost, Problem, Step } from '../model/index.ts'
import type { PathState } from '../reconcile/index.ts'
import { needsIpv6Consent, peerId, render } from '../reconcile/index.ts'
import { devicesOf } from './by-link.ts'
import type { Devices } from './by-link.ts'
import type { Clock } from './clock.ts'
import { confirmed } from './commit-confirm/condition.ts'
import type { Convergence } from './converge.ts'
import type { DesiredState } from './desired-state.ts'
import type { Logger } from './logger.ts'
import { interfaceStatuses, linkStatuses } from './link-status.ts'
import { pathMtuProblems } from './path-mtu/index.ts'
import { objectStatuses } from './object-status.ts'
import type {
  AgentPhase,
  AgentStatus,
  Condition,
  InterfaceStatus,
  LinkStatus,
  ObjectStatus,
  Repair,
  StatusFile,
} from './status.ts'

const KEPT_REPAIRS = 50
const SHOWN_COMMANDS = 20
/** How long after a change handshakes are looked for more often. */
const HANDSHAKE_WATCH_MS = 15_000

export interface PassFacts {
  readonly cause: string
  readonly atMs: number
  readonly paths: ReadonlyMap<string, PathState>
  /** What paths carry, by `peerId`. */
  readonly pathMtus: ReadonlyMap<string, number>
  /** Direct paths that came or went, by `peerId`. */
  readonly turned: ReadonlySet<string>
  readonly unresolved: readonly string[]
}

export class Report {
  readonly #o: { readonly node: string; readonly clock: Clock; readonly log: Logger }
  readonly #file: StatusFile
  #phase: AgentPhase = 'Converging'
  #observedGeneration = 0
  #convergedAtMs: number | undefined
  #problems: readonly Problem[] = []
  #converged: Condition = {
    type: 'Converged',
    status: false,
    reason: 'Starting',
    message: 'nothing was looked at yet',
  }
  #observed: ObservedHost | undefined
  #devices: Devices = new Map()
  #interfaces: readonly InterfaceStatus[] = []
  #links: readonly LinkStatus[] = []
  #objects: readonly ObjectStatus[] = []
  #repairs: readonly Repair[] = []
  #pathMtus: ReadonlyMap<string, number> = new Map()
  #watchHandshakesUntilMs = 0
  /** Said once, not with every pass. */
  #unwritable = false
  lastOutcome: Convergence['outcome'] | 'none' = 'none'

  constructor(o: { readonly node: string; readonly clock: Clock; readonly log: Logger }, file: StatusFile) {
    this.#o = o
    this.#file = file
  }

  status(desired: DesiredState): AgentStatus {
    return {
      node: this.#o.node,
      pid: process.pid,
      generation: desired.generation,
      observedGeneration: this.#observedGeneration,
      digest: desired.digest,
      phase: this.#phase,
      convergedAtMs: this.#convergedAtMs,
      conditions: [sourceReady(desired), accepted(desired), this.#converged, ...confirmed(desired)],
      problems: [...desired.problems, ...this.#problems],
      interfaces: this.#interfaces,
      links: this.#links,
      objects: this.#objects,
      repairs: this.#repairs,
      ...(desired.guarded && { guarded: true }),
      ...(desired.pending === undefined ? {} : { pending: desired.pending }),
      ...(desired.refusedDigest === '' ? {} : { refusedDigest: desired.refusedDigest }),
    }
  }

  #write(desired: DesiredState): void {
    const error = this.#file.write(this.status(desired))
    if (error !== undefined && !this.#unwritable) this.#o.log.warn('cannot write the status', { error })
    this.#unwritable = error !== undefined
  }

  changed(desired: DesiredState): void {
    this.#phase = 'Converging'
    this.#write(desired)
  }

  nothingWanted(desired: DesiredState): void {
    this.#phase = 'Failed'
    this.#converged = {
      type: 'Converged',
      status: false,
      reason: 'NoPlan',
      message: 'there is no plan to follow; nothing was touched',
    }
    this.#write(desired)
  }

  broken(desired: DesiredState, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#fail({ reason: 'CannotObserve', message, problems: [failed('host', message)] })
    this.#o.log.error('cannot look at the host', { error: message })
    this.#write(desired)
  }

  passed(desired: DesiredState, done: Convergence, facts: PassFacts): void {
    const before = this.#phase === 'Converged' && this.#observedGeneration === desired.generation
    this.lastOutcome = done.outcome
    this.#observed = done.observed
    const tookMs = Math.round((this.#o.clock.nowMs() - facts.atMs) * 10) / 10
    const commands = done.applied
      .filter((s) => !isUpkeep(s, facts.turned))
      .flatMap((s) => render(s).split('\n'))
    this.#problems = [
      ...conflictProblems(done),
      ...waitingProblems(done),
      ...unresolvedProblems(facts.unresolved),
      ...pathMtuProblems(desired.current?.intent, facts.pathMtus),
      ...consentProblems(desired, done),
    ]
    if (done.outcome === 'converged') this.#succeed(desired, done)
    else this.#reportFailure(done)
    if (done.applied.length > 0) this.#watchHandshakesUntilMs = this.#o.clock.nowMs() + HANDSHAKE_WATCH_MS
    if (commands.length > 0 && before) this.#repaired({ facts, tookMs, commands })
    else if (done.applied.length > 0 && done.outcome === 'converged')
      this.#o.log.info(commands.length > 0 ? 'converged' : 'peers updated', {
        cause: facts.cause,
        changes: done.applied.length,
        tookMs,
      })
    this.#pathMtus = facts.pathMtus
    this.#show(desired, done, facts.paths)
    this.#write(desired)
  }

  #show(desired: DesiredState, done: Convergence, paths: ReadonlyMap<string, PathState>): void {
    this.#devices = devicesOf(done.observed)
    if (desired.current === undefined) return
    const { intent, asked } = desired.current
    const { observed } = done
    const pathMtus = this.#pathMtus
    this.#interfaces = interfaceStatuses({ intent, observed, devices: this.#devices, paths, pathMtus })
    this.#links = linkStatuses(intent, observed)
    this.#objects = objectStatuses({ asked, generations: desired.generations, intent, done })
  }

  #succeed(desired: DesiredState, done: Convergence): void {
    const isNew = this.#phase !== 'Converged' || this.#observedGeneration !== desired.generation
    this.#phase = 'Converged'
    this.#observedGeneration = desired.generation
    if (isNew || done.applied.length > 0) this.#convergedAtMs = this.#o.clock.wallMs()
    const conflict = done.conflicts[0]
    const [held] = done.waiting
    const type = 'Converged'
    if (conflict !== undefined)
      this.#converged = { type, status: false, reason: 'LinkNotOurs', message: conflict.message }
    else if (held !== undefined)
      this.#converged = { type, status: true, reason: held.reason, message: `waiting: ${held.message}` }
    else this.#converged = { type, status: true, reason: 'AsWanted', message: 'nothing differs' }
    if (conflict !== undefined) this.#phase = 'Failed'
  }

  #reportFailure(done: Convergence): void {
    if (done.outcome === 'did-not-converge') {
      const message = `did not converge after ${done.rounds} rounds; these keep coming back: ${done.recurring.join('; ')}`
      this.#fail({
        reason: 'DidNotConverge',
        message,
        problems: [{ code: 'DidNotConverge', path: '', message }],
      })
      this.#o.log.error('did not converge', { rounds: done.rounds, steps: done.recurring.slice(0, 5) })
      return
    }
    const [first] = done.failures
    const message = first === undefined ? 'a change was refused' : first.message
    this.#fail({
      reason: 'ApplyFailed',
      message,
      problems: done.failures.map((f) => failed(f.step.kind, f.message)),
    })
    for (const failure of done.failures.slice(0, 5))
      this.#o.log.warn('change refused', {
        step: render(failure.step).split('\n')[0],
        error: failure.message,
      })
  }

  #fail(o: { reason: string; message: string; problems: readonly Problem[] }): void {
    this.#phase = 'Failed'
    this.#converged = { type: 'Converged', status: false, reason: o.reason, message: o.message }
    this.#problems = [...this.#problems, ...o.problems]
  }

  #repaired(o: { facts: PassFacts; tookMs: number; commands: readonly string[] }): void {
    const { clock, log } = this.#o
    const atMs = Math.round(clock.wallMs() - (clock.nowMs() - o.facts.atMs))
    const what = o.commands.slice(0, SHOWN_COMMANDS)
    this.#repairs = [
      ...this.#repairs.slice(-KEPT_REPAIRS + 1),
      { atMs, tookMs: o.tookMs, what, cause: o.facts.cause },
    ]
    log.info('repaired', { cause: o.facts.cause, tookMs: o.tookMs, changes: o.commands.length, what })
  }

  peeked(desired: DesiredState, devices: Devices, paths: ReadonlyMap<string, PathState>): void {
    if (this.#observed === undefined || desired.current === undefined) return
    const before = this.#devices
    if (devices.size === before.size && [...devices].every(([id, d]) => before.get(id) === d)) return
    this.#devices = devices
    const { intent } = desired.current
    const pathMtus = this.#pathMtus
    const interfaces = interfaceStatuses({ intent, observed: this.#observed, devices, paths, pathMtus })
    // Counters alone are not worth a write: they change with every packet.
    if (isDeepStrictEqual(withoutCounters(interfaces), withoutCounters(this.#interfaces))) return
    this.#interfaces = interfaces
    this.#write(desired)
  }

  /** Whether peers that should shake hands soon have not yet. */
  awaitsHandshakes(nowMs: number): boolean {
    if (nowMs > this.#watchHandshakesUntilMs) return false
    return this.#interfaces.some((i) => i.peers.some((p) => p.lastHandshakeMs === undefined))
  }
}

const withoutCounters = (interfaces: readonly InterfaceStatus[]) =>
  interfaces.map((i) => ({ ...i, peers: i.peers.map((p) => ({ ...p, rxBytes: 0, txBytes: 0 })) }))

/** Ongoing care for peers is no repair: endpoints that move, direct paths that come and go. */
const isUpkeep = (step: Step, turned: ReadonlySet<string>): boolean =>
  step.kind === 'wireguard-set' &&
  step.change.privateKey === undefined &&
  step.change.listenPort === undefined &&
  step.change.fwmark === undefined &&
  step.change.peers.every(
    (p) =>
      turned.has(peerId(linkIdOf(step.link, step.in), p.publicKey)) ||
      (p.kind === 'set' && !p.create && p.endpoint !== undefined && p.allowedIPs === undefined),
  )

const sourceReady = (desired: DesiredState): Condition => {
  const problem = desired.sourceProblems.find((p) => p.severity !== 'warning')
  return problem === undefined
    ? { type: 'SourceReady', status: true, reason: 'Read', message: 'the source is read and planned' }
    : { type: 'SourceReady', status: false, reason: problem.code, message: problem.message }
}

const accepted = (desired: DesiredState): Condition => {
  const problem = desired.problems.find(
    (p) => p.severity !== 'warning' && !desired.sourceProblems.includes(p),
  )
  return problem === undefined
    ? { type: 'Accepted', status: true, reason: 'WithinBounds', message: 'this node allows what is asked' }
    : { type: 'Accepted', status: false, reason: problem.code, message: problem.message }
}

const failed = (path: string, message: string): Problem => ({ code: 'ApplyFailed', path, message })

const conflictProblems = (done: Convergence): Problem[] =>
  done.conflicts.map((c) => ({ code: 'LinkNotOurs', path: c.link, message: c.message, hint: c.hint }))

/** Not refused by anybody: it comes as soon as what it waits for does. */
const waitingProblems = (done: Convergence): Problem[] =>
  done.waiting.map((w) => ({
    code: w.reason,
    path: w.link,
    message: w.message,
    hint: w.hint,
    severity: 'warning',
  }))

const unresolvedProblems = (hosts: readonly string[]): Problem[] =>
  hosts.map((host) => ({
    code: 'EndpointUnresolved',
    path: host,
    message: `the name ${host} does not resolve at the moment`,
    severity: 'warning',
  }))

const consentProblems = (desired: DesiredState, done: Convergence): Problem[] =>
  desired.bounds.allowIPv6Forwarding
    ? []
    : (desired.current?.intent.interfaces ?? [])
        .filter((wg) => needsIpv6Consent(wg, done.observed))
        .map((wg) => ({
          code: 'ForwardingConsent',
          path: `${wg.owner.kind}/${wg.owner.name}`,
          message: `${wg.name} is to relay IPv6, which on this kernel makes the whole host forward`,
          hint: 'Write `allowIPv6Forwarding: true` into agent.yaml, or use Linux 6.17 or newer.',
          severity: 'warning',
        }))

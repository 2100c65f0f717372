/**
 * No change cuts this machine off for good. Before a new plan is applied, it is computed whom it could cut off
 * (reconcile/reachability.ts). Such a plan is refused, unless it came with a time within which it is confirmed; then
 * it is in force for now, and when the time is over without a confirmation, the plan before it is in force again.
 *
 *   pass:  refresh ▶ consider: is something over? is something new, and whom does it cut off? ▶ converge ▶ passed
 *   between passes, while a change waits:  every 250 ms its files and its deadline, every second its addresses
 *
 * What waits is on disk (pending-change.ts), so a crash, a restart and a reboot find it there.
 */
import { randomBytes } from 'node:crypto'
import type { Problem, Step } from '../../model/index.ts'
import { cuts, render } from '../../reconcile/index.ts'
import type { Cut, ProtectedAddress } from '../../reconcile/index.ts'
import type { Endpoint, ObservedHost } from '../../model/index.ts'
import type { Clock, Closeable } from '../clock.ts'
import type { DesiredState } from '../desired-state.ts'
import type { Lookup } from '../endpoint-resolver.ts'
import type { Logger } from '../logger.ts'
import type { BootClock } from './boot-clock.ts'
import { timeLeft } from './boot-clock.ts'
import { Checks } from './checks.ts'
import type { PendingChange, Progress, TakenBack } from './pending-change.ts'
import { PendingChanges } from './pending-change.ts'
import type { Protected } from './protected.ts'
import { protectedAddresses } from './protected.ts'
import type { Routing } from './routing.ts'
import { takenBackProblem, wouldCutOff } from './problems.ts'
import { verdict } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** What commit-confirm needs of the world. Without it an agent applies whatever it is given. */
export interface SafetyOptions {
  readonly routing: () => Routing
  readonly boot: BootClock
  readonly answers: (target: Endpoint) => Promise<boolean>
  /** `agent --once --confirm-within`: a change of plan is in force for so long, until it is confirmed. */
  readonly withinMs?: number
  /** The session in which the agent was started by hand. */
  readonly session?: ProtectedAddress
}

export interface CommitConfirmOptions {
  readonly safety: SafetyOptions
  readonly stateDir: string
  readonly clock: Clock
  readonly log: Logger
  readonly lookup: Lookup
  readonly desired: DesiredState
  readonly wake: (cause: string) => void
}

export interface LookAhead {
  readonly observed: ObservedHost
  readonly steps: readonly Step[]
}

const LOOK_MS = 250

export class CommitConfirm {
  readonly #o: CommitConfirmOptions
  readonly #changes: PendingChanges
  #change: PendingChange | undefined
  #progress: Progress | undefined
  readonly #checks: Checks
  /** The change that waits is what is desired now: not so while its plan is refused or not read yet. */
  #inForce = false
  #applied = false
  #considered = 0
  /** What this very process has taken back is not for it to try again. */
  #undone: TakenBack | undefined
  /** What the disk did not take; what it took, `node put` may forget. */
  #unwritten: TakenBack | undefined
  #timer: Closeable | undefined
  #due = false
  #closed = false

  constructor(o: CommitConfirmOptions) {
    this.#o = o
    this.#changes = new PendingChanges(o.stateDir)
    this.#checks = new Checks({ answers: o.safety.answers, clock: o.clock })
    o.desired.guarded = true
  }

  /** Before the source is read for the first time: what an earlier process left, or an earlier start of the machine. */
  async recover(): Promise<void> {
    await this.#finishUndoing('the agent ended while it was taken back')
    const change = await this.#changes.read()
    if (change === undefined) return
    const decision = verdict({ ...this.#evidence(change), applied: false })
    if (decision.kind === 'take-back') await this.#takeBack(change, decision.why)
    else this.#change = change
  }

  /** Before every pass. Afterwards what is desired is what may be applied. */
  async consider(lookAhead: () => Promise<LookAhead>): Promise<void> {
    this.#due = false
    await this.#settle()
    const { desired } = this.#o
    if (this.#change === undefined) {
      this.#change = await this.#waiting()
      // Also with a plan that is in force already: one that was refused in between makes way for it again.
      if (this.#change !== undefined) this.#considered = -1
    }
    if (desired.generation !== this.#considered) {
      desired.takenBack = undefined
      this.#applied = false
      await this.#judge(lookAhead)
      this.#considered = desired.generation
    }
    this.#tell()
    this.#watch(LOOK_MS)
  }

  /** After every pass: how far it came. */
  async passed(done: { readonly outcome: string }): Promise<void> {
    if (this.#change === undefined) return
    const first = !this.#applied
    this.#applied = done.outcome === 'converged' && this.#inForce
    // Asking takes too long to be done here.
    if (this.#applied && first) this.#checks.begin(this.#progress?.answered ?? [])
    await this.#settle()
    this.#tell()
    this.#watch(this.#checks.silent.length > 0 && first ? 0 : LOOK_MS)
  }

  /** For an agent that only converges once: true when another pass is due, false when nothing waits. */
  async waits(): Promise<boolean> {
    while (this.#change !== undefined && !this.#due)
      await new Promise<void>((resolve) => void this.#o.clock.after(LOOK_MS, resolve))
    return this.#due
  }

  /** The next pass brings back the plan before the change that waits, if one does. */
  async giveUp(): Promise<void> {
    if (this.#change === undefined) return
    await this.#changes.beginTakingBack(this.#change.id)
    this.#due = true
  }

  close(): void {
    this.#closed = true
    this.#timer?.close()
  }

  /** The change on disk, unless this process has taken it back and the disk has not taken that: then it tries again. */
  async #waiting(): Promise<PendingChange | undefined> {
    const change = await this.#changes.read()
    if (change === undefined || change.id !== this.#undone?.id) return change
    await this.#takeBack(change, this.#undone.why)
    return undefined
  }

  /** What is over, or confirmed, since the last time. */
  async #settle(): Promise<void> {
    if (this.#change === undefined) return
    if (await this.#finishUndoing('it was asked to be taken back')) return
    const now = await this.#changes.read()
    if (now === undefined) return this.#confirmed('confirmed')
    if (now.id !== this.#change.id) {
      this.#forget()
      this.#considered = -1
    }
    this.#change = now
    const decision = this.#verdict(now)
    if (decision.kind === 'take-back') await this.#takeBack(now, decision.why)
    else if (decision.kind === 'keep' && (await this.#changes.confirm(now.id))) this.#confirmed(decision.why)
  }

  #confirmed(why: string): void {
    this.#o.log.info('change stays', { why })
    this.#forget()
    this.#o.desired.provisional = false
  }

  #forget(): void {
    this.#change = undefined
    this.#progress = undefined
    this.#inForce = false
    this.#applied = false
    this.#checks.begin([])
    this.#timer?.close()
    this.#timer = undefined
  }

  async #takeBack(change: PendingChange, why: string): Promise<void> {
    try {
      if (await this.#changes.beginTakingBack(change.id)) await this.#finishUndoing(why)
    } catch (error) {
      // A disk that takes no change, perhaps: the network goes back all the same.
      this.#o.log.error('cannot note that a change is taken back', { error: (error as Error).message })
      this.#unwritten = await this.#taken(change, why)
      if (!(await this.#undo(change, why, { inFolder: true }))) return // known already: no other pass is due
    }
    this.#due = true
    this.#o.wake('change taken back')
  }

  /** True when something was taken back just now. The network goes back whatever becomes of the files. */
  async #finishUndoing(why: string): Promise<boolean> {
    const change = await this.#changes.undoing()
    if (change === undefined) return false
    const taken = await this.#taken(change, why)
    let troubles: string[]
    try {
      troubles = await this.#changes.finishTakingBack(change, taken)
      this.#unwritten = undefined
    } catch (error) {
      this.#unwritten = taken
      troubles = [(error as Error).message] // no room on the disk, perhaps: tried again with every pass
    }
    for (const error of troubles) this.#o.log.error('cannot write a plan back', { error })
    return await this.#undo(change, why, { inFolder: change.files.length === 0 || troubles.length > 0 })
  }

  async #taken({ id }: PendingChange, why: string): Promise<TakenBack> {
    if (this.#undone?.id === id) return this.#undone
    const digest = (await this.#changes.progress(id))?.digest ?? ''
    return { id, why, atMs: this.#o.safety.boot().wallMs, digest }
  }

  /** `inFolder`: the source goes on having the change, so its digest is refused. */
  async #undo(change: PendingChange, why: string, o: { readonly inFolder: boolean }): Promise<boolean> {
    if (this.#undone?.id === change.id) return false
    const { desired, log } = this.#o
    const taken = await this.#taken(change, why)
    this.#undone = taken
    log.error('change taken back', { why, change: change.reason })
    this.#forget()
    desired.provisional = false
    desired.sourceChanged = true
    desired.takenBack = taken
    // At the start nothing is desired yet: the source, or the last good plan, will say what.
    if (desired.generation === 0) return true
    await desired.goBack(o.inFolder ? [takenBackProblem(taken)] : [], { orNothing: true })
    this.#considered = desired.generation
    return true
  }

  async #judge(lookAhead: () => Promise<LookAhead>): Promise<void> {
    const { desired } = this.#o
    if (desired.current === undefined) return
    if (this.#change === undefined) {
      const taken = this.#unwritten ?? (await this.#changes.takenBack())
      const mayTry = this.#o.safety.withinMs !== undefined && this.#undone?.digest !== desired.digest
      if (!mayTry && taken !== undefined && taken.digest === desired.digest)
        return await desired.goBack([takenBackProblem(taken)], { orNothing: true })
      if (desired.digest === desired.keptDigest) return
    }
    const kept = await this.#protected()
    for (const name of kept.unresolved) this.#o.log.warn('cannot protect a name without an address', { name })
    const found = await this.#cuts(kept, lookAhead)
    if (this.#change === undefined && this.#o.safety.withinMs !== undefined) await this.#arm()
    if (this.#change === undefined) {
      if (found.length > 0) await desired.goBack(found.map(wouldCutOff), { orNothing: false })
      return
    }
    await this.#prepare(this.#change, { found, kept })
  }

  #protected(): Promise<Protected> {
    const { desired, safety } = this.#o
    const { keepReachable } = desired.bounds
    return protectedAddresses({ ...this.#o, keepReachable, session: safety.session })
  }

  /** Of a dry run: whom it would cut off. */
  async foresee(ahead: LookAhead): Promise<Problem[]> {
    const found = await this.#cuts(await this.#protected(), () => Promise.resolve(ahead))
    return found.map((cut) => ({ ...wouldCutOff(cut), severity: 'warning' }))
  }

  async #cuts({ addresses }: Protected, lookAhead: () => Promise<LookAhead>): Promise<Cut[]> {
    if (addresses.length === 0) return []
    const { observed, steps } = await lookAhead()
    const view = { ...this.#o.safety.routing(), wireguard: observed.wireguard }
    return cuts({ view, steps, keep: addresses })
  }

  /** By hand: the files are the person's own, so only what is in force comes back. */
  async #arm(): Promise<void> {
    const { boot, withinMs = 0 } = this.#o.safety
    this.#change = await this.#changes.arm({
      ...{ id: randomBytes(8).toString('hex'), reason: 'warren agent --once', needs: 'checks' },
      ...{ begun: boot(), withinMs, files: [] },
    })
  }

  /** Who answers before the change is asked once and kept: afterwards it is too late to know. */
  async #prepare(
    change: PendingChange,
    o: { readonly found: readonly Cut[]; readonly kept: Protected },
  ): Promise<void> {
    const { desired, log } = this.#o
    desired.provisional = true
    this.#inForce = true
    this.#checks.targets = o.kept.targets
    const cut = o.found.map((c) => c.address)
    for (const one of o.found)
      log.warn('could cut off', { address: one.address, after: one.after, because: render(one.because) })
    const before = await this.#changes.progress(change.id)
    this.#progress = before
    if (before?.digest === desired.digest) return
    const concerned = desired.bounds.keepReachable.length > 0 ? [...o.kept.targets.keys()] : cut
    const answered = await this.#checks.who(concerned)
    this.#progress = {
      ...{ id: change.id, digest: desired.digest, cut },
      answered: [...new Set([...(before?.answered ?? []), ...answered])],
    }
    await this.#changes.note(this.#progress)
  }

  #evidence(change: PendingChange) {
    return {
      ...{ left: timeLeft(change, this.#o.safety.boot()), withinMs: change.withinMs, needs: change.needs },
      ...{ applied: this.#applied, silent: this.#checks.silent },
      ...{ answered: this.#progress?.answered ?? [], cut: this.#progress?.cut ?? [] },
    }
  }

  #verdict(change: PendingChange): Verdict {
    return verdict(this.#evidence(change))
  }

  #tell(): void {
    const change = this.#change
    const decision = change && this.#verdict(change)
    this.#o.desired.pending =
      change === undefined || decision?.kind !== 'wait'
        ? undefined
        : {
            ...{ id: change.id, reason: change.reason, untilMs: change.begun.wallMs + change.withinMs },
            ...{ awaits: decision.for, silent: this.#checks.silent },
          }
  }

  #watch(afterMs: number): void {
    this.#timer?.close()
    if (this.#change === undefined || this.#closed) return
    this.#timer = this.#o.clock.after(afterMs, () => void this.#tick())
  }

  /** Cheap, and often: whether a pass is due is all that is found out here. */
  async #tick(): Promise<void> {
    const change = this.#change
    if (change === undefined || this.#closed) return
    const [now, undoing] = [await this.#changes.read(), await this.#changes.undoing()]
    const isHeard = this.#applied && (await this.#checks.ask())
    const isOver = now?.id !== change.id || undoing !== undefined || this.#verdict(change).kind !== 'wait'
    this.#due = isOver || isHeard
    if (this.#due) this.#o.wake('pending change')
    this.#watch(LOOK_MS)
  }
}

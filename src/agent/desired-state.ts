/**
 * What is wanted, over time: reads the source when it changed and the bounds every time, and keeps what is in
 * force until something better is accepted. The last good plan is kept on disk and used when the source has
 * none to offer.
 */
import { NO_ALLOCATIONS } from '../model/index.ts'
import type { NodeIntent, Problem } from '../model/index.ts'
import type { DiskCache, Source, SourceSnapshot } from '../sources/index.ts'
import type { Bounds } from './bounds.ts'
import { loadBounds, NO_BOUNDS } from './bounds.ts'
import { accept, planFor } from './desired.ts'
import type { Desired } from './desired.ts'
import { KeyStore } from './key-store.ts'
import type { Logger } from './logger.ts'
import { Generations } from './object-status.ts'
import { PeerPins } from './pins.ts'
import type { PendingStatus } from './status.ts'

export interface DesiredStateOptions {
  readonly node: string
  readonly source: Source
  readonly log: Logger
  readonly stateDir: string
  readonly boundsPath: string
}

interface Candidate {
  readonly intent: NodeIntent
  readonly snapshot: SourceSnapshot
}

export class DesiredState {
  readonly #o: DesiredStateOptions
  readonly #cache: DiskCache
  readonly #store: KeyStore
  readonly #pins: PeerPins
  readonly generations = new Generations()
  #write = true
  #candidate: Candidate | undefined
  #boundsText = ''
  /** Digest of the copy on disk. */
  #kept = ''
  #sourceProblems: readonly Problem[] = []
  #boundsProblems: readonly Problem[] = []
  /** The source has something new, or nobody has looked yet. */
  sourceChanged = true
  current: Desired | undefined
  bounds: Bounds = NO_BOUNDS
  /** The source's digest that is in force. */
  digest = ''
  generation = 0
  /** What is in force now may be taken back (commit-confirm/): it does not become the last good plan. */
  provisional = false
  pending: PendingStatus | undefined
  guarded = false
  /** The last change that was taken back, until something else is wanted. */
  takenBack: { readonly why: string; readonly atMs: number } | undefined
  /** The source's digest that is refused as a whole, because of what it would do to this host. */
  refusedDigest = ''
  /** What was in force last and is not provisional. */
  #settled: Candidate | undefined

  constructor(o: DesiredStateOptions, cache: DiskCache) {
    this.#o = o
    this.#cache = cache
    this.#store = new KeyStore(o.stateDir)
    this.#pins = new PeerPins(o.stateDir)
  }

  get problems(): readonly Problem[] {
    return [...this.#sourceProblems, ...this.#boundsProblems, ...(this.current?.problems ?? [])]
  }

  /** Something that the source wants is not in force. */
  get refused(): boolean {
    return this.problems.some((p) => p.severity !== 'warning')
  }

  get sourceProblems(): readonly Problem[] {
    return this.#sourceProblems
  }

  /** Of the plan that is known to be good. */
  get keptDigest(): string {
    return this.#kept
  }

  /** The first look, with the last good plan to fall back to. */
  async load(o: { readonly write: boolean }): Promise<void> {
    this.#write = o.write
    const kept = await this.#cache.head()
    this.#kept = kept.digest
    if (kept.parts.length > 0) this.#o.source.expect?.(kept.parts)
    await this.refresh()
    if (this.#candidate !== undefined) return
    const cached = await this.#lastGood()
    if (cached === undefined) return
    this.#o.log.warn('using the last good plan', { digest: cached.snapshot.digest })
    await this.#adopt(cached)
  }

  async #lastGood(): Promise<Candidate | undefined> {
    const cached = await this.#cache.load()
    if (cached === undefined) return undefined
    const planned = planFor(this.#o.node, cached)
    return planned.kind === 'refused' ? undefined : { intent: planned.intent, snapshot: cached }
  }

  /**
   * What was in force before the newest plan is in force again, whose problems these are. `orNothing`: when nothing
   * was, nothing is wanted; otherwise nothing is touched.
   */
  async goBack(problems: readonly Problem[], o: { readonly orNothing: boolean }): Promise<void> {
    this.#refuse(problems)
    this.refusedDigest = problems.length > 0 ? this.digest : ''
    const before = this.#settled ?? (await this.#lastGood())
    if (before !== undefined) return await this.#adopt(before)
    if (o.orNothing && this.#kept === '') return await this.#adopt(nothingFor(this.#o.node))
    this.#candidate = undefined
    this.current = undefined
    this.digest = ''
    this.generation++
  }

  /** True when something else is wanted now. */
  async refresh(): Promise<boolean> {
    const boundsChanged = await this.#refreshBounds()
    // They may be why a plan was refused.
    if (boundsChanged && this.refusedDigest !== '') this.sourceChanged = true
    if (!this.sourceChanged) return boundsChanged && (await this.#again())
    this.sourceChanged = false
    const snapshot = await this.#o.source.read()
    if (this.#candidate?.snapshot.digest === snapshot.digest && snapshot.problems.length === 0) {
      this.#sourceProblems = this.#sourceProblems.filter((p) => p.severity === 'warning')
      this.refusedDigest = ''
      return boundsChanged && (await this.#again())
    }
    const planned = planFor(this.#o.node, snapshot)
    if (planned.kind === 'refused') {
      this.#refuse(planned.problems)
      return boundsChanged && (await this.#again())
    }
    this.#sourceProblems = planned.warnings
    this.refusedDigest = ''
    await this.#adopt({ intent: planned.intent, snapshot })
    return true
  }

  /**
   * Puts what is in force on disk, when that has changed. To be called when the network has been seen to, because
   * writing a large plan takes longer than following it.
   */
  async keep(): Promise<void> {
    const snapshot = this.#candidate?.snapshot
    if (this.provisional) return
    this.#settled = this.#candidate
    if (!this.#write || snapshot === undefined || snapshot.digest === this.#kept) return
    try {
      await this.#cache.save(snapshot)
      this.#kept = snapshot.digest
    } catch (error) {
      // Without the copy only a restart with a broken source would be worse off.
      this.#o.log.warn('cannot keep the last good plan', { error: (error as Error).message })
    }
  }

  #refuse(problems: readonly Problem[]): void {
    this.#sourceProblems = problems
    const [only, ...others] = problems
    if (only?.code === 'SourceEmpty' && others.length === 0) {
      this.#o.log.info('no plan yet, waiting for one', { path: only.path })
      return
    }
    for (const { code, path, message } of problems.slice(0, 10))
      this.#o.log.warn('plan refused', { code, path, message })
  }

  async #again(): Promise<boolean> {
    if (this.#candidate === undefined) return false
    await this.#adopt(this.#candidate)
    return true
  }

  async #adopt(candidate: Candidate): Promise<void> {
    this.#candidate = candidate
    // With bounds that cannot be read nothing is known to be allowed: what is in force stays.
    if (this.#boundsProblems.length > 0) return
    this.current = await accept(candidate.intent, {
      objects: candidate.snapshot.objects,
      bounds: this.bounds,
      store: this.#store,
      pins: this.#pins,
      before: this.current?.intent,
      write: this.#write,
    })
    this.generations.now(this.current.asked, candidate.snapshot.objects)
    for (const { code, path, message, severity } of this.current.problems)
      this.#o.log.warn(severity === 'warning' ? 'risk' : 'object refused', { code, path, message })
    this.digest = candidate.snapshot.digest
    this.generation++
  }

  async #refreshBounds(): Promise<boolean> {
    const loaded = await loadBounds(this.#o.boundsPath)
    const text = JSON.stringify(loaded)
    if (text === this.#boundsText) return false
    this.#boundsText = text
    this.#boundsProblems = loaded.kind === 'problems' ? loaded.problems : []
    if (loaded.kind === 'bounds') this.bounds = loaded.bounds
    for (const { path, message } of this.#boundsProblems)
      this.#o.log.error('local bounds are malformed', { path, message })
    return true
  }
}

const nothingFor = (node: string): Candidate => ({
  intent: { node, interfaces: [], links: [] },
  snapshot: { digest: '', objects: [], allocations: NO_ALLOCATIONS, problems: [] },
})

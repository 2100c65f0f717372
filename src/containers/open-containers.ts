/**
 * The resolver of this host. Runtimes are asked over their sockets, what they say is held against /proc, and three
 * things tell that an answer may have changed: the runtime's events, a look each second at whether what was found is
 * still there, and now and then a new question about what was not. The first is fast, the other two are sure.
 */
import type { ContainerRef } from '../model/index.ts'
import { AskedContainers, outdate } from './asked.ts'
import type { Asked } from './asked.ts'
import { isKernelRef, resolveKernelRef, resolveLocated } from './kernel/on-this-host.ts'
import type { RuntimeRef } from './kernel/on-this-host.ts'
import type { Closeable, ContainerResolver, Resolved } from './resolver.ts'
import type { Located } from './runtime.ts'
import { Runtimes } from './runtimes.ts'
import type { ContainerSockets } from './sockets.ts'

export interface ContainersOptions extends ContainerSockets {
  /** Where the processes of the host are seen. */
  readonly procDir?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** How often to look whether what was found is still there. */
  readonly lookEveryMs?: number
  /** How often to ask again for what was not found. */
  readonly askEveryMs?: number
  /** How long a runtime may take to answer. */
  readonly answerWithinMs?: number
}

export const openContainers = (options: ContainersOptions = {}): ContainerResolver =>
  new HostContainers(options)

const DEFAULTS = { procDir: '/proc', lookEveryMs: 1000, askEveryMs: 10_000, answerWithinMs: 5000 }

class HostContainers implements ContainerResolver {
  readonly #o: ContainersOptions & typeof DEFAULTS
  readonly #asked = new AskedContainers()
  readonly #runtimes: Runtimes
  readonly #watchers = new Set<(ref: ContainerRef) => void>()
  readonly #closing = new AbortController()
  #timers: readonly NodeJS.Timeout[] = []
  #isAsking = false

  constructor(options: ContainersOptions) {
    this.#o = { ...DEFAULTS, ...options }
    this.#runtimes = new Runtimes({
      sockets: options,
      env: options.env ?? process.env,
      answerWithinMs: this.#o.answerWithinMs,
      onEvent: (kinds, event) => this.#changed(this.#asked.concernedBy(kinds, event)),
      onSilence: (kinds) => this.#asked.concernedBy(kinds).forEach(outdate),
    })
  }

  async resolve(ref: ContainerRef, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Resolved> {
    const asked = this.#asked.of(ref)
    asked.answer = isKernelRef(ref)
      ? resolveKernelRef(ref, this.#o.procDir)
      : ((asked.current ? this.#stillFound(asked, ref) : undefined) ?? (await this.#ask(asked, ref, signal)))
    return asked.answer
  }

  watch(onChange: (ref: ContainerRef) => void): Closeable {
    // A function of its own, so that the same one can watch twice.
    const watcher = (ref: ContainerRef): void => onChange(ref)
    this.#watchers.add(watcher)
    this.#follow()
    return {
      close: () => {
        this.#watchers.delete(watcher)
        if (this.#watchers.size === 0) this.#unfollow()
      },
    }
  }

  close(): void {
    this.#closing.abort()
    this.#watchers.clear()
    this.#unfollow()
    this.#runtimes.close()
  }

  async #ask(asked: Asked, ref: RuntimeRef, signal?: AbortSignal): Promise<Resolved> {
    const { heard } = asked
    const located = await this.#locate(ref, signal)
    // A runtime that is being restarted says nothing of what goes on running; the process that it named still counts.
    if (located.kind === 'unknown') return this.#stillFound(asked, ref) ?? located
    const answer = this.#onThisHost(ref, located)
    asked.located = answer.kind === 'found' ? located : undefined
    // What was heard while the runtime answered may be newer than the answer.
    asked.current = heard === asked.heard && answer.kind === 'found' && (await this.#runtimes.hearsOf(ref))
    return answer
  }

  #locate(ref: RuntimeRef, signal: AbortSignal | undefined): Promise<Located> {
    return this.#runtimes.locate(ref, [this.#closing.signal, ...(signal === undefined ? [] : [signal])])
  }

  #onThisHost(ref: RuntimeRef, located: Located): Resolved {
    return resolveLocated(located, { ref, procDir: this.#o.procDir })
  }

  /** What was found before, while it is still the same. */
  #stillFound({ answer, located }: Asked, ref: RuntimeRef): Resolved | undefined {
    if (located === undefined) return undefined
    const now = this.#onThisHost(ref, located)
    return now.kind !== 'found' || (answer !== undefined && differs(answer, now)) ? undefined : now
  }

  #follow(): void {
    this.#runtimes.follow()
    if (this.#timers.length > 0) return
    const look = setInterval(() => this.#look(), this.#o.lookEveryMs).unref()
    const ask = setInterval(() => void this.#askAgain(), this.#o.askEveryMs).unref()
    this.#timers = [look, ask]
  }

  #unfollow(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    this.#runtimes.unfollow()
    for (const asked of this.#asked.all()) outdate(asked)
  }

  /** A few reads of /proc for each container; no runtime is asked. */
  #look(): void {
    this.#changed(
      this.#asked.all().filter((asked) => {
        const { ref, answer } = asked
        if (answer === undefined) return false
        if (isKernelRef(ref)) return differs(answer, resolveKernelRef(ref, this.#o.procDir))
        return answer.kind === 'found' && this.#stillFound(asked, ref) === undefined
      }),
    )
  }

  /** One round at a time: a runtime may take longer to answer than the pause is. */
  async #askAgain(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    for (const asked of this.#asked.all()) {
      const { ref, answer } = asked
      if (isKernelRef(ref) || answer === undefined || answer.kind === 'found') continue
      const now = await this.#ask(asked, ref)
      if (asked.answer === answer && differs(answer, now)) this.#changed([asked])
    }
    this.#isAsking = false
  }

  /** Told once: until it is asked about again, there is no answer that could change. */
  #changed(changed: readonly Asked[]): void {
    for (const asked of changed) {
      outdate(asked)
      asked.answer = undefined
      for (const watcher of [...this.#watchers]) watcher(asked.ref)
    }
  }
}

const differs = (before: Resolved, now: Resolved): boolean =>
  before.kind !== now.kind || (before.kind === 'found' && now.kind === 'found' && before.id !== now.id)

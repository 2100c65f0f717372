/**
 * Names to addresses, by asking recursive servers (RFC 1034 §5.3.1): both families at once, the search list, a cache,
 * and one question for all who ask the same at the same time.
 */
import { AnswerCache } from './cache.ts'
import { type Answer, Lookup } from './lookup.ts'
import { TYPE_A, TYPE_AAAA } from './message.ts'
import { canonicalName, isHostName } from './name.ts'
import type { Outcome, Resolved, ResolveFailure, ResolveFailureCode } from './outcome.ts'
import type { DnsServer, ResolverPorts } from './resolver-ports.ts'
import { candidateNames } from './search-list.ts'
import { Servers } from './servers.ts'
import { SPECIAL_TTL_SECONDS, specialAddresses } from './special-names.ts'

/** RFC 8305 §3: how long the second family gets once the first has answered, at least. */
export const RESOLUTION_DELAY_MS = 50
/** RFC 9520 §3.2: nobody is asked again at once what nobody could say. */
const FAILURE_TTL_SECONDS = 1
const FAILURES_REMEMBERED = 512
/** RFC 8767 §5: after so long without an answer, the last one has to do; */
export const CLIENT_RESPONSE_MS = 1_800
/** so long it is used then; and so often somebody asks again meanwhile. */
export const STALE_TTL_SECONDS = 30
/** Aliases that lead to names about which another question must be put. */
const MAX_ALIAS_QUESTIONS = 8
const MAX_LOOKUPS = 512
const DEFAULT_CACHE_ENTRIES = 2_048

export interface StubResolverOptions {
  readonly ports: ResolverPorts
  /** Addresses, port 53, or with their ports. */
  readonly servers: readonly (string | DnsServer)[]
  readonly searchDomains?: readonly string[]
  /** Default: 1. */
  readonly ndots?: number
  /** Those that we can reach; the preferred one first. Default: 6 and 4. */
  readonly families?: readonly (4 | 6)[]
  readonly cacheEntries?: number
  /** Some servers do not repeat it. Default: no. */
  readonly randomizeCase?: boolean
}

interface Found {
  readonly outcome: Outcome
  readonly ttlSeconds: number
}

export class StubResolver {
  readonly #o: StubResolverOptions
  readonly #servers: Servers
  readonly #cache: AnswerCache
  readonly #failures = new AnswerCache(FAILURES_REMEMBERED)
  /** By name and type, and by what callers ask for. */
  readonly #lookups = new Map<string, Promise<Found>>()
  readonly #running = new Map<Lookup, () => void>()
  readonly #resolving = new Map<string, Promise<Resolved | ResolveFailure>>()
  readonly #counters: Record<string, number> = {}
  #isClosed = false

  constructor(options: StubResolverOptions) {
    this.#o = options
    this.#servers = new Servers(options.servers)
    this.#cache = new AnswerCache(options.cacheEntries ?? DEFAULT_CACHE_ENTRIES)
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters
  }

  /** Rejects only with the reason of `signal`; the question goes on for others, and for the cache. */
  resolve(name: string, o: { readonly signal?: AbortSignal } = {}): Promise<Resolved | ResolveFailure> {
    const special = specialAddresses(name)
    if (special !== undefined)
      return Promise.resolve(
        special.length === 0 ? notFound(name, [name]) : addressesOf(special, SPECIAL_TTL_SECONDS),
      )
    if (!isHostName(name))
      return Promise.resolve(failure('EBADNAME', `${JSON.stringify(name)} can not be a name`))
    const key = canonicalName(name)
    let resolving = this.#resolving.get(key)
    if (resolving === undefined) {
      resolving = this.#search(key).finally(() => this.#resolving.delete(key))
      this.#resolving.set(key, resolving)
    } else this.#count('questions-shared')
    return o.signal === undefined ? resolving : untilAborted(resolving, o.signal)
  }

  /** Those that wait get ECANCELLED. */
  close(): void {
    this.#isClosed = true
    for (const [lookup, cancel] of this.#running) {
      lookup.close()
      cancel()
    }
    this.#running.clear()
    this.#cache.clear()
    this.#failures.clear()
  }

  async #search(name: string): Promise<Resolved | ResolveFailure> {
    const { searchDomains = [], ndots = 1 } = this.#o
    const candidates = candidateNames(name, { domains: searchDomains, ndots })
    let unsure: ResolveFailure | undefined
    for (const candidate of candidates) {
      const { outcome, ttlSeconds } = await this.#bothFamilies(candidate)
      if (outcome.kind === 'addresses') return addressesOf(outcome.addresses, ttlSeconds)
      if (outcome.kind !== 'failure') continue
      // A server that does not know about one domain may know about the next; none that answers knows about neither.
      if (outcome.code !== 'ESERVFAIL' && outcome.code !== 'EREFUSED') return outcome
      unsure ??= outcome
    }
    return unsure ?? notFound(name, candidates)
  }

  /** Until both have answered; once one has with an address, as long again for the other. */
  #bothFamilies(name: string): Promise<Found> {
    const { families = [6, 4], ports } = this.#o
    const startedAt = ports.nowMs()
    return new Promise((resolve) => {
      const found: (Found | undefined)[] = families.map(() => undefined)
      let waiting = families.length
      let timer: { close(): void } | undefined
      const end = (): void => {
        timer?.close()
        resolve(together(found.filter((one) => one !== undefined)))
      }
      if (waiting === 0) end()
      const ask = async (index: number, family: 4 | 6): Promise<void> => {
        const one = await this.#follow(name, family === 4 ? TYPE_A : TYPE_AAAA)
        found[index] = one
        waiting -= 1
        if (waiting === 0) end()
        else if (one.outcome.kind === 'addresses')
          timer ??= ports.after(Math.max(RESOLUTION_DELAY_MS, ports.nowMs() - startedAt), end)
      }
      for (const [index, family] of families.entries()) void ask(index, family)
    })
  }

  /** From the cache, or by asking; what was true before, while nobody can say what is true. */
  async #follow(name: string, type: number): Promise<Found> {
    const key = keyOf(name, type)
    const nowMs = this.#o.ports.nowMs()
    const cached = this.#cache.get(key, nowMs)
    if (cached !== undefined) {
      this.#count('answers-cached')
      return cached
    }
    const stale = this.#cache.stale(key, nowMs)
    const failed = this.#failures.get(key, nowMs)
    if (failed !== undefined) return stale === undefined ? failed : this.#staleAnswer(stale)
    let lookup = this.#lookups.get(key)
    if (lookup === undefined) {
      lookup = this.#askAndRemember(name, type).finally(() => this.#lookups.delete(key))
      this.#lookups.set(key, lookup)
    }
    return stale === undefined ? lookup : this.#unlessLate(lookup, stale)
  }

  #unlessLate(lookup: Promise<Found>, stale: Outcome): Promise<Found> {
    return new Promise((resolve) => {
      const timer = this.#o.ports.after(CLIENT_RESPONSE_MS, () => resolve(this.#staleAnswer(stale)))
      const end = async (): Promise<void> => {
        const found = await lookup
        timer.close()
        resolve(found.outcome.kind === 'failure' ? this.#staleAnswer(stale) : found)
      }
      void end()
    })
  }

  #staleAnswer(outcome: Outcome): Found {
    this.#count('answers-stale')
    return { outcome, ttlSeconds: STALE_TTL_SECONDS }
  }

  /** What `#ask` says, and what it says about the names that it leads to. */
  async #askAndRemember(name: string, type: number): Promise<Found> {
    let target = name
    let ttlSeconds = Number.POSITIVE_INFINITY
    for (let questions = 0; questions <= MAX_ALIAS_QUESTIONS; questions++) {
      const answer = await this.#ask(target, type)
      if (answer.kind === 'alias') {
        target = answer.target
        ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds)
        continue
      }
      return this.#remember(keyOf(name, type), foundBy(answer, target, ttlSeconds))
    }
    return { outcome: failure('ESERVFAIL', `${name} is an alias of an alias without end`), ttlSeconds: 0 }
  }

  #remember(key: string, found: Found): Found {
    if (this.#isClosed) return found
    const nowMs = this.#o.ports.nowMs()
    const { outcome } = found
    if (!Number.isFinite(found.ttlSeconds)) {
      if (outcome.kind !== 'failure') this.#cache.forget(key)
    } else if (outcome.kind !== 'failure')
      this.#cache.put(key, outcome, { ttlSeconds: found.ttlSeconds, nowMs })
    else {
      const isBridged = this.#cache.stale(key, nowMs) !== undefined
      this.#failures.put(key, outcome, {
        ttlSeconds: isBridged ? STALE_TTL_SECONDS : found.ttlSeconds,
        nowMs,
      })
    }
    return found
  }

  #ask(name: string, type: number): Promise<Answer | ResolveFailure> {
    if (this.#isClosed) return Promise.resolve(CANCELLED)
    if (this.#servers.inOrder().length === 0)
      return Promise.resolve(failure('ENOTFOUND', `${name} is a name, and there is no DNS server to ask`))
    if (this.#running.size >= MAX_LOOKUPS)
      return Promise.resolve(failure('ENOBUFS', `${name}: ${MAX_LOOKUPS} names are being asked for already`))
    return new Promise((resolve) => {
      const { ports, randomizeCase = false } = this.#o
      const lookup = new Lookup({
        ...{ name, type, servers: this.#servers, ports, randomizeCase },
        count: (what) => this.#count(what),
        onEnd: (answer) => {
          this.#running.delete(lookup)
          resolve(answer)
        },
      })
      this.#running.set(lookup, () => resolve(CANCELLED))
      lookup.begin()
    })
  }

  #count(what: string): void {
    this.#counters[what] = (this.#counters[what] ?? 0) + 1
  }
}

const keyOf = (name: string, type: number): string => `${name} ${type}`

/** `ttlSeconds` infinite: not to be remembered. */
function foundBy(
  answer: Exclude<Answer | ResolveFailure, { kind: 'alias' }>,
  name: string,
  aliasTtlSeconds: number,
): Found {
  switch (answer.kind) {
    case 'addresses':
      return { outcome: answer, ttlSeconds: Math.min(answer.ttlSeconds, aliasTtlSeconds) }
    case 'no-name':
    case 'no-data':
      return { outcome: { kind: answer.kind }, ttlSeconds: answer.ttlSeconds ?? Number.POSITIVE_INFINITY }
    case 'failure': {
      if (!('said' in answer)) return { outcome: answer, ttlSeconds: Number.POSITIVE_INFINITY }
      const message = `no answer about ${name} (${answer.said})`
      return { outcome: failure(answer.code, message), ttlSeconds: FAILURE_TTL_SECONDS }
    }
  }
}

/** Addresses of either family are an answer; that there is no such name holds for both (RFC 8020). */
function together(all: readonly Found[]): Found {
  const positive = all.filter(({ outcome }) => outcome.kind === 'addresses')
  if (positive.length > 0) {
    const addresses = positive.flatMap(({ outcome }) =>
      outcome.kind === 'addresses' ? outcome.addresses : [],
    )
    const ttlSeconds = Math.min(...positive.map((one) => one.ttlSeconds))
    return { outcome: { kind: 'addresses', addresses }, ttlSeconds }
  }
  return (
    all.find(({ outcome }) => outcome.kind === 'no-name') ??
    all.find(({ outcome }) => outcome.kind === 'failure') ??
    all[0] ?? { outcome: { kind: 'no-data' }, ttlSeconds: 0 }
  )
}

const addressesOf = (addresses: readonly string[], ttlSeconds: number): Resolved => ({
  ...{ kind: 'addresses', addresses, ttlSeconds },
})

const failure = (code: ResolveFailureCode, message: string): ResolveFailure => ({
  kind: 'failure',
  code,
  message,
})

const CANCELLED = failure('ECANCELLED', 'the resolver was closed')

function notFound(name: string, candidates: readonly string[]): ResolveFailure {
  const others = candidates.filter((candidate) => candidate !== name)
  const tried = others.length === 0 ? '' : `, neither as ${others.join(' nor as ')}`
  return failure('ENOTFOUND', `${name} has no address${tried}`)
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

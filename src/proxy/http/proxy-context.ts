/** What all connections of one route share: parsers and memory that are used again for every message, pool, wheel. */
import {
  octetsOf,
  RequestHead,
  type RequestRules,
  ResponseHead,
  targetBase,
} from '../../protocols/http/index.ts'
import type { AccessEntry } from './access-entry.ts'
import { SCRATCH_BYTES } from './body-transfer.ts'
import { HeadReader } from './head-reader.ts'
import { HttpCounters } from './http-counters.ts'
import type { HttpRoute } from './http-route.ts'
import { TimerWheel } from './timer-wheel.ts'
import { type Dial, UpstreamPool } from './upstream-pool.ts'

export interface ProxyContextOptions {
  readonly route: HttpRoute
  readonly dial: Dial
  readonly after: (ms: number, run: () => void) => { close(): void }
  readonly nowMs: () => number
  readonly onAccess?: ((entry: AccessEntry) => void) | undefined
  readonly counters?: HttpCounters | undefined
}

/** Heads that are gathered from pieces, on all connections of a route together. */
const GATHERED_BYTES = 32 * 1024 * 1024
/** Names of the fields that are added, and addresses. */
const GROWTH_BYTES = 4096
const DEFAULT_PORTS = { http: 80, https: 443 } as const

export class ProxyContext {
  readonly route: HttpRoute
  readonly nowMs: () => number
  readonly onAccess: ((entry: AccessEntry) => void) | undefined
  readonly counters: HttpCounters
  readonly wheel: TimerWheel
  readonly pool: UpstreamPool
  readonly rules: RequestRules
  readonly requestHead: RequestHead
  readonly responseHead: ResponseHead
  readonly heads: HeadReader
  /** Where heads and chunks are made. Nothing in it outlives the call that wrote it. */
  readonly scratch: Uint8Array
  activeRequests = 0
  isDraining = false

  constructor({ route, dial, after, nowMs, onAccess, counters }: ProxyContextOptions) {
    const { headBytes } = route.limits
    this.route = route
    this.nowMs = nowMs
    this.onAccess = onAccess
    this.counters = counters ?? new HttpCounters()
    this.wheel = new TimerWheel({ after, nowMs })
    this.pool = new UpstreamPool({ route, dial, wheel: this.wheel, counters: this.counters })
    this.rules = rulesOf(route)
    this.requestHead = new RequestHead(route.limits)
    this.responseHead = new ResponseHead(route.limits)
    this.heads = new HeadReader({ headBytes, gatheredBytes: GATHERED_BYTES })
    this.scratch = new Uint8Array(3 * headBytes + addedBytes(this.rules) + SCRATCH_BYTES)
  }
}

/** The client's own host may be written three times; that is counted with its head. */
function addedBytes({ base, host, defaultHost, via }: RequestRules): number {
  const names = (host?.length ?? 0) + defaultHost.length + (via?.length ?? 0)
  return base.prefix.length + base.query.length + names + GROWTH_BYTES
}

function rulesOf(route: HttpRoute): RequestRules {
  const { targetScheme, host, port, hostHeader, basePath, query } = route
  const name = host.includes(':') ? `[${host}]` : host
  const target = octetsOf(port === DEFAULT_PORTS[targetScheme] ? name : `${name}:${port}`)
  const fixed = hostHeader === 'rewrite' ? target : undefined
  return {
    base: targetBase(basePath, query),
    host: typeof hostHeader === 'object' ? octetsOf(hostHeader.name) : fixed,
    defaultHost: target,
    clientScheme: route.clientScheme,
    trustForwarded: route.trustForwarded,
    forwarded: route.forwarded,
    via: route.via,
  }
}

/** What `/status`, the status socket and `warren proxy status` tell: a snapshot without secrets, and its JSON is its format. */
import type { TunnelStatus } from '../../tunnel/index.ts'

export type Phase = 'starting' | 'running' | 'draining' | 'stopped'

export interface ProxyStatus {
  readonly name: string
  readonly version: string
  readonly pid: number
  readonly engine: 'native' | 'plain'
  readonly phase: Phase
  /** Since the epoch. */
  readonly startedAtMs: number
  readonly ready: boolean
  /** Why not. */
  readonly reasons: readonly string[]
  readonly configuration: ConfigurationStatus
  readonly tunnels: readonly TunnelStatus[]
  readonly routes: readonly RouteStatus[]
  readonly memory: MemoryStatus
}

export interface ConfigurationStatus {
  /** 1 after the start; each reload that changed something adds one. */
  readonly generation: number
  readonly appliedAtMs: number
  readonly applied: number
  readonly unchanged: number
  readonly refused: number
  /** What was wrong with the last one, if it was refused; the one before it is in force. */
  readonly trouble: readonly string[]
}

export type RouteKind = 'http' | 'tcp' | 'udp' | 'publish' | 'socks'

export interface RouteStatus {
  readonly kind: RouteKind
  /** As it really listens: a port that was 0 has its number. */
  readonly listen: string
  /** What a `socks` route does not have. */
  readonly to: string | undefined
  readonly tunnel: string
  readonly connections: number
  readonly connectionsTotal: number
  /** From whoever connects, and to them. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** By reason; those that have not happened are not there. */
  readonly errors: Readonly<Record<string, number>>
  readonly http: HttpStatus | undefined
}

export interface HttpStatus {
  readonly requests: number
  /** By status code. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: Histogram
  readonly upstream: { readonly busy: number; readonly idle: number }
}

export interface Histogram {
  readonly bounds: readonly number[]
  /** One more than bounds. Not cumulative. */
  readonly counts: readonly number[]
  readonly sum: number
}

export interface MemoryStatus {
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly externalBytes: number
  readonly bufferUsedBytes: number
  readonly bufferFreeBytes: number
}

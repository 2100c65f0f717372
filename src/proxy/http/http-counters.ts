/** What is counted for a route: numbers that only grow, each with a name, cheap to add to. Metrics are made of them. */
import type { HttpFailure } from './http-failure.ts'

/** Upper bounds of the durations of requests; one more bucket takes the rest. */
export const DURATION_BOUNDS_MS = [1, 5, 25, 100, 250, 500, 1000, 2500, 10_000, 60_000, 300_000] as const
const STATUSES = 600

export class HttpCounters {
  clientConnections = 0
  requests = 0
  /** Of bodies. */
  receivedBytes = 0
  sentBytes = 0
  upgrades = 0
  /** Requests sent on a kept connection, and connections that had to be made. */
  poolHits = 0
  dials = 0
  retries = 0
  /** Requests that had to wait for a connection in use by another. */
  waited = 0
  /** Kept connections that the target closed while nothing was going on. */
  upstreamIdleCloses = 0
  durationSumMs = 0
  readonly durations = new Float64Array(DURATION_BOUNDS_MS.length + 1)
  /** By status as the client saw it; 0: none was sent. */
  readonly statuses = new Float64Array(STATUSES)
  /** By what went wrong. */
  readonly failures: Partial<Record<HttpFailure, number>> = {}

  answered(status: number, durationMs: number): void {
    let bucket = 0
    while (bucket < DURATION_BOUNDS_MS.length && durationMs > DURATION_BOUNDS_MS[bucket]!) bucket++
    this.durations[bucket] = this.durations[bucket]! + 1
    this.durationSumMs += durationMs
    this.statuses[status] = this.statuses[status]! + 1
  }

  failed(failure: HttpFailure): void {
    this.failures[failure] = (this.failures[failure] ?? 0) + 1
  }

  /** 1xx to 5xx, and what got no answer at all. */
  statusClasses(): Readonly<Record<'none' | '1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>> {
    const sum = (from: number): number => this.statuses.subarray(from, from + 100).reduce((a, b) => a + b, 0)
    return {
      none: sum(0),
      '1xx': sum(100),
      '2xx': sum(200),
      '3xx': sum(300),
      '4xx': sum(400),
      '5xx': sum(500),
    }
  }
}

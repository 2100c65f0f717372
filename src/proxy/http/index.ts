/** The HTTP proxy of a route: what it is told, what it does, what it counts. */
export type { AccessEntry } from './access-entry.ts'
export { DURATION_BOUNDS_MS, HttpCounters } from './http-counters.ts'
export { FAILURES, type FailureKind, type HttpFailure, statusOf, textOfFailure } from './http-failure.ts'
export { HttpProxy, type HttpProxyOptions, type HttpProxyStatus } from './http-proxy.ts'
export {
  DEFAULT_HTTP_LIMITS,
  DEFAULT_HTTP_TIMEOUTS,
  type HttpLimits,
  type HttpRoute,
  httpRoute,
  type HttpTimeouts,
} from './http-route.ts'

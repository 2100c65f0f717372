/** An entry of `http` → what the HTTP proxy is told. Seconds become milliseconds; what is not said is its default. */
import {
  DEFAULT_HTTP_LIMITS,
  DEFAULT_HTTP_TIMEOUTS,
  type HttpLimits,
  type HttpRoute,
  httpRoute,
  type HttpTimeouts,
} from '../http/http-route.ts'
import type { HttpSpec } from './proxy-spec.ts'
import type { TargetUrl } from './target-url.ts'

/** In files they are called after what they are for. */
const TIMEOUT_NAMES = {
  requestHeadMs: 'requestHeadSeconds',
  clientIdleMs: 'clientIdleSeconds',
  queueMs: 'queueSeconds',
  dialMs: 'connectSeconds',
  responseHeadMs: 'responseHeadSeconds',
  requestBodyIdleMs: 'requestBodyIdleSeconds',
  responseBodyIdleMs: 'responseBodyIdleSeconds',
  upstreamIdleMs: 'upstreamIdleSeconds',
  upgradedIdleMs: 'upgradedIdleSeconds',
  requestMs: 'requestSeconds',
} as const satisfies Partial<Record<keyof HttpTimeouts, string>>

export function routeOf(
  entry: HttpSpec,
  { target, hostHeader }: { readonly target: TargetUrl; readonly hostHeader: HttpRoute['hostHeader'] },
): HttpRoute {
  const { scheme: targetScheme, host, port, basePath, query } = target
  const { forwarded = false, trustForwarded = false, via, limits = {}, timeouts = {} } = entry
  return httpRoute({
    ...{ targetScheme, host, port, basePath, query, hostHeader },
    clientScheme: entry.tls === undefined ? 'http' : 'https',
    ...{ forwarded, trustForwarded, via },
    limits: limitsOf(limits),
    timeouts: timeoutsOf(timeouts),
  })
}

function limitsOf(given: NonNullable<HttpSpec['limits']>): HttpLimits {
  const defaults = Object.entries(DEFAULT_HTTP_LIMITS) as [keyof HttpLimits, number][]
  return Object.fromEntries(
    defaults.map(([name, value]) => [name, given[name] ?? value]),
  ) as unknown as HttpLimits
}

function timeoutsOf(given: NonNullable<HttpSpec['timeouts']>): Partial<HttpTimeouts> {
  const names = Object.entries(TIMEOUT_NAMES) as [keyof typeof TIMEOUT_NAMES, string][]
  return Object.fromEntries(
    names.map(([name, inFile]) => {
      const seconds = given[inFile]
      return [name, seconds === undefined ? DEFAULT_HTTP_TIMEOUTS[name] : Math.round(seconds * 1000)]
    }),
  )
}

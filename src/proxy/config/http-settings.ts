/** An entry of `http` in a file → what the HTTP proxy is told. Seconds become milliseconds; nothing is decided here. */
import { type HttpRoute, httpRoute, type HttpTimeouts } from '../http/http-route.ts'
import type { HttpSpec } from './schema.ts'
import type { TargetUrl } from './target-url.ts'

export function routeOf(
  entry: HttpSpec,
  { target, hostHeader }: { readonly target: TargetUrl; readonly hostHeader: HttpRoute['hostHeader'] },
): HttpRoute {
  const { scheme: targetScheme, host, port, basePath, query } = target
  const { forwarded, trustForwarded, via, limits } = entry
  const { bodyBytes = Number.POSITIVE_INFINITY, requestsPerConnection = Number.POSITIVE_INFINITY } = limits
  return httpRoute({
    ...{ targetScheme, host, port, basePath, query, hostHeader },
    clientScheme: entry.tls === undefined ? 'http' : 'https',
    ...{ forwarded, trustForwarded, via },
    limits: { ...limits, bodyBytes, requestsPerConnection },
    timeouts: timeoutsOf(entry.timeouts),
  })
}

function timeoutsOf(seconds: HttpSpec['timeouts']): Partial<HttpTimeouts> {
  const ms = (value: number) => Math.round(value * 1000)
  return {
    requestHeadMs: ms(seconds.requestHeadSeconds),
    clientIdleMs: ms(seconds.clientIdleSeconds),
    queueMs: ms(seconds.queueSeconds),
    dialMs: ms(seconds.connectSeconds),
    responseHeadMs: ms(seconds.responseHeadSeconds),
    requestBodyIdleMs: ms(seconds.requestBodyIdleSeconds),
    responseBodyIdleMs: ms(seconds.responseBodyIdleSeconds),
    upstreamIdleMs: ms(seconds.upstreamIdleSeconds),
    upgradedIdleMs: ms(seconds.upgradedIdleSeconds),
    requestMs: ms(seconds.requestSeconds ?? 0),
  }
}

/** What one HTTP route is told: where requests go, what is refused, and how long is waited for what. Plain data. */

export interface HttpRoute {
  readonly targetScheme: 'http' | 'https'
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** As of a URL, percent-encoded; '' or with a slash at its start. */
  readonly basePath: string
  /** Without its question mark. */
  readonly query: string
  /** What `Host` says behind us: the client's, the target's, or this one. */
  readonly hostHeader: 'pass' | 'rewrite' | { readonly name: string }
  /** How clients reach us; for X-Forwarded-Proto. */
  readonly clientScheme: 'http' | 'https'
  /** X-Forwarded-Host and -Proto of clients stay: they are proxies that one trusts. */
  readonly trustForwarded: boolean
  /** Also the standard's own field (RFC 7239). */
  readonly forwarded: boolean
  /** Our name in Via; undefined: no Via. */
  readonly via: string | undefined
  /** A client that ends its direction while it waits for an answer: gone, or served to the end. */
  readonly halfClosed: 'abort' | 'serve'
  readonly limits: HttpLimits
  readonly timeouts: HttpTimeouts
}

export interface HttpLimits {
  readonly requestLineBytes: number
  /** A head, of a request or an answer, or what follows a body. */
  readonly headBytes: number
  readonly fields: number
  /** Of a request; Infinity: none. */
  readonly bodyBytes: number
  readonly clients: number
  /** At once; the next ones get a 503. */
  readonly requests: number
  /** Of one client's connection; then it is closed. */
  readonly requestsPerConnection: number
  readonly upstreamConnections: number
  readonly idleUpstreamConnections: number
  /** Requests that wait for a connection. */
  readonly waiting: number
}

/** Milliseconds, each. They pass a little late, by a tick of the wheel at most. */
export interface HttpTimeouts {
  /** From the first byte of a request, or from the connection, to the end of the head: 408. */
  readonly requestHeadMs: number
  /** Between two requests of one client: closed. */
  readonly clientIdleMs: number
  /** For a connection to become free when no more may be opened: 503. */
  readonly queueMs: number
  /** To reach the target: 504. */
  readonly dialMs: number
  /** From the end of a request to the head of its answer: 504. */
  readonly responseHeadMs: number
  /** Without a byte of a body that the client sends (408) or the target takes (504). */
  readonly requestBodyIdleMs: number
  /** Without a byte of a body that the target sends or the client takes: cut. */
  readonly responseBodyIdleMs: number
  readonly upstreamIdleMs: number
  /** Of an upgraded connection without a byte. */
  readonly upgradedIdleMs: number
  /** A whole request, whatever it is doing; 0: as long as it takes. */
  readonly requestMs: number
  /** For a client to take notice that we have closed. */
  readonly lingerMs: number
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  requestLineBytes: 16 * 1024,
  headBytes: 64 * 1024,
  fields: 128,
  bodyBytes: Number.POSITIVE_INFINITY,
  clients: 65_536,
  requests: 65_536,
  requestsPerConnection: Number.POSITIVE_INFINITY,
  upstreamConnections: 1024,
  idleUpstreamConnections: 256,
  waiting: 4096,
}

export const DEFAULT_HTTP_TIMEOUTS: HttpTimeouts = {
  requestHeadMs: 30_000,
  clientIdleMs: 120_000,
  queueMs: 10_000,
  dialMs: 10_000,
  responseHeadMs: 300_000,
  requestBodyIdleMs: 300_000,
  responseBodyIdleMs: 300_000,
  upstreamIdleMs: 90_000,
  upgradedIdleMs: 3_600_000,
  requestMs: 0,
  lingerMs: 2_000,
}

type Where = Pick<HttpRoute, 'host' | 'port'>
type Partly = Partial<Omit<HttpRoute, 'limits' | 'timeouts' | keyof Where>>

/** A route with defaults for all that is not said. */
export function httpRoute({
  limits,
  timeouts,
  ...rest
}: Where & Partly & { limits?: Partial<HttpLimits>; timeouts?: Partial<HttpTimeouts> }): HttpRoute {
  return {
    targetScheme: 'http',
    basePath: '',
    query: '',
    hostHeader: 'pass',
    clientScheme: 'http',
    trustForwarded: false,
    forwarded: false,
    via: undefined,
    halfClosed: 'abort',
    ...rest,
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
    timeouts: { ...DEFAULT_HTTP_TIMEOUTS, ...timeouts },
  }
}

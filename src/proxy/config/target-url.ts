/**
 * The target of an HTTP route: a URL of which the scheme, the host, the path (put before every request's own) and the
 * query (put before every request's own) count, as Go's NewSingleHostReverseProxy has it. An unknown scheme is found
 * here, long before anything is opened.
 */
import { formatEndpoint } from '../../protocols/wireguard/formats/index.ts'
import { parseHostPort } from './listen-at.ts'

export interface TargetUrl {
  readonly scheme: 'http' | 'https'
  /** An address without brackets, or a name. */
  readonly host: string
  readonly port: number
  /** Percent-encoded as it goes out; without the last slash, so `/` is empty. */
  readonly basePath: string
  /** Without the question mark; empty: none. */
  readonly query: string
}

export type ParsedTarget =
  | { readonly kind: 'target'; readonly target: TargetUrl; readonly unsent: readonly string[] }
  | { readonly kind: 'scheme'; readonly scheme: string }
  | { readonly kind: 'malformed'; readonly why: string; readonly hint: string }

const MAX_URL = 8192
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

export function parseTargetUrl(text: string): ParsedTarget {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return withoutScheme(text)
  if (scheme !== 'http' && scheme !== 'https') return { kind: 'scheme', scheme }
  if (text.length > MAX_URL) return malformed('longer than 8192 characters')
  if (/[\s\p{C}]/u.test(text)) return malformed('it has blanks or control characters')
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return malformed('not a URL')
  }
  const port = url.port === '' ? (PORTS[scheme] ?? 0) : Number(url.port)
  const host = parseHostPort(`${url.hostname}:1`)?.host
  if (host === undefined || port === 0) return malformed('its host or its port is malformed')
  const unsent = [
    ...(url.username === '' && url.password === '' ? [] : ['the user and the password']),
    ...(url.hash === '' ? [] : ['the fragment']),
  ]
  const basePath = url.pathname.replace(/\/+$/, '')
  return { kind: 'target', target: { scheme, host, port, basePath, query: url.search.slice(1) }, unsent }
}

/** `http://ollama.internal/base`, without the port that goes without saying. */
export function formatTargetUrl({ scheme, host, port, basePath, query }: TargetUrl): string {
  const place = formatEndpoint({ host, port })
  const authority = port === PORTS[scheme] ? place.slice(0, place.lastIndexOf(':')) : place
  return `${scheme}://${authority}${basePath}${query === '' ? '' : `?${query}`}`
}

function withoutScheme(text: string): ParsedTarget {
  const scheme = /^([a-z][a-z0-9+.-]*):(?!\d+(?:\/|$))/i.exec(text)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return { kind: 'scheme', scheme }
  const host = /^[\w.[\]:-]{1,253}/.exec(text)?.[0] ?? 'ollama.internal'
  return { kind: 'malformed', why: 'a URL begins with http:// or https://', hint: `Write http://${host}.` }
}

const malformed = (why: string): ParsedTarget => ({
  kind: 'malformed',
  why,
  hint: 'Write http://HOST, http://HOST:PORT or http://HOST:PORT/BASE, IPv6 in brackets.',
})

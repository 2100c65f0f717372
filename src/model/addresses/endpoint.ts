/**
 * Where a peer is met: a host (address or DNS name, RFC 1123 §2.1) and, if given, a port. IPv6 addresses stand
 * in brackets before a port (RFC 3986 §3.2.2), and may stand bare without one.
 */
import { formatAddress, parseAddress } from './address.ts'
import { remember } from './remember.ts'

export interface Endpoint {
  /** Canonical address, or a DNS name in lower case. */
  readonly host: string
  readonly port: number | undefined
}

const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?\.?$/i

export const parseEndpoint = remember((text: string): Endpoint | undefined => {
  const bare = parseAddress(text)
  if (bare !== undefined) return { host: formatAddress(bare), port: undefined }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port < 1 || port > 65535)) return undefined
  const host = match[1] === undefined ? parseHost(match[2] ?? '') : parseBracketed(match[1])
  return host === undefined ? undefined : { host, port }
})

function parseBracketed(text: string): string | undefined {
  const address = parseAddress(text)
  return address?.family === 6 ? formatAddress(address) : undefined
}

function parseHost(text: string): string | undefined {
  const address = parseAddress(text)
  if (address !== undefined) return formatAddress(address)
  // All digits and dots is a mistyped address, not a name: no top-level domain is a number.
  if (/^[\d.]+$/.test(text) || !DNS_NAME.test(text)) return undefined
  return text.toLowerCase()
}

export const formatEndpoint = (endpoint: { readonly host: string; readonly port: number }): string =>
  endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`

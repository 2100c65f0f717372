/**
 * Addresses as people write them for a proxy: where to listen (`:8080`, `127.0.0.1:8080`, `[::1]:8080`,
 * `localhost:8080`), and where to go (`db.internal:5432`).
 */
import { formatEndpoint, parseEndpoint } from '../../protocols/wireguard/formats/index.ts'

export interface ListenAt {
  /** An address, a name of this machine, or empty: all of its addresses, of both families. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

export interface HostPort {
  /** An address without brackets, or a name. */
  readonly host: string
  readonly port: number
}

/** The names that Go's net.Listen knows for the ports of this trade. */
const SERVICES: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** A port alone is refused: whether it meant every address or one is not for us to guess. */
export function parseListen(text: string): ListenAt | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return undefined
  const port = parsePort(text.slice(colon + 1))
  const host = text.slice(0, colon)
  if (port === undefined) return undefined
  if (host === '' || host === '*') return { host: '', port }
  const parsed = parseHostPort(`${host}:1`)
  return parsed === undefined ? undefined : { host: parsed.host, port }
}

export function parseHostPort(text: string): HostPort | undefined {
  const parsed = parseEndpoint(text)
  // A zone names a link of one machine, and behind a tunnel there are none.
  if (parsed === undefined || parsed.host.includes('%')) return undefined
  return { host: parsed.host.toLowerCase(), port: parsed.port }
}

/** One text for one place, whichever way it was written. */
export function formatListen({ host, port }: ListenAt): string {
  return host === '' ? `:${port}` : formatEndpoint({ host, port })
}

/** Only programs on this machine get there. */
export function isLoopback({ host }: { readonly host: string }): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Whether the second could not be opened beside the first. Port 0 is another one each time. */
export function collides(a: ListenAt, b: ListenAt): boolean {
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || isEverywhere(a) || isEverywhere(b)
}

const isEverywhere = ({ host }: ListenAt): boolean => ['', '::', '0.0.0.0'].includes(host)

function parsePort(text: string): number | undefined {
  if (Object.hasOwn(SERVICES, text)) return SERVICES[text]
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined
}

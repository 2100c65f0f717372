/**
 * What a proxy is to be, with nothing left to look up: files are read, names of tunnels hold, defaults are in. Plain
 * data that compares by value, so that a reload can tell what differs; secrets do not print.
 */
import type { SecretText } from '../../model/index.ts'
import type { TunnelSettings } from '../../tunnel/index.ts'
import type { HttpRoute } from '../http/http-route.ts'
import type { HostPort, ListenAt } from './listen-at.ts'
import type { TargetUrl } from './target-url.ts'

export interface ProxyConfig {
  readonly name: string
  readonly tunnels: readonly TunnelEntry[]
  readonly http: readonly HttpEntry[]
  readonly tcp: readonly ForwardEntry[]
  readonly udp: readonly ForwardEntry[]
  readonly publish: readonly PublishEntry[]
  readonly socks: readonly SocksEntry[]
  readonly operations: OperationsEntry
  readonly drainMs: number
  /** Every file that was read, to be watched. */
  readonly files: readonly string[]
}

export interface TunnelEntry {
  readonly name: string
  readonly file: string
  readonly settings: TunnelSettings
  /** Of the file's bytes: settings hide their keys from a comparison. */
  readonly digest: string
}

interface Listening {
  readonly listen: ListenAt
  /** Name of an entry of `tunnels`. */
  readonly tunnel: string
}

export interface HttpEntry extends Listening {
  readonly target: TargetUrl
  readonly route: HttpRoute
  readonly tls: ServerTlsFiles | undefined
  readonly targetTls: TargetTlsFiles | undefined
}

export interface ServerTlsFiles {
  readonly cert: string
  readonly key: SecretText
  readonly digest: string
}

export interface TargetTlsFiles {
  readonly ca: string | undefined
  readonly serverName: string | undefined
}

export interface ForwardEntry extends Listening {
  readonly to: HostPort
  readonly idleMs: number | undefined
}

export interface PublishEntry {
  readonly port: number
  readonly to: HostPort
  readonly tunnel: string
}

export interface SocksEntry extends Listening {
  readonly users: readonly SocksUser[] | undefined
  readonly digest: string
}

export interface SocksUser {
  readonly name: string
  readonly password: SecretText
}

export interface OperationsEntry {
  readonly listen: ListenAt | undefined
  readonly probe: 'connect' | { readonly path: string } | undefined
  readonly probeMs: number
  readonly accessLog: 'none' | 'text' | 'json' | undefined
  readonly statusSocket: string | undefined
}

/**
 * What is said of a proxy, before its words are looked at: by a TunnelProxy file, whose schema (schema.ts) gives this, or
 * by flags, which are put into the same form and need no schema: a proxy that three variables configure loads none.
 */
export interface ProxySpec {
  readonly tunnels: readonly TunnelSpec[]
  readonly http: readonly HttpSpec[]
  readonly tcp: readonly ForwardSpec[]
  readonly udp: readonly ForwardSpec[]
  readonly publish: readonly PublishSpec[]
  readonly socks: readonly SocksSpec[]
  readonly operations: OperationsSpec
  readonly drainSeconds: number
}

export interface TunnelSpec {
  readonly name: string
  readonly config: string
}

interface Routed {
  readonly tunnel?: string | undefined
}

export interface HttpSpec extends Routed {
  readonly listen: string
  readonly to: string
  readonly host?: string | undefined
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly targetTls?:
    | { readonly ca?: string | undefined; readonly serverName?: string | undefined }
    | undefined
  readonly forwarded?: boolean
  readonly trustForwarded?: boolean
  readonly via?: string | undefined
  /** Named as in HttpLimits. */
  readonly limits?: Readonly<Record<string, number | undefined>>
  readonly timeouts?: Readonly<Record<string, number | undefined>>
}

export interface ForwardSpec extends Routed {
  readonly listen: string
  readonly to: string
  readonly idleSeconds?: number | undefined
}

export interface PublishSpec extends Routed {
  readonly port: number
  readonly to: string
}

export interface SocksSpec extends Routed {
  readonly listen: string
  readonly users?: readonly { readonly name: string; readonly passwordFile: string }[] | undefined
}

export interface OperationsSpec {
  readonly listen?: string | undefined
  readonly probe?: string | undefined
  readonly probeSeconds?: number | undefined
  readonly accessLog?: 'none' | 'text' | 'json' | undefined
  readonly statusSocket?: string | undefined
}

export const DEFAULT_DRAIN_SECONDS = 30

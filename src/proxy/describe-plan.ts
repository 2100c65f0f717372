/** What a configuration would do, for `--check`: nothing is opened for it, and no secret is in it. Pure. */
import { formatEndpoint } from '../protocols/wireguard/formats/index.ts'
import { formatListen } from './config/listen-at.ts'
import type { HttpEntry, ProxyConfig } from './config/proxy-config.ts'
import { formatTargetUrl } from './config/target-url.ts'
import type { RouteKind } from './operations/status.ts'

export interface PlannedProxy {
  readonly name: string
  readonly tunnels: readonly PlannedTunnel[]
  readonly routes: readonly PlannedRoute[]
  readonly operations: { readonly listen: string | null; readonly probe: string | null }
  readonly drainSeconds: number
}

export interface PlannedTunnel {
  readonly name: string
  readonly config: string
  readonly addresses: readonly string[]
  readonly dns: readonly string[]
  readonly mtu: number
  readonly peers: readonly {
    readonly publicKey: string
    readonly endpoint: string | null
    readonly allowedIPs: readonly string[]
  }[]
}

export interface PlannedRoute {
  readonly kind: RouteKind
  /** On this machine; `TUNNEL:PORT`, inside of it, for `publish`. */
  readonly listen: string
  readonly to: string | null
  readonly tunnel: string
  /** `tls`, `host rewrite`, `2 users`. */
  readonly notes: readonly string[]
}

export function describePlan(config: ProxyConfig): PlannedProxy {
  const { name, tunnels, operations, drainMs } = config
  const { listen, probe } = operations
  return {
    name,
    tunnels: tunnels.map(({ name, file, settings }) => ({
      name,
      config: file,
      addresses: settings.addresses,
      dns: settings.dns,
      mtu: settings.mtuBytes,
      peers: settings.peers.map(({ publicKey, endpoint, allowedIPs }) => ({
        publicKey,
        endpoint: endpoint === undefined ? null : formatEndpoint(endpoint),
        allowedIPs,
      })),
    })),
    routes: routesOf(config),
    operations: {
      listen: listen === undefined ? null : formatListen(listen),
      probe: probe === undefined ? null : probe === 'connect' ? probe : probe.path,
    },
    drainSeconds: drainMs / 1000,
  }
}

function routesOf({ http, tcp, udp, publish, socks }: ProxyConfig): PlannedRoute[] {
  return [
    ...http.map((entry) => ({
      ...{ kind: 'http' as const, listen: formatListen(entry.listen), to: formatTargetUrl(entry.target) },
      ...{ tunnel: entry.tunnel, notes: httpNotes(entry) },
    })),
    ...tcp.map(({ listen, to, tunnel }) => ({
      ...{ kind: 'tcp' as const, listen: formatListen(listen), to: formatEndpoint(to), tunnel, notes: [] },
    })),
    ...udp.map(({ listen, to, tunnel }) => ({
      ...{ kind: 'udp' as const, listen: formatListen(listen), to: formatEndpoint(to), tunnel, notes: [] },
    })),
    ...publish.map(({ port, to, tunnel }) => ({
      ...{ kind: 'publish' as const, listen: `${tunnel}:${port}`, to: formatEndpoint(to), tunnel, notes: [] },
    })),
    ...socks.map(({ listen, tunnel, users }) => ({
      ...{ kind: 'socks' as const, listen: formatListen(listen), to: null, tunnel },
      notes: users === undefined ? [] : [`${users.length} user${users.length === 1 ? '' : 's'}`],
    })),
  ]
}

function httpNotes({ route: { hostHeader }, tls, targetTls }: HttpEntry): string[] {
  return [
    ...(tls === undefined ? [] : ['tls']),
    ...(hostHeader === 'pass' ? [] : [`host ${hostHeader === 'rewrite' ? hostHeader : hostHeader.name}`]),
    ...(targetTls?.ca === undefined ? [] : ['own ca']),
  ]
}

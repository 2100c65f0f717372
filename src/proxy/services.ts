/**
 * A configuration as a flat list of services, each with a key (the socket that it needs) and a fingerprint (everything
 * that makes it what it is). Two configurations are compared by these. Pure.
 */
import { formatListen, type ListenAt } from './config/listen-at.ts'
import type {
  ForwardEntry,
  HttpEntry,
  OperationsEntry,
  ProxyConfig,
  PublishEntry,
  SocksEntry,
} from './config/proxy-config.ts'

export type Service =
  | { readonly kind: 'http'; readonly entry: HttpEntry; readonly accessLog: OperationsEntry['accessLog'] }
  | { readonly kind: 'tcp'; readonly entry: ForwardEntry }
  | { readonly kind: 'udp'; readonly entry: ForwardEntry }
  | { readonly kind: 'publish'; readonly entry: PublishEntry }
  | { readonly kind: 'socks'; readonly entry: SocksEntry }
  | { readonly kind: 'operations'; readonly entry: { readonly listen: ListenAt } }

export type KeyedService = Service & {
  /** `tcp :8080`, `udp 127.0.0.1:53`, `inside fly:8080`. */
  readonly key: string
  readonly fingerprint: string
}

export function servicesOf(config: ProxyConfig): readonly KeyedService[] {
  const { http, tcp, udp, publish, socks, operations } = config
  const services: readonly Service[] = [
    ...(operations.listen === undefined
      ? []
      : [{ kind: 'operations', entry: { listen: operations.listen } } as const]),
    ...http.map((entry) => ({ kind: 'http', entry, accessLog: operations.accessLog }) as const),
    ...tcp.map((entry) => ({ kind: 'tcp', entry }) as const),
    ...udp.map((entry) => ({ kind: 'udp', entry }) as const),
    ...publish.map((entry) => ({ kind: 'publish', entry }) as const),
    ...socks.map((entry) => ({ kind: 'socks', entry }) as const),
  ]
  return services.map((service) => ({
    ...service,
    key: keyOfEntry(service),
    // Secrets print as a placeholder, and their digests stand beside them.
    fingerprint: JSON.stringify(service),
  }))
}

export function keyOfEntry(service: Service): string {
  switch (service.kind) {
    case 'publish':
      return `inside ${service.entry.tunnel}:${service.entry.port}`
    case 'udp':
      return `udp ${formatListen(service.entry.listen)}`
    case 'http':
    case 'tcp':
    case 'socks':
    case 'operations':
      return `tcp ${formatListen(service.entry.listen)}`
  }
}

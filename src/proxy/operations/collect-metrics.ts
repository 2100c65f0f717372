/** A status and a few figures of the process → the text of /metrics. */
import { Exposition } from './exposition.ts'
import type { ProxyStatus, RouteStatus } from './status.ts'
import type { TunnelStatus } from '../../tunnel/index.ts'

export interface ProcessFigures {
  readonly cpuSeconds: number
  readonly eventLoopActiveSeconds: number
  readonly eventLoopIdleSeconds: number
  readonly accessLogDropped: number
  readonly acceptPauses: number
}

export function formatMetrics(status: ProxyStatus, figures: ProcessFigures): string {
  const out = new Exposition()
  out.add('warren_proxy_info', 1, { version: status.version, engine: status.engine })
  out.add('warren_proxy_start_time_seconds', status.startedAtMs / 1000)
  out.add('warren_proxy_ready', status.ready ? 1 : 0)
  const { applied, unchanged, refused } = status.configuration
  for (const [result, count] of Object.entries({ applied, unchanged, refused }))
    out.add('warren_proxy_reloads_total', count, { result })
  for (const route of status.routes) addRoute(out, route)
  for (const tunnel of status.tunnels) addTunnel(out, tunnel)
  out.add('warren_proxy_accept_pauses_total', figures.acceptPauses)
  const { memory } = status
  out.add('warren_proxy_buffer_bytes', memory.bufferUsedBytes, { state: 'used' })
  out.add('warren_proxy_buffer_bytes', memory.bufferFreeBytes, { state: 'free' })
  out.add('warren_proxy_access_log_dropped_total', figures.accessLogDropped)
  out.add('warren_proxy_event_loop_seconds_total', figures.eventLoopActiveSeconds, { state: 'active' })
  out.add('warren_proxy_event_loop_seconds_total', figures.eventLoopIdleSeconds, { state: 'idle' })
  out.add('process_cpu_seconds_total', figures.cpuSeconds)
  out.add('process_resident_memory_bytes', memory.residentBytes)
  out.add('nodejs_heap_size_used_bytes', memory.heapUsedBytes)
  out.add('nodejs_external_memory_bytes', memory.externalBytes)
  return out.text()
}

function addRoute(out: Exposition, route: RouteStatus): void {
  const labels = { kind: route.kind, route: route.listen }
  out.add('warren_proxy_connections', route.connections, labels)
  out.add('warren_proxy_connections_total', route.connectionsTotal, labels)
  out.add('warren_proxy_bytes_total', route.receivedBytes, { ...labels, direction: 'received' })
  out.add('warren_proxy_bytes_total', route.sentBytes, { ...labels, direction: 'sent' })
  for (const [reason, count] of Object.entries(route.errors))
    out.add('warren_proxy_errors_total', count, { ...labels, reason })
  const { http } = route
  if (http === undefined) return
  for (const [code, count] of Object.entries(http.answers))
    out.add('warren_proxy_http_requests_total', count, { route: route.listen, code })
  out.addHistogram('warren_proxy_http_request_seconds', { route: route.listen }, http.seconds)
  for (const [state, count] of Object.entries(http.upstream))
    out.add('warren_proxy_http_upstream_connections', count, { route: route.listen, state })
}

function addTunnel(out: Exposition, { name, peers, connections, counters }: TunnelStatus): void {
  for (const peer of peers) {
    const labels = { tunnel: name, peer: peer.publicKey }
    out.add('warren_proxy_tunnel_peer_up', peer.state === 'up' ? 1 : 0, labels)
    const at = peer.latestHandshakeMs
    out.add('warren_proxy_tunnel_peer_latest_handshake_seconds', at === undefined ? at : at / 1000, labels)
    out.add('warren_proxy_tunnel_peer_bytes_total', peer.rxBytes, { ...labels, direction: 'received' })
    out.add('warren_proxy_tunnel_peer_bytes_total', peer.txBytes, { ...labels, direction: 'sent' })
  }
  out.add('warren_proxy_tunnel_connections', connections, { tunnel: name })
  for (const [event, count] of Object.entries(counters))
    out.add('warren_proxy_tunnel_events_total', count, { tunnel: name, event })
}

/**
 * Every metric by name, with what docs/reference/proxy.md and the HELP line say of it. `_total` counts up from the start
 * of the process (or of the route, which a reload may begin anew); the rest are values of now.
 */
export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

export const METRICS = {
  warren_proxy_info: {
    type: 'gauge',
    help: 'Always 1; the labels say which version runs on which engine.',
    labels: ['version', 'engine'],
  },
  warren_proxy_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, since the epoch.',
    labels: [],
  },
  warren_proxy_ready: { type: 'gauge', help: 'Whether /readyz answers 200 now.', labels: [] },
  warren_proxy_reloads_total: {
    type: 'counter',
    help: 'Configurations read again, by what came of it: applied, unchanged or refused.',
    labels: ['result'],
  },
  warren_proxy_connections: {
    type: 'gauge',
    help: 'Connections and UDP flows that a route has now.',
    labels: ['kind', 'route'],
  },
  warren_proxy_connections_total: {
    type: 'counter',
    help: 'Connections and UDP flows that a route has had.',
    labels: ['kind', 'route'],
  },
  warren_proxy_bytes_total: {
    type: 'counter',
    help: 'Bytes of payload, as seen from whoever connects: sent into the route or received from it.',
    labels: ['kind', 'route', 'direction'],
  },
  warren_proxy_errors_total: {
    type: 'counter',
    help: 'What went wrong on a route, by its reason.',
    labels: ['kind', 'route', 'reason'],
  },
  warren_proxy_http_requests_total: {
    type: 'counter',
    help: 'Requests answered, by the status of the answer.',
    labels: ['route', 'code'],
  },
  warren_proxy_http_request_seconds: {
    type: 'histogram',
    help: 'From the head of a request to the last byte of its answer.',
    labels: ['route', 'le'],
  },
  warren_proxy_http_upstream_connections: {
    type: 'gauge',
    help: 'Connections to the target of a route, by state: busy or idle.',
    labels: ['route', 'state'],
  },
  warren_proxy_tunnel_peer_up: {
    type: 'gauge',
    help: 'Whether the peer answered the last handshake that was tried.',
    labels: ['tunnel', 'peer'],
  },
  warren_proxy_tunnel_peer_latest_handshake_seconds: {
    type: 'gauge',
    help: 'Time of the latest handshake, since the epoch; absent before the first.',
    labels: ['tunnel', 'peer'],
  },
  warren_proxy_tunnel_peer_bytes_total: {
    type: 'counter',
    help: 'Bytes of WireGuard transport, with its overhead.',
    labels: ['tunnel', 'peer', 'direction'],
  },
  warren_proxy_tunnel_connections: {
    type: 'gauge',
    help: 'TCP connections inside the tunnel.',
    labels: ['tunnel'],
  },
  warren_proxy_tunnel_events_total: {
    type: 'counter',
    help: 'What the tunnel and its TCP/IP stack count: packets dropped, segments sent again, and so on.',
    labels: ['tunnel', 'event'],
  },
  warren_proxy_accept_pauses_total: {
    type: 'counter',
    help: 'How often accepting had to wait because descriptors or memory ran out.',
    labels: [],
  },
  warren_proxy_buffer_bytes: {
    type: 'gauge',
    help: 'Pages that hold bytes on their way through HTTP routes, by state: used or free.',
    labels: ['state'],
  },
  warren_proxy_access_log_dropped_total: {
    type: 'counter',
    help: 'Lines of the access log that were given up because nobody read them.',
    labels: [],
  },
  warren_proxy_event_loop_seconds_total: {
    type: 'counter',
    help: 'Time that the event loop has spent, by state: active or idle.',
    labels: ['state'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time, user and system.',
    labels: [],
  },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory in use.', labels: [] },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'JavaScript heap in use.', labels: [] },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside of the JavaScript heap that objects hold.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

/** /metrics has what its table promises. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMetrics, type ProcessFigures } from './collect-metrics.ts'
import { type Metric, METRICS } from './metrics.ts'
import type { ProxyStatus } from './status.ts'

const STATUS: ProxyStatus = {
  ...{ name: 'p', version: '1.2.3', pid: 7, engine: 'native', phase: 'running', startedAtMs: 1_000_500 },
  ...{ ready: true, reasons: [] },
  configuration: {
    ...{ generation: 2, appliedAtMs: 0, applied: 1, unchanged: 3, refused: 4, trouble: ['p.yaml:1: no'] },
  },
  tunnels: [
    {
      ...{ name: 'fly', publicKey: 'us', addresses: ['10.0.0.1'], mtuBytes: 1420, dns: [], listenPort: 1 },
      engine: { kind: 'native', aead: 'x', gso: true },
      peers: [
        {
          ...{ publicKey: 'peerpeerpeer', configuredEndpoint: 'gw:51820', endpoint: '192.0.2.1:51820' },
          ...{ latestHandshakeMs: 2500, rxBytes: 10, txBytes: 20, allowedIPs: [], state: 'up' },
          trouble: undefined,
        },
      ],
      ...{ connections: 5, counters: { 'dns-timeouts': 6 } },
    },
  ],
  routes: [
    {
      ...{
        kind: 'http',
        listen: ':8080',
        to: 'http://a',
        tunnel: 'fly',
        connections: 1,
        connectionsTotal: 2,
      },
      ...{ receivedBytes: 3, sentBytes: 4_500_000, errors: { 'dial-timeout': 9, draining: 1 } },
      http: {
        ...{ requests: 12, answers: { '200': 11, none: 1 } },
        seconds: { bounds: [0.1, 1], counts: [1, 2, 3], sum: 4 },
        upstream: { busy: 1, idle: 2 },
      },
    },
    {
      ...{
        kind: 'socks',
        listen: ':1080',
        to: undefined,
        tunnel: 'fly',
        connections: 0,
        connectionsTotal: 0,
      },
      ...{ receivedBytes: 0, sentBytes: 0, errors: {}, http: undefined },
    },
  ],
  memory: {
    ...{
      residentBytes: 80_000_000,
      heapUsedBytes: 1,
      externalBytes: 2,
      bufferUsedBytes: 3,
      bufferFreeBytes: 4,
    },
  },
}

const FIGURES: ProcessFigures = {
  ...{ cpuSeconds: 1.5, eventLoopActiveSeconds: 2, eventLoopIdleSeconds: 3, accessLogDropped: 4 },
  acceptPauses: 5,
}

test('every metric of the table is told, with the labels that the table names and no other', () => {
  const text = formatMetrics(STATUS, FIGURES)
  for (const [name, { labels, type }] of Object.entries<Metric>(METRICS)) {
    const sample = new RegExp(
      `^${name}${type === 'histogram' ? '_bucket' : ''}(?:\\{(.*)\\})? \\S+$`,
      'm',
    ).exec(text)
    assert.ok(sample, `${name} is not told`)
    const told = [...(sample[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label)
    assert.deepEqual(told, labels, name)
  }
  const told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  assert.deepEqual([...told], Object.keys(METRICS))
})

test('times are seconds, and counts are those of the status', () => {
  const text = formatMetrics(STATUS, FIGURES)
  for (const line of [
    'warren_proxy_start_time_seconds 1000.5',
    'warren_proxy_tunnel_peer_latest_handshake_seconds{tunnel="fly",peer="peerpeerpeer"} 2.5',
    'warren_proxy_errors_total{kind="http",route=":8080",reason="dial-timeout"} 9',
    'warren_proxy_http_requests_total{route=":8080",code="none"} 1',
    'warren_proxy_http_request_seconds_bucket{route=":8080",le="+Inf"} 6',
    'warren_proxy_tunnel_events_total{tunnel="fly",event="dns-timeouts"} 6',
  ])
    assert.ok(text.includes(`\n${line}\n`), line)
})

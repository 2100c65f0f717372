/** Ready, or why not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TunnelPeerStatus, TunnelStatus } from '../../tunnel/index.ts'
import { type ProbeResult, readinessOf } from './readiness.ts'

const peer = (state: TunnelPeerStatus['state'], trouble?: string): TunnelPeerStatus => ({
  ...{ publicKey: 'k', configuredEndpoint: 'gw:51820', endpoint: undefined, latestHandshakeMs: undefined },
  ...{ rxBytes: 0, txBytes: 0, allowedIPs: [], state, trouble },
})

const tunnel = (...peers: readonly TunnelPeerStatus[]): TunnelStatus => ({
  ...{ name: 'fly', publicKey: 'p', addresses: [], mtuBytes: 1420, dns: [], listenPort: 1, connections: 0 },
  ...{ engine: { kind: 'plain', aead: 'wasm', gso: false }, peers, counters: {} },
})

const probe = (outcome: ProbeResult['outcome'], why?: string): ProbeResult => ({
  route: ':8080',
  outcome,
  why,
})

const rows = [
  { name: 'one peer of two answered', tunnels: [tunnel(peer('never'), peer('up'))], want: [] },
  {
    name: 'nobody answered yet',
    tunnels: [tunnel(peer('handshaking'))],
    want: ['tunnel fly: no handshake yet'],
  },
  {
    name: 'the name of the peer does not resolve',
    tunnels: [tunnel(peer('never', 'gw does not resolve'))],
    want: ['tunnel fly: no handshake yet; gw does not resolve'],
  },
  {
    name: 'the peer went away',
    tunnels: [tunnel(peer('silent')), tunnel(peer('up'))],
    want: ['tunnel fly: its peer has gone silent'],
  },
  { name: 'a probe is to come', probes: [probe('pending')], want: ['route :8080: not probed yet'] },
  {
    name: 'a probe failed',
    probes: [probe('failed', 'it answers 500')],
    want: ['route :8080: probe failed: it answers 500'],
  },
  { name: 'it is about to end', phase: 'draining', probes: [probe('passed')], want: ['draining'] },
] satisfies {
  name: string
  phase?: 'draining'
  tunnels?: TunnelStatus[]
  probes?: ProbeResult[]
  want: string[]
}[]

for (const { name, want, ...given } of rows)
  test(`readinessOf(): ${name}`, () => {
    const input = { phase: 'running', tunnels: [], probes: [], ...given } as const
    assert.deepEqual(readinessOf(input), { ready: want.length === 0, reasons: want })
  })

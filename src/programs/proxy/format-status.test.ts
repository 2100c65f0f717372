/** A status as a person reads it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProxyStatus } from '../../proxy/index.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatAge, formatBytes, formatStatus } from './format-status.ts'

const STATUS: ProxyStatus = {
  ...{ name: 'p', version: '1.2.3', pid: 7, engine: 'native', phase: 'running', startedAtMs: 0 },
  ...{ ready: false, reasons: ['tunnel dark: no handshake yet'] },
  configuration: {
    ...{ generation: 2, appliedAtMs: 0, applied: 1, unchanged: 3, refused: 4, trouble: ['p.yaml:1: no'] },
  },
  tunnels: [
    {
      ...{ name: 'dark', publicKey: 'us', addresses: [], mtuBytes: 1420, dns: [], listenPort: 1 },
      engine: { kind: 'native', aead: 'x', gso: true },
      peers: [
        {
          ...{ publicKey: 'peerpeerpeer', configuredEndpoint: 'gw:51820', endpoint: undefined },
          ...{ latestHandshakeMs: undefined, rxBytes: 0, txBytes: 592, allowedIPs: [], state: 'handshaking' },
          trouble: 'it does not answer',
        },
      ],
      ...{ connections: 0, counters: {} },
    },
  ],
  routes: [
    {
      ...{
        kind: 'http',
        listen: ':8080',
        to: 'http://a',
        tunnel: 'dark',
        connections: 1,
        connectionsTotal: 2,
      },
      ...{ receivedBytes: 3, sentBytes: 4_500_000, errors: { 'dial-timeout': 9, draining: 1 } },
      http: {
        ...{ requests: 12, answers: {}, upstream: { busy: 0, idle: 0 } },
        seconds: { bounds: [], counts: [0], sum: 0 },
      },
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

test('a status says whether it is ready and why not, then tunnels, routes, and what was refused', () => {
  assert.equal(
    formatStatus(STATUS, { paint: paintFor({ colour: false }), nowMs: 65_000 }),
    `p: not ready
  tunnel dark: no handshake yet
  pid 7, version 1.2.3, native engine, up 65s, 80 MB resident, configuration 2

TUNNEL  PEER       STATE        ENDPOINT  HANDSHAKE  RECEIVED  SENT   CONNECTIONS
dark    peerpeer…  handshaking  gw:51820  never      0 B       592 B  0            it does not answer

ROUTE  LISTEN  TO        TUNNEL  CONNECTIONS  REQUESTS  ERRORS                 RECEIVED  SENT
http   :8080   http://a  dark    1/2          12        10, most dial-timeout  3 B       4.5 MB

the last configuration was refused; the one before it is in force:
  p.yaml:1: no
`,
  )
})

test('ages and sizes are short', () => {
  assert.deepEqual([-1, 119_999, 120_000, 7_200_000, 200_000_000].map(formatAge), [
    '0s',
    '119s',
    '2m',
    '2h',
    '2d',
  ])
  assert.deepEqual([0, 999, 1500, 12_345, 9.9e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.5 kB',
    '12 kB',
    '9900 TB',
  ])
})

/** What a reload has to do: the difference of two configurations, and no more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { httpRoute } from './http/http-route.ts'
import type { ForwardEntry, HttpEntry, ProxyConfig, TunnelEntry } from './config/proxy-config.ts'
import { formatChange, isEmpty, planChange } from './plan-change.ts'
import { servicesOf } from './services.ts'

const tunnel = (name: string, digest = 'a'): TunnelEntry => ({
  ...{ name, digest, file: `/${name}.conf` },
  settings: {
    ...{ name, privateKey: '', listenPort: 0, addresses: [], dns: [], searchDomains: [] },
    ...{ mtuBytes: 1420, peers: [] },
  },
})

const http = (port: number, host = 'a.internal'): HttpEntry => ({
  ...{ listen: { host: '', port }, tunnel: 'fly', tls: undefined, targetTls: undefined },
  target: { scheme: 'http', host, port: 80, basePath: '', query: '' },
  route: httpRoute({ host, port: 80 }),
})

const forward = (port: number): ForwardEntry => ({
  ...{ listen: { host: '', port }, tunnel: 'fly', to: { host: 'db', port: 5432 }, idleMs: undefined },
})

const config = (change: Partial<ProxyConfig> = {}): ProxyConfig => ({
  ...{ name: 'p', tunnels: [tunnel('fly')], http: [], tcp: [], udp: [], publish: [], socks: [] },
  operations: {
    ...{
      listen: undefined,
      probe: undefined,
      probeMs: 10_000,
      accessLog: undefined,
      statusSocket: undefined,
    },
  },
  ...{ drainMs: 30_000, files: [] },
  ...change,
})

const rows = [
  { name: 'nothing', before: { http: [http(1)] }, after: { http: [http(1)] }, want: '' },
  {
    name: 'a route more, a route less',
    before: { http: [http(1)] },
    after: { tcp: [forward(2)] },
    want: '+tcp :2, -:1',
  },
  {
    name: 'another target at the same place',
    before: { http: [http(1), http(2)] },
    after: { http: [http(1, 'b.internal'), http(2)] },
    want: '~http :1',
  },
  {
    name: 'another kind at the same place',
    before: { http: [http(1)] },
    after: { tcp: [forward(1)] },
    want: '~tcp :1',
  },
  {
    name: 'the same port of UDP is another place',
    before: { tcp: [forward(1)] },
    after: { tcp: [forward(1)], udp: [forward(1)] },
    want: '+udp :1',
  },
  {
    name: 'a key that changed, and a tunnel more',
    before: {},
    after: { tunnels: [tunnel('fly', 'b'), tunnel('home')] },
    want: '+tunnel home, ~tunnel fly',
  },
  {
    name: 'a tunnel less',
    before: { tunnels: [tunnel('fly'), tunnel('home')] },
    after: {},
    want: '-tunnel home',
  },
  { name: 'the time to drain', before: {}, after: { drainMs: 1 }, want: '~operations' },
] satisfies { name: string; before: Partial<ProxyConfig>; after: Partial<ProxyConfig>; want: string }[]

for (const { name, before, after, want } of rows)
  test(`planChange(): ${name}`, () => {
    const change = planChange(config(before), config(after))
    assert.equal(formatChange(change), want)
    assert.equal(isEmpty(change), want === '')
  })

test('at the start everything is new', () => {
  const change = planChange(
    undefined,
    config({ http: [http(1)], publish: [{ port: 9, to: { host: 'l', port: 1 }, tunnel: 'fly' }] }),
  )
  assert.equal(formatChange(change), '+tunnel fly, +http :1, +publish fly:9, ~operations')
})

test('planChange() takes any configuration to any other, and touches nothing that is in both', () => {
  const entries = fc.uniqueArray(
    fc.record({ port: fc.integer({ min: 1, max: 6 }), kind: fc.integer({ min: 0, max: 3 }) }),
    {
      selector: ({ port }) => port,
    },
  )
  const made = entries.map((all) =>
    config({
      http: all.filter(({ kind }) => kind < 2).map(({ port, kind }) => http(port, kind === 0 ? 'a' : 'b')),
      tcp: all.filter(({ kind }) => kind === 2).map(({ port }) => forward(port)),
      udp: all.filter(({ kind }) => kind === 3).map(({ port }) => forward(port)),
    }),
  )
  fc.assert(
    fc.property(made, made, (before, after) => {
      const { services } = planChange(before, after)
      const there = new Map(servicesOf(before).map(({ key, fingerprint }) => [key, fingerprint]))
      for (const key of services.remove) assert.ok(there.delete(key))
      for (const { key, fingerprint } of services.change) {
        assert.notEqual(there.get(key), fingerprint)
        there.set(key, fingerprint)
      }
      for (const { key, fingerprint } of services.add) {
        assert.ok(!there.has(key))
        there.set(key, fingerprint)
      }
      const wanted = new Map(servicesOf(after).map(({ key, fingerprint }) => [key, fingerprint]))
      assert.equal(there.size, wanted.size)
      for (const [key, fingerprint] of wanted) assert.equal(there.get(key), fingerprint)
    }),
  )
})

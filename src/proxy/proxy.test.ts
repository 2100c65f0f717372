/** The running proxy over fakes: what is opened, kept, exchanged and closed, and in which order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tunnel } from '../tunnel/index.ts'
import { httpRoute } from './http/http-route.ts'
import type { HttpEntry, ProxyConfig, TunnelEntry } from './config/proxy-config.ts'
import { createLogger } from './log.ts'
import { type Applied, Proxy } from './proxy.ts'
import type { RunningService } from './running-service.ts'
import { keyOfEntry } from './services.ts'

const tunnel = (name: string, digest = 'a'): TunnelEntry => ({
  ...{ name, digest, file: `/${name}.conf` },
  settings: {
    ...{ name, privateKey: '', listenPort: 0, addresses: [digest], dns: [], searchDomains: [] },
    ...{ mtuBytes: 1420, peers: [] },
  },
})

const http = (port: number, { host = 'a', address = '', via = 'fly' } = {}): HttpEntry => ({
  ...{ listen: { host: address, port }, tunnel: via, tls: undefined, targetTls: undefined },
  target: { scheme: 'http', host, port: 80, basePath: '', query: '' },
  route: httpRoute({ host, port: 80 }),
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
  ...{ drainMs: 1000, files: [] },
  ...change,
})

/** Services that are busy until the test says so, sockets of which some are taken, time that passes when it is told. */
class World {
  readonly said: string[] = []
  readonly taken = new Set<string>()
  readonly busy = new Map<string, (() => void)[]>()
  readonly timers = new Map<() => void, number>()
  isBusy = false

  readonly proxy = new Proxy({
    log: createLogger({ format: 'text', level: 'error', write: () => {}, now: () => 0 }),
    openTunnel: async ({ name, settings }) => {
      if (this.taken.has(name)) throw new Error('its port is taken')
      this.said.push(`open ${name}`)
      return {
        name,
        reconfigure: (changed: typeof settings) => this.said.push(`tell ${name} ${changed.addresses[0]}`),
        close: async () => void this.said.push(`close ${name}`),
      } as unknown as Tunnel
    },
    opener: () => ({
      make: (service) =>
        this.#service(`${keyOfEntry(service)} ${service.kind === 'http' ? service.entry.target.host : ''}`),
      listen: async ({ key }) => {
        if (this.taken.has(key)) throw new Error('EADDRINUSE')
        this.said.push(`listen ${key}`)
        this.taken.add(key)
        return {
          place: key,
          close: () => {
            this.taken.delete(key)
            this.said.push(`unlisten ${key}`)
          },
        }
      },
    }),
    after: (ms, run) => {
      this.timers.set(run, ms)
      return { close: () => this.timers.delete(run) }
    },
  })

  #service(name: string): RunningService {
    this.said.push(`make ${name}`)
    let drained: Promise<void> | undefined
    let end: () => void = () => {}
    return {
      accept: () => {},
      drain: () =>
        (drained ??= new Promise((resolve) => {
          end = resolve
          if (!this.isBusy) resolve()
          else this.busy.set(name, [...(this.busy.get(name) ?? []), resolve])
        })),
      close: () => {
        this.said.push(`end ${name}`)
        end()
      },
      status: () => undefined,
    }
  }

  /** What was said since the last time. */
  news(): string[] {
    return this.said.splice(0)
  }

  finish(name: string): void {
    for (const resolve of this.busy.get(name) ?? []) resolve()
  }

  passTime(): void {
    for (const run of [...this.timers.keys()]) run()
  }
}

const refusal = (applied: Applied): readonly string[] => (applied.kind === 'refused' ? applied.why : [])

test('the start opens tunnels, then services', async () => {
  const world = new World()
  await world.proxy.apply(config({ http: [http(1), http(2)] }))
  assert.deepEqual(world.news(), [
    'open fly',
    'make tcp :1 a',
    'listen tcp :1',
    'make tcp :2 a',
    'listen tcp :2',
  ])
})

test('what cannot be opened is said, all of it, and nothing stays open', async () => {
  const world = new World()
  world.taken.add('tcp :1')
  world.taken.add('tcp :2')
  const applied = await world.proxy.apply(config({ http: [http(1), http(2), http(3)] }))
  assert.deepEqual(refusal(applied), [
    'cannot listen on tcp :1: EADDRINUSE',
    'cannot listen on tcp :2: EADDRINUSE',
  ])
  assert.deepEqual(world.news().slice(-3), ['unlisten tcp :3', 'end tcp :3 a', 'close fly'])
  assert.deepEqual(world.proxy.services(), [])
})

test('a reload keeps what is the same, exchanges what is behind a socket, and lets what goes finish', async () => {
  const world = new World()
  await world.proxy.apply(config({ http: [http(1), http(2), http(3)] }))
  world.news()
  world.isBusy = true
  const after = config({ tunnels: [tunnel('fly', 'b')], http: [http(1), http(2, { host: 'b' }), http(4)] })
  await world.proxy.apply(after)
  assert.deepEqual(world.news(), [
    'make tcp :2 b',
    'make tcp :4 a',
    'listen tcp :4',
    'tell fly b',
    'unlisten tcp :3',
  ])
  assert.deepEqual([...world.busy.keys()], ['tcp :2 a', 'tcp :3 a'])
  world.finish('tcp :2 a')
  await new Promise(setImmediate)
  assert.deepEqual(world.news(), ['end tcp :2 a'])
  world.passTime()
  assert.deepEqual(world.news(), ['end tcp :3 a'])
  assert.deepEqual(await world.proxy.apply(after), { kind: 'unchanged' })
})

test('a reload that cannot be done leaves everything as it was', async () => {
  const world = new World()
  await world.proxy.apply(config({ http: [http(1)] }))
  world.news()
  world.taken.add('tcp :2')
  const applied = await world.proxy.apply(
    config({ tunnels: [tunnel('fly', 'b')], http: [http(1, { host: 'b' }), http(2)] }),
  )
  assert.deepEqual(refusal(applied), ['cannot listen on tcp :2: EADDRINUSE'])
  assert.deepEqual(world.news(), ['make tcp :1 b', 'make tcp :2 a', 'end tcp :2 a', 'end tcp :1 b'])
  assert.deepEqual(await world.proxy.apply(config({ http: [http(1)] })), { kind: 'unchanged' })
})

test('a socket that stands in the way of a new one goes first, and comes back when the new one fails', async () => {
  const world = new World()
  await world.proxy.apply(config({ http: [http(1, { address: '127.0.0.1' })] }))
  world.news()
  world.taken.add('tcp :1')
  await world.proxy.apply(config({ http: [http(1)] }))
  assert.deepEqual(world.news(), [
    'unlisten tcp 127.0.0.1:1',
    'make tcp :1 a',
    'end tcp :1 a',
    'listen tcp 127.0.0.1:1',
  ])
  world.taken.delete('tcp :1')
  await world.proxy.apply(config({ http: [http(1)] }))
  assert.deepEqual(
    world.proxy.services().map(({ place }) => place),
    ['tcp :1'],
  )
})

test('a tunnel is closed after the last of those who use it', async () => {
  const world = new World()
  const both = { tunnels: [tunnel('fly'), tunnel('home')] }
  await world.proxy.apply(config({ ...both, http: [http(1), http(2, { via: 'home' })] }))
  world.isBusy = true
  world.news()
  await world.proxy.apply(config({ http: [http(1)] }))
  assert.deepEqual(world.news(), ['unlisten tcp :2'])
  world.finish('tcp :2 a')
  await new Promise(setImmediate)
  assert.deepEqual(world.news(), ['end tcp :2 a', 'close home'])
})

test('draining stops accepting at once, waits for the busy, and cuts them when time is up', async () => {
  const world = new World()
  await world.proxy.apply(config({ http: [http(1), http(2)] }))
  world.isBusy = true
  world.news()
  const drained = world.proxy.drain(1000)
  await new Promise(setImmediate)
  assert.deepEqual(world.news(), ['unlisten tcp :1', 'unlisten tcp :2'])
  world.finish('tcp :1 a')
  await new Promise(setImmediate)
  world.passTime()
  await drained
  assert.deepEqual(refusal(await world.proxy.apply(config())), ['it is about to stop'])
  assert.ok(world.news().includes('end tcp :2 a'))
  await world.proxy.close()
  assert.deepEqual(world.news().at(-1), 'close fly')
})

/** One process over fakes: what it answers in each phase, and what a reload makes of a broken configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../model/index.ts'
import type { Engine } from '../sockets/index.ts'
import { PagePool } from '../streams/index.ts'
import type { Tunnel, TunnelPeerStatus } from '../tunnel/index.ts'
import type { ProxyConfig } from './config/proxy-config.ts'
import { createLogger } from './log.ts'
import { LineWriter } from './operations/line-writer.ts'
import { Proxy } from './proxy.ts'
import { ProxyProcess } from './proxy-process.ts'
import type { RunningService } from './running-service.ts'

const CONFIG: ProxyConfig = {
  name: 'fly',
  tunnels: [
    {
      ...{ name: 'fly', file: '/w/fly0.conf', digest: 'a' },
      settings: {
        ...{ name: 'fly', privateKey: 'SECRET', listenPort: 0, addresses: [], dns: [], searchDomains: [] },
        ...{ mtuBytes: 1420, peers: [] },
      },
    },
  ],
  ...{ http: [], udp: [], publish: [], socks: [] },
  tcp: [{ listen: { host: '', port: 1 }, to: { host: 'db', port: 2 }, tunnel: 'fly', idleMs: undefined }],
  operations: {
    ...{ listen: { host: '', port: 9 }, probe: undefined, probeMs: 10_000, accessLog: undefined },
    statusSocket: undefined,
  },
  ...{ drainMs: 1000, files: ['/w/fly0.conf'] },
}

const SERVICE: RunningService = {
  ...{ accept: () => {}, drain: async () => {}, close: () => {} },
  status: () => ({
    ...{ kind: 'tcp', to: 'db:2', tunnel: 'fly', connections: 3, connectionsTotal: 4, receivedBytes: 5 },
    ...{ sentBytes: 6, errors: { ECONNREFUSED: 7 }, http: undefined },
  }),
}

function start() {
  const lines: string[] = []
  const world = {
    state: 'never' as TunnelPeerStatus['state'],
    next: { config: CONFIG as ProxyConfig | undefined, problems: [] as Problem[] },
    closed: [] as string[],
  }
  const log = createLogger({ format: 'text', level: 'info', write: (line) => lines.push(line), now: () => 0 })
  const after = () => ({ close: () => {} })
  const tunnel = {
    name: 'fly',
    status: () => ({
      name: 'fly',
      peers: [{ publicKey: 'k', state: world.state }],
      connections: 1,
      counters: {},
    }),
    close: async () => void world.closed.push('tunnel'),
  } as unknown as Tunnel
  const engine = {
    ...{ kind: 'plain', pool: new PagePool({ maxBytes: 65_536 }), counters: { acceptPauses: 0 }, after },
    close: () => void world.closed.push('engine'),
  } as unknown as Engine
  const nowhere = () => new LineWriter({ fd: -1 })
  const opener = () => ({
    make: ({ kind }: { kind: string }) =>
      kind === 'operations' ? { ...SERVICE, status: () => undefined } : SERVICE,
    listen: async ({ key }: { key: string }) => ({ place: key, close: () => {} }),
  })
  const subject = new ProxyProcess({
    ...{ version: '1.2.3', engine, log, runtimeFolder: undefined, accessLog: nowhere(), logLines: nowhere() },
    load: async () => world.next,
    proxy: () => new Proxy({ log, after, openTunnel: async () => tunnel, opener }),
  })
  return { subject, world, lines }
}

const statusOf = (subject: ProxyProcess, path: string): number | undefined => subject.answer(path)?.status

test('/healthz is 200 from the first moment, /readyz from the first handshake on, and no more when it drains', async () => {
  const { subject, world } = start()
  assert.deepEqual([statusOf(subject, '/healthz'), statusOf(subject, '/readyz')], [200, 503])
  await subject.start(CONFIG, [])
  assert.match(subject.answer('/readyz')?.body ?? '', /no handshake yet/)
  world.state = 'up'
  assert.equal(statusOf(subject, '/readyz'), 200)
  await subject.drain()
  assert.deepEqual([statusOf(subject, '/healthz'), statusOf(subject, '/readyz')], [200, 503])
  await subject.close()
  assert.deepEqual(world.closed, ['tunnel', 'engine'])
})

test('/status and /metrics tell of the same, no secret in either, and other paths are nobody’s', async () => {
  const { subject } = start()
  await subject.start(CONFIG, [])
  const status = subject.answer('/status')?.body ?? ''
  assert.equal((JSON.parse(status) as { routes: { connections: number }[] }).routes[0]?.connections, 3)
  const metrics = subject.answer('/metrics')?.body ?? ''
  assert.match(metrics, /^warren_proxy_connections\{kind="tcp",route="tcp :1"\} 3$/m)
  for (const text of [status, metrics]) assert.ok(!text.includes('SECRET'))
  assert.equal(subject.answer('/'), undefined)
  await subject.close()
})

test('a reload says what it changed, what was wrong, and counts', async () => {
  const { subject, world, lines } = start()
  await subject.start(CONFIG, [])
  await subject.reload()
  world.next = {
    config: undefined,
    problems: [
      { code: 'InvalidTarget', path: '--to', message: 'no URL', at: { file: 'p', line: 3, column: 1 } },
    ],
  }
  await subject.reload()
  assert.deepEqual(subject.status().configuration.trouble, ['p:3: --to: no URL'])
  world.next = { config: { ...CONFIG, tcp: [] }, problems: [] }
  await Promise.all([subject.reload(), subject.reload()])
  const { generation, applied, unchanged, refused, trouble } = subject.status().configuration
  assert.deepEqual([generation, applied, unchanged, refused, trouble], [2, 1, 2, 1, []])
  const said = lines.join('')
  assert.match(said, /configuration refused why="p:3: --to: no URL"/)
  assert.match(said, /configuration applied change=-:1/)
  await subject.close()
})

test('a reload that comes while it ends opens nothing', async () => {
  const { subject, world } = start()
  await subject.start(CONFIG, [])
  world.next = { config: { ...CONFIG, udp: CONFIG.tcp }, problems: [] }
  const reload = subject.reload()
  await Promise.all([subject.drain(), reload])
  assert.equal(subject.status().routes.length, 0)
  await subject.close()
})

/** When paths are measured and what is remembered of them, against paths in memory and a clock that is told. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { NodeIntent, ObservedPeer, ObservedWireGuard } from '../../model/index.ts'
import { peerId } from '../../reconcile/index.ts'
import { FakeClock } from '../fake-clock.ts'
import { PathMtuMonitor } from './path-mtu-monitor.ts'
import type { Echoes, PathProbe, ProbeTarget } from './probe.ts'

const KEY = `${'P'.repeat(42)}A=`
const ID = peerId('wg0', KEY)

const INTENT: NodeIntent = {
  node: 'a',
  links: [],
  interfaces: [
    {
      name: 'wg0',
      owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
      privateKey: { kind: 'node' },
      publicKey: undefined,
      listenPort: 51820,
      fwmark: undefined,
      mtuBytes: 1420,
      addresses: [{ local: '10.0.0.1', prefixLength: 24 }],
      routes: [],
      rules: [],
      forwards: { inet: false, inet6: false },
      container: undefined,
      peers: [
        {
          publicKey: KEY,
          node: 'b',
          presharedKey: undefined,
          endpoint: undefined,
          allowedIPs: ['10.0.0.2/32'],
          persistentKeepaliveSeconds: 0,
          path: 'always',
        },
      ],
    },
  ],
}

/** Carries packets up to a size inside, and knows another for the way around. */
class FakePath implements PathProbe {
  inner = 1420
  outer = 1500
  answers = true
  packets = 0
  /** Loses the first of every size. */
  lossy = false
  readonly #seen = new Set<number>()

  /** Of the link itself. */
  link = 1420
  /** Happens before each round. */
  meanwhile: () => void = () => {}

  echo(target: ProbeTarget, sizes: readonly number[]): Promise<Echoes> {
    this.meanwhile()
    if (target.through !== undefined && sizes.some((size) => size > this.link))
      return Promise.resolve({ answered: new Set(), refused: true })
    this.packets += sizes.length
    const limit = target.through === undefined ? this.outer : this.inner
    const carried = sizes.filter((size) => size <= limit && this.answers)
    const arrived = this.lossy ? carried.filter((size) => this.#seen.has(size)) : carried
    for (const size of carried) this.#seen.add(size)
    return Promise.resolve({ answered: new Set(arrived), refused: false })
  }

  routeMtu(): number {
    return 1500
  }
}

const worldOf = (t: TestContext) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'warren-path-'))
  t.after(() => rmSync(stateDir, { recursive: true, force: true }))
  const clock = new FakeClock()
  const path = new FakePath()
  const said: string[] = []
  const say = (level: string) => (message: string) => void said.push(`${level} ${message}`)
  const log = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') }
  let changes = 0
  const make = () => new PathMtuMonitor({ clock, log, probe: path, stateDir, onChange: () => void changes++ })
  const monitor = make()
  const seen = (change: Partial<ObservedPeer> = {}): ReadonlyMap<string, ObservedWireGuard> => {
    const peer: ObservedPeer = {
      publicKey: KEY,
      presharedKeyDigest: undefined,
      endpoint: '192.0.2.2:51820',
      allowedIPs: ['10.0.0.2/32'],
      persistentKeepaliveSeconds: 0,
      lastHandshakeMs: clock.wallMs(),
      rxBytes: 0,
      txBytes: 0,
      ...change,
    }
    const device = { link: 'wg0', backend: 'kernel', publicKey: KEY, listenPort: 1, fwmark: 0 } as const
    return new Map([['wg0', { ...device, peers: [peer] }]])
  }
  const look = async (change: Partial<ObservedPeer> = {}, by = monitor): Promise<void> => {
    by.look(INTENT, seen(change))
    await by.settled()
  }
  return { clock, path, said, make, monitor, look, changes: () => changes }
}

test('a path without a bottleneck is measured with a few packets, and then left alone', async (t) => {
  const { path, look, monitor, clock } = worldOf(t)
  await look()
  assert.equal(monitor.measured.bytes.get(ID), 1420)
  assert.ok(path.packets <= 6, `${path.packets} packets`)
  const before = path.packets
  for (let minute = 0; minute < 60; minute++) {
    clock.advance(60_000)
    await look()
  }
  assert.equal(path.packets, before)
})

test('a peer without a session is asked nothing', async (t) => {
  const { path, look } = worldOf(t)
  await look({ lastHandshakeMs: undefined })
  assert.equal(path.packets, 0)
})

test('a narrower path is found to within four bytes, lost packets or not', async (t) => {
  const { path, look, monitor, said, changes } = worldOf(t)
  path.inner = 1372
  path.lossy = true
  await look()
  const bytes = monitor.measured.bytes.get(ID) ?? 0
  assert.ok(bytes <= 1372 && bytes > 1368, `${bytes}`)
  assert.deepEqual(said, ['info path measured'])
  assert.equal(changes(), 1)
})

test('what would be fragmented around the tunnel is no size to use, though it arrives', async (t) => {
  const { path, look, monitor } = worldOf(t)
  path.outer = 1400
  await look()
  const bytes = monitor.measured.bytes.get(ID) ?? 0
  assert.ok(bytes <= 1340 && bytes > 1336, `${bytes}`)
})

test('a peer that answers nobody is unknown, and the plan’s MTU stays', async (t) => {
  const { path, look, monitor, changes } = worldOf(t)
  path.answers = false
  await look()
  assert.equal(monitor.measured.bytes.size, 0)
  assert.equal(changes(), 0)
})

test('with traffic what is in use is checked once a minute, and a drop is measured and warned of', async (t) => {
  const { path, look, monitor, said, clock } = worldOf(t)
  await look()
  path.inner = 1300
  clock.advance(61_000)
  await look({ txBytes: 1000 })
  assert.equal(monitor.measured.bytes.get(ID), 1420, 'keepalives alone are no traffic')
  await look({ txBytes: 1_000_000 })
  const bytes = monitor.measured.bytes.get(ID) ?? 0
  assert.ok(bytes <= 1300 && bytes > 1296, `${bytes}`)
  assert.deepEqual(said, ['warn path carries less than before'])
})

test('an endpoint that moved is measured anew', async (t) => {
  const { path, look, monitor } = worldOf(t)
  await look()
  path.inner = 1380
  await look({ endpoint: '198.51.100.9:51820' })
  assert.ok((monitor.measured.bytes.get(ID) ?? 0) <= 1380)
})

test('a narrow path is tried again after ten minutes, with the interface raised for as long as that takes', async (t) => {
  const { path, look, monitor, clock, changes } = worldOf(t)
  path.inner = 1300
  await look()
  path.inner = 1420
  clock.advance(600_000)
  await look()
  assert.deepEqual([...monitor.measured.raised], ['wg0'], 'first the interface has to carry it')
  assert.ok((monitor.measured.bytes.get(ID) ?? 0) <= 1300, 'and meanwhile what was known holds')
  await look()
  assert.deepEqual([...monitor.measured.raised], [])
  assert.equal(monitor.measured.bytes.get(ID), 1420)
  assert.equal(changes(), 3)
})

test('a link that somebody made smaller says nothing of the path', async (t) => {
  const { path, look, monitor, said, clock } = worldOf(t)
  path.link = 1300
  await look()
  assert.equal(monitor.measured.bytes.size, 0)
  path.link = 1420
  const before = path.packets
  await look()
  assert.equal(path.packets, before, 'and it is given a rest')
  clock.advance(10_000)
  await look()
  assert.equal(monitor.measured.bytes.get(ID), 1420)
  assert.ok(!said.some((line) => line.startsWith('warn')))
})

test('a path that was broken and mended while it was measured is measured again', async (t) => {
  const { path, look, monitor, clock } = worldOf(t)
  let rounds = 0
  path.meanwhile = () => {
    rounds++
    path.inner = rounds > 3 && rounds < 10 ? 1000 : 1420
  }
  await look()
  assert.equal(monitor.measured.bytes.size, 0)
  path.meanwhile = () => {}
  clock.advance(10_000)
  await look()
  assert.equal(monitor.measured.bytes.get(ID), 1420)
})

test('what was measured outlives the agent', async (t) => {
  const { path, look, monitor, make } = worldOf(t)
  path.inner = 1300
  await look()
  await monitor.save()
  const next = make()
  await next.load()
  assert.deepEqual(next.measured.bytes, monitor.measured.bytes)
  const before = path.packets
  await look({}, next)
  assert.equal(path.packets, before, 'and is not asked for again')
})

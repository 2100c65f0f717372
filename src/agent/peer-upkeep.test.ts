/** PeerUpkeep: what is known about peers over time, on a clock of its own. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { NodeIntent, ObservedPeer, PeerIntent } from '../model/index.ts'
import type { Devices } from './by-link.ts'
import { EndpointMemory } from './endpoint-memory.ts'
import { EndpointResolver } from './endpoint-resolver.ts'
import { FakeClock } from './fake-clock.ts'
import { PeerUpkeep } from './peer-upkeep.ts'

const setUp = (dir = '/nonexistent') => {
  const clock = new FakeClock()
  const world = { answers: ['192.0.2.1'], asked: 0 }
  const resolver = new EndpointResolver({
    clock,
    lookup: () => {
      world.asked++
      return Promise.resolve(world.answers)
    },
    onAnswer: () => {},
  })
  const memory = new EndpointMemory(dir)
  return { clock, world, resolver, memory, upkeep: new PeerUpkeep({ clock, resolver, memory }) }
}

const intent = (change: Partial<PeerIntent> = {}): NodeIntent => ({
  node: 'a',
  links: [],
  interfaces: [
    {
      name: 'wg0',
      owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
      privateKey: { kind: 'node' },
      publicKey: undefined,
      listenPort: 1,
      fwmark: undefined,
      mtuBytes: 1420,
      addresses: [],
      peers: [
        {
          publicKey: 'k',
          node: 'b',
          presharedKey: undefined,
          endpoint: undefined,
          allowedIPs: [],
          persistentKeepaliveSeconds: 0,
          path: 'always',
          ...change,
        },
      ],
      routes: [],
      rules: [],
      forwards: { inet: false, inet6: false },
      container: undefined,
    },
  ],
})

const device = (...peers: Partial<ObservedPeer>[]): Devices =>
  new Map([
    [
      'wg0',
      {
        link: 'wg0',
        backend: 'kernel',
        publicKey: 'p',
        listenPort: 1,
        fwmark: 0,
        peers: peers.map((p) => ({
          publicKey: 'k',
          presharedKeyDigest: undefined,
          endpoint: undefined,
          allowedIPs: [],
          persistentKeepaliveSeconds: 0,
          lastHandshakeMs: undefined,
          rxBytes: 0,
          txBytes: 0,
          ...p,
        })),
      },
    ],
  ])

test('a peer that is made again gets the endpoint of its last session, for 180 s', () => {
  const { clock, upkeep } = setUp()
  const wanted = intent()
  upkeep.look(wanted, device({ endpoint: '198.51.100.7:4', lastHandshakeMs: clock.wallMs() }))
  assert.deepEqual([...upkeep.endpoints(wanted, device())], [['wg0 k', '198.51.100.7:4']])
  assert.deepEqual([...upkeep.alive()], ['wg0 k'])
  clock.advance(181_000)
  assert.equal(upkeep.endpoints(wanted, device()).size, 0)
  assert.equal(upkeep.alive().size, 0)
})

test('what is no longer planned is forgotten', () => {
  const { clock, upkeep } = setUp()
  const wanted = intent()
  upkeep.look(wanted, device({ endpoint: '198.51.100.7:4', lastHandshakeMs: clock.wallMs() }))
  upkeep.look({ node: 'a', interfaces: [], links: [] }, new Map())
  assert.equal(upkeep.alive().size, 0)
})

test('a name is looked up again when 30 s of sending got no answer, and never for a silent peer', async () => {
  const { clock, upkeep, world, resolver } = setUp()
  const wanted = intent({ endpoint: { host: 'hub.example', port: 1 } })
  const at = (txBytes: number) =>
    device({ endpoint: '192.0.2.1:1', txBytes, lastHandshakeMs: clock.wallMs() })
  upkeep.endpoints(wanted, at(0))
  await resolver.settled()
  upkeep.look(wanted, at(0))
  clock.advance(60_000)
  upkeep.look(wanted, at(0))
  assert.equal(world.asked, 1)
  clock.advance(60_000)
  upkeep.look(wanted, at(148))
  assert.equal(world.asked, 2)
})

test('a roamed peer that answers nothing for 180 s goes back to the planned endpoint, once per try', () => {
  const { clock, upkeep } = setUp()
  const wanted = intent({ endpoint: { host: '192.0.2.1', port: 1 } })
  const handshake = clock.wallMs()
  const at = (txBytes: number) => device({ endpoint: '198.51.100.7:4', txBytes, lastHandshakeMs: handshake })
  upkeep.look(wanted, at(0))
  assert.equal(upkeep.endpoints(wanted, at(0)).size, 0)
  clock.advance(200_000)
  upkeep.look(wanted, at(148))
  assert.deepEqual([...upkeep.endpoints(wanted, at(148))], [['wg0 k', '192.0.2.1:1']])
  upkeep.applied(wanted, [
    {
      kind: 'wireguard-set',
      link: 'wg0',
      backend: 'kernel',
      change: { peers: [{ kind: 'set', publicKey: 'k', create: false, endpoint: '192.0.2.1:1' }] },
    },
  ])
  assert.equal(upkeep.endpoints(wanted, at(148)).size, 0)
})

test('what was written to peers is remembered by the next agent', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-upkeep-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const { memory } = setUp(dir)
  memory.set('wg0 k', 'hub.example:1', '192.0.2.1:1')
  memory.set('wg0 gone', 'x:1', '192.0.2.2:1')
  await memory.save(new Set(['wg0 k']))
  const next = setUp(dir).memory
  await next.load()
  assert.deepEqual(next.get('wg0 k'), { planned: 'hub.example:1', address: '192.0.2.1:1' })
  assert.equal(next.get('wg0 gone'), undefined)
})

test('a direct path that turns is told once', () => {
  const { clock, upkeep } = setUp()
  const wanted = intent({ path: 'while-alive' })
  assert.equal(upkeep.look(wanted, device({})), false)
  assert.equal(upkeep.paths.get('wg0 k')?.phase, 'probing')
  assert.equal(upkeep.nextLookMs(), 250)
  assert.equal(upkeep.look(wanted, device({ lastHandshakeMs: clock.wallMs() })), true)
  assert.deepEqual([...upkeep.takeTurned()], ['wg0 k'])
  assert.deepEqual([...upkeep.takeTurned()], [])
  assert.equal(upkeep.nextLookMs(), 5_000)
})

test('without direct paths nothing has to be looked at for their sake', () => {
  const { upkeep } = setUp()
  upkeep.look(intent(), device({}))
  assert.equal(upkeep.nextLookMs(), undefined)
})

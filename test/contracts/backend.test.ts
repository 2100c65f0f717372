/**
 * One contract for every way an agent has to make and change a WireGuard interface: the host in memory, our own
 * device, wireguard-go, and the kernel (in the VM where this kernel has none). Each real one works in a network
 * namespace that this process enters at the start and that goes with it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  FakeHost,
  generatePrivateKey,
  keyDigest,
  LinuxHost,
  publicKeyOf,
  type Host,
} from '../../src/agent/index.ts'
import { CLONE_NEWNET, loadSyscalls } from '../../src/linux/index.ts'
import {
  secretText,
  type NodeIntent,
  type ObservedPeer,
  type PeerIntent,
  type WireGuardIntent,
} from '../../src/model/index.ts'
import { diff, peerId } from '../../src/reconcile/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs, type Needs } from '../harness/needs.ts'

interface World {
  readonly name: string
  readonly needs: Needs
  open(dir: string): Host
}

const WORLDS: readonly World[] = [
  { name: 'a host in memory', needs: {}, open: () => new FakeHost() },
  {
    name: 'warren device',
    needs: { root: true, kernel: ['tun'] },
    open: (dir) =>
      LinuxHost.open({ backend: 'userspace', runDir: dir, stateDir: dir, uapiDir: join(dir, 'uapi') }),
  },
  {
    name: 'wireguard-go',
    needs: { root: true, kernel: ['tun'], tools: ['wireguard-go'] },
    open: (dir) =>
      LinuxHost.open({
        backend: 'userspace',
        runDir: dir,
        stateDir: dir,
        deviceCommand: ['wireguard-go', '-f', '{interface}'],
      }),
  },
  {
    name: 'the kernel',
    needs: { root: true, kernel: ['wireguard'] },
    open: (dir) => LinuxHost.open({ backend: 'kernel', runDir: dir, stateDir: dir }),
  },
]

let entered = false

/** Everything this process does to a network from here on happens in its own. */
const enterOwnNamespace = (): void => {
  if (entered) return
  entered = true
  assert.equal(loadSyscalls().unshare(CLONE_NEWNET), 0)
}

let count = 0

/** One interface on one host, wanted in one way after another. */
class Bench {
  readonly host: Host
  readonly link = `wgc${process.pid % 10_000}x${count++}`
  readonly privateKey = generatePrivateKey()
  presharedKeys = new Map<string, string>()

  constructor(host: Host) {
    this.host = host
  }

  intent(change: Partial<WireGuardIntent>): NodeIntent {
    return {
      node: 'a',
      links: [],
      interfaces: [
        {
          name: this.link,
          owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
          privateKey: { kind: 'node' },
          publicKey: undefined,
          listenPort: undefined,
          fwmark: undefined,
          mtuBytes: 1420,
          addresses: [],
          peers: [],
          routes: [],
          rules: [],
          forwards: { inet: false, inet6: false },
          container: undefined,
          ...change,
        },
      ],
    }
  }

  /** Makes it so, asserts that nothing is left to do, and returns the device as observed. */
  async make(change: Partial<WireGuardIntent>, endpoints?: Map<string, string>) {
    const intent = this.intent(change)
    const input = {
      intent,
      backend: this.host.backend,
      publicKeys: new Map([[this.link, publicKeyOf(this.privateKey)]]),
      presharedKeyDigests: new Map([...this.presharedKeys].map(([id, key]) => [id, keyDigest(key)])),
    }
    const before = await this.host.observe(intent)
    const { steps } = diff({ ...input, observed: before, ...(endpoints ? { endpoints } : {}) })
    const failures = await this.host.apply(steps, {
      privateKeys: new Map([[this.link, secretText(this.privateKey)]]),
      presharedKeys: new Map([...this.presharedKeys].map(([id, key]) => [id, secretText(key)])),
    })
    assert.deepEqual(failures, [])
    const after = await this.host.observe(intent)
    assert.deepEqual(diff({ ...input, observed: after }).steps, [])
    const device = after.wireguard.find((d) => d.link === this.link)
    assert.ok(device)
    return { steps, device, observed: after }
  }

  async remove(): Promise<void> {
    const observed = await this.host.observe({ node: 'a', interfaces: [], links: [] })
    const { steps } = diff({
      intent: { node: 'a', interfaces: [], links: [] },
      observed: { ...observed, links: observed.links.filter((l) => l.name === this.link) },
      backend: this.host.backend,
    })
    await this.host.apply(steps, { privateKeys: new Map(), presharedKeys: new Map() })
  }
}

const peer = (n: number, change: Partial<PeerIntent> = {}): PeerIntent => ({
  publicKey: PEERS[n] ?? '',
  node: `n${n}`,
  presharedKey: undefined,
  endpoint: undefined,
  allowedIPs: [`10.0.${n}.0/24`],
  persistentKeepaliveSeconds: 0,
  path: 'always',
  ...change,
})

const PEERS = Array.from({ length: 1000 }, () => publicKeyOf(generatePrivateKey()))
const peersOf = (device: { peers: readonly ObservedPeer[] }) =>
  new Map(device.peers.map((p) => [p.publicKey, p]))

for (const world of WORLDS) {
  const options = { ...needs(world.needs), timeout: patiently(60_000) }
  const claim = (name: string, run: (bench: Bench, t: TestContext) => Promise<void>): void => {
    test(`${world.name}: ${name}`, options, async (t) => {
      if (world.needs.root === true) enterOwnNamespace()
      const dir = mkdtempSync(join(tmpdir(), 'warren-contract-'))
      const host = world.open(dir)
      const bench = new Bench(host)
      try {
        await run(bench, t)
      } finally {
        await bench.remove()
        host.close()
        rmSync(dir, { recursive: true })
      }
    })
  }

  claim('GC-06: a marked interface with point-to-point addresses, MTU 1420, up', async (bench) => {
    const addresses = [
      { local: '10.4.0.1', prefixLength: 32, peer: '10.4.0.2' },
      { local: 'fe80::1771', prefixLength: 64, peer: 'fe80::a:1771' },
    ]
    const { observed, device } = await bench.make({ addresses, listenPort: 51_999 })
    const link = observed.links.find((l) => l.name === bench.link)
    assert.equal(link?.mtuBytes, 1420)
    assert.equal(link?.up, true)
    assert.deepEqual(link?.altNames, [`warren-${bench.link}`])
    assert.equal(device.publicKey, publicKeyOf(bench.privateKey))
    assert.equal(device.listenPort, 51_999)
    const found = observed.addresses.filter((a) => a.link === bench.link && a.peer !== undefined)
    assert.deepEqual(
      found.map(({ local, peer, prefixLength }) => ({ local, prefixLength, peer })).toSorted(byLocal),
      addresses,
    )
  })

  claim('routes are ours by number, and go when they are not wanted', async (bench) => {
    const addresses = [{ local: '10.4.0.1', prefixLength: 24 }]
    const routes = [
      { destination: '10.9.0.0/16', table: 254 },
      { destination: 'fd00:9::/64', table: 1234 },
    ]
    const made = await bench.make({ addresses, routes })
    const ours = made.observed.routes.filter((r) => r.protocol === 87 && r.link === bench.link)
    assert.deepEqual(ours.map((r) => r.destination).toSorted(), ['10.9.0.0/16', 'fd00:9::/64'])
    const { steps } = await bench.make({ addresses })
    assert.deepEqual(
      steps.map((s) => s.kind),
      ['route-delete', 'route-delete'],
    )
  })

  claim('rules are added and deleted', async (bench) => {
    const rules = [
      { family: 'inet' as const, table: 51820, fwmark: 51820, invert: true },
      { family: 'inet6' as const, table: 254, suppressPrefixLength: 0 },
    ]
    await bench.make({ rules })
    const { steps } = await bench.make({})
    assert.deepEqual(
      steps.map((s) => s.kind),
      ['rule-delete', 'rule-delete'],
    )
  })

  claim('GC-08: peers are added, changed and removed one by one, allowed IPs exactly', async (bench) => {
    await bench.make({ peers: [peer(1), peer(2), peer(3, { persistentKeepaliveSeconds: 25 })] })
    const { steps, device } = await bench.make({
      peers: [peer(1), peer(2, { allowedIPs: ['10.7.0.0/16', 'fd00::2/128'] }), peer(4)],
    })
    assert.equal(steps.length, 1)
    const peers = peersOf(device)
    assert.equal(peers.size, 3)
    assert.deepEqual(peers.get(PEERS[1] ?? '')?.allowedIPs, ['10.0.1.0/24'])
    assert.deepEqual(peers.get(PEERS[2] ?? '')?.allowedIPs.toSorted(), ['10.7.0.0/16', 'fd00::2/128'])
    assert.equal(peers.has(PEERS[3] ?? ''), false)
  })

  claim('a prefix moves from one peer to another and back', async (bench) => {
    const both = (one: string[], two: string[]) => [
      peer(1, { allowedIPs: one }),
      peer(2, { allowedIPs: two }),
    ]
    for (const [one, two] of [
      [['10.1.0.0/16', '10.2.0.0/16'], []],
      [['10.1.0.0/16'], ['10.2.0.0/16']],
      [['10.2.0.0/16'], ['10.1.0.0/16']],
    ] as [string[], string[]][]) {
      const { device } = await bench.make({ peers: both(one, two) })
      assert.deepEqual(
        peersOf(device)
          .get(PEERS[1] ?? '')
          ?.allowedIPs.toSorted(),
        one,
      )
      assert.deepEqual(
        peersOf(device)
          .get(PEERS[2] ?? '')
          ?.allowedIPs.toSorted(),
        two,
      )
    }
  })

  claim('a preshared key is set, replaced and taken away', async (bench) => {
    const id = peerId(bench.link, PEERS[1] ?? '')
    const presharedKey = { kind: 'secret', namespace: 'default', name: 's', key: 'k' } as const
    for (let round = 0; round < 2; round++) {
      const key = generatePrivateKey()
      bench.presharedKeys.set(id, key)
      const { device } = await bench.make({ peers: [peer(1, { presharedKey })] })
      assert.equal(device.peers[0]?.presharedKeyDigest, keyDigest(key))
    }
    const { device } = await bench.make({ peers: [peer(1)] })
    assert.equal(device.peers[0]?.presharedKeyDigest, undefined)
  })

  claim('endpoints of both families read back as they were written', async (bench) => {
    for (const [host, text] of [
      ['192.0.2.1', '192.0.2.1:51820'],
      ['2001:db8::1', '[2001:db8::1]:51820'],
    ] as const) {
      const endpoints = new Map([[peerId(bench.link, PEERS[1] ?? ''), text]])
      const wanted = peer(1, { endpoint: { host, port: 51820 } })
      const { device } = await bench.make({ peers: [wanted] }, endpoints)
      assert.equal(device.peers[0]?.endpoint, text)
    }
  })

  claim(
    'a thousand peers and two hundred addresses are made, read back and changed singly',
    async (bench) => {
      // More at once are more than wireguard-go survives on a busy machine.
      const addresses = Array.from({ length: 200 }, (_, n) => ({
        local: `10.200.${n >> 8}.${n & 255}`,
        prefixLength: 32,
      }))
      const peers = Array.from({ length: 1000 }, (_, n) =>
        peer(n, {
          allowedIPs: [`10.${100 + (n >> 8)}.${n & 255}.0/24`, `fd00:${(n + 1).toString(16)}::/32`],
        }),
      )
      const { device } = await bench.make({ peers, addresses })
      assert.equal(device.peers.length, 1000)
      const changed = peers.with(500, peer(500, { allowedIPs: ['10.99.0.0/16'] }))
      const { steps } = await bench.make({ peers: changed, addresses })
      assert.deepEqual(
        steps.map((s) => (s.kind === 'wireguard-set' ? s.change.peers.length : s.kind)),
        [1],
      )
    },
  )

  claim('peek() shows the same device as observe()', async (bench) => {
    const { device } = await bench.make({ peers: [peer(1), peer(2)] })
    const peeked = (await bench.host.peek(bench.intent({}).interfaces)).get(bench.link)
    assert.deepEqual(
      { ...peeked, peers: peeked?.peers.toSorted(byKey) },
      { ...device, peers: device.peers.toSorted(byKey) },
    )
  })

  claim('a refused step is reported, and the others are done', async (bench) => {
    await bench.make({})
    const missing = `${bench.link}m`
    const up = { kind: 'link-set', link: missing, up: true } as const
    const address = { local: '10.6.0.1', prefixLength: 24 }
    const failures = await bench.host.apply([up, { kind: 'address-add', link: bench.link, address }], {
      privateKeys: new Map(),
      presharedKeys: new Map(),
    })
    assert.deepEqual(
      failures.map((f) => f.step),
      [up],
    )
    assert.match(failures[0]?.message ?? '', /ENODEV/)
    const { addresses } = await bench.host.observe(bench.intent({}))
    assert.ok(addresses.some((a) => a.local === '10.6.0.1'))
  })

  if (world.needs.root === true)
    claim('events tell of links and addresses that go', async (bench) => {
      await bench.make({ addresses: [{ local: '10.6.0.1', prefixLength: 24 }] })
      const events: string[] = []
      const watching = bench.host.watch((what) => events.push(what))
      const address = { local: '10.6.0.1', prefixLength: 24 }
      await bench.host.apply([{ kind: 'address-delete', link: bench.link, address }], {
        privateKeys: new Map(),
        presharedKeys: new Map(),
      })
      await eventually(() => events.includes('address gone'))
      await bench.remove()
      await eventually(() => events.includes('link gone'))
      watching.close()
    })
}

const byLocal = (a: { local: string }, b: { local: string }): number => (a.local < b.local ? -1 : 1)
const byKey = (a: ObservedPeer, b: ObservedPeer): number => (a.publicKey < b.publicKey ? -1 : 1)

/**
 * The host that the tests of this folder start from, with a boot clock in memory. Not a test itself. Node `a` is
 * reached through its tunnel to `b`:
 *
 *   10.77.0.2 b ──── wg0 ──── a 10.77.0.1, eth0 198.51.100.2/24
 *   10.77.0.9 is who pushes, behind b
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { formatAllocations, NO_ALLOCATIONS, parseObjects, withPublicKey } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { FileSource } from '../../sources/index.ts'
import { Agent } from '../agent.ts'
import { systemClock } from '../clock.ts'
import { FakeHost } from '../fake-host.ts'
import { generatePrivateKey, publicKeyOf } from '../key-pair.ts'
import { nodeKey } from '../key-store.ts'
import { createLogger } from '../logger.ts'
import type { Instant } from './boot-clock.ts'
import type { SafetyOptions } from './commit-confirm.ts'
import { rememberOrigin } from './origin.ts'
import { keepFile, PendingChanges } from './pending-change.ts'

export const B = publicKeyOf(generatePrivateKey())
export const OTHER_B = publicKeyOf(generatePrivateKey())
export const planText = (key: string, labels = ''): string => `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.77.0.0/24]
  hubs: [b]
  interface: { name: wg0 }
  nodes:
  - { name: a${labels} }
  - { name: b, endpoint: "198.51.100.1:51820", publicKey: "${key}" }
`
export const GOOD = planText(B)
/** The hub has another key now: the tunnel to the old one is lost. */
export const BROKEN = planText(OTHER_B)
export const HARMLESS = planText(B, ', labels: { colour: red }')

export class Setup {
  readonly dir: string
  readonly plans: string
  readonly host = new FakeHost()
  readonly changes: PendingChanges
  readonly log: string[] = []
  now: Instant = { bootId: 'one', uptimeMs: 1_000_000, wallMs: 1_700_000_000_000 }
  alive = new Set<string>()
  agent!: Agent
  #stop: () => Promise<void> = async () => {}

  constructor(t: TestContext) {
    this.dir = mkdtempSync(join(tmpdir(), 'warren-confirm-'))
    this.plans = join(this.dir, 'plans')
    mkdirSync(this.plans)
    this.changes = new PendingChanges(this.dir)
    t.after(async () => {
      await this.stop()
      rmSync(this.dir, { recursive: true })
    })
  }

  async write(text: string): Promise<void> {
    const own = await nodeKey(this.dir, 'default/home')
    const { objects } = parseObjects(text, { file: 'home.yaml' })
    const known = withPublicKey(plan(objects, NO_ALLOCATIONS).allocations, {
      ...{ network: 'default/home', node: 'a', publicKey: own },
    })
    writeFileSync(join(this.plans, 'home.lock.yaml'), formatAllocations(plan(objects, known).allocations))
    writeFileSync(join(this.plans, 'home.yaml'), text)
  }

  /** As `warren node put` does it. */
  async put(
    text: string,
    withinMs = 60_000,
    o: { needs?: 'confirmation' | 'nothing'; id?: string } = {},
  ): Promise<void> {
    const { needs = 'confirmation', id = 'c1' } = o
    const files = await Promise.all(['home.lock.yaml', 'home.yaml'].map((f) => keepFile(join(this.plans, f))))
    await this.changes.arm({ ...{ id, reason: 'pushed', needs, begun: this.now, withinMs, files } })
    await this.write(text)
  }

  make(more: Partial<SafetyOptions> = {}): Agent {
    const lookup = () => Promise.resolve([])
    const write = (line: string): number => this.log.push(line)
    return new Agent({
      node: 'a',
      source: new FileSource({ dir: this.plans, settleMs: 5, pollMs: 50 }),
      ...{ host: this.host, clock: systemClock, lookup, stateDir: this.dir, runDir: this.dir },
      log: createLogger({ format: 'text', level: 'info', write, now: () => 0 }),
      boundsPath: join(this.dir, 'agent.yaml'),
      safety: {
        routing: () => this.routing(),
        boot: () => this.now,
        answers: ({ host }) => Promise.resolve(this.alive.has(host)),
        ...more,
      },
    })
  }

  /** What the fake host lacks of a real one: lo's rules, the way out, and routes that addresses give. */
  routing() {
    const rule = (priority: number, table: number) => ({
      family: 'inet' as const,
      priority,
      table,
      action: 1,
    })
    const route = (destination: string, link: string) => ({
      ...{ destination, link, gateway: undefined, table: 254, metric: 0, type: 1 },
    })
    const eth0 = { index: 1, name: 'eth0', kind: '', up: true, settings: {} }
    return {
      links: [eth0, ...this.host.links],
      addresses: [
        { link: 'eth0', local: '198.51.100.2', prefixLength: 24, scope: 0 },
        ...this.host.addresses,
      ],
      routes: [
        route('198.51.100.0/24', 'eth0'),
        ...this.host.addresses.map((a) => route('10.77.0.0/24', a.link)),
        ...this.host.routes,
      ],
      rules: [rule(0, 255), rule(32_766, 254)],
    }
  }

  async start(more: Partial<SafetyOptions> = {}): Promise<void> {
    this.agent = this.make(more)
    const stop = new AbortController()
    const done = this.agent.run(stop.signal)
    this.#stop = async () => {
      stop.abort()
      await done
    }
    while (this.agent.status.phase === 'Converging') await pause(5)
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  /** What a restart of the machine does to it. */
  reboot(): void {
    this.now = { bootId: 'two', uptimeMs: 5_000, wallMs: this.now.wallMs + 30_000 }
    for (const { name } of this.host.links) this.host.deleteLink(name)
    this.host.applied.length = 0
  }

  get peers(): string[] {
    return [...(this.host.devices.get('wg0')?.peers.keys() ?? [])]
  }

  get planOnDisk(): string {
    return readFileSync(join(this.plans, 'home.yaml'), 'utf8')
  }
}

/** The good plan in force, and somebody behind it who pushes. */
export const running = async (t: TestContext, more: Partial<SafetyOptions> = {}): Promise<Setup> => {
  const s = new Setup(t)
  await s.write(GOOD)
  await s.start(more)
  assert.deepEqual(s.peers, [B])
  await rememberOrigin(s.dir, { address: '10.77.0.9' })
  return s
}

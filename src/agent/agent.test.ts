/**
 * The agent over a host in memory: what it does about drift, bad input, bounds, refusals and fights with other
 * programs. The same on real kernels is in test/netns/agent-*.test.ts.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../test/harness/eventually.ts'
import { formatAllocations, NO_ALLOCATIONS, parseObjects, withPublicKey } from '../model/index.ts'
import { plan } from '../plan/index.ts'
import { FileSource, MemorySource } from '../sources/index.ts'
import { Agent } from './agent.ts'
import type { AgentOptions } from './agent.ts'
import { systemClock } from './clock.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeHost } from './fake-host.ts'
import { generatePrivateKey, publicKeyOf } from './key-pair.ts'
import { nodeKey } from './key-store.ts'
import { createLogger } from './logger.ts'
import type { AgentStatus } from './status.ts'

interface Context {
  after(f: () => void | Promise<void>): void
}

/** Agents still running, by their state folder: they stop before it goes. */
const stops = new Map<string, () => Promise<void>>()

const HUB = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.77.0.0/24]
  topology: HubAndSpoke
  hubs: [a]
  interface: { name: wg0 }
  nodes:
  - { name: a, endpoint: "192.0.2.1:51820" }
  - { name: b, publicKey: "${publicKeyOf(generatePrivateKey())}" }
  - { name: c, publicKey: "${publicKeyOf(generatePrivateKey())}" }
`

const setUp = async (t: Context, more: Partial<AgentOptions> & { config?: string } = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-agent-'))
  t.after(async () => {
    await stops.get(dir)?.()
    rmSync(dir, { recursive: true })
  })
  const config = join(dir, 'agent.yaml')
  if (more.config !== undefined) writeFileSync(config, more.config)
  const lines: string[] = []
  const host = new FakeHost()
  const source = new MemorySource()
  const options: AgentOptions = {
    node: 'a',
    source,
    host,
    clock: systemClock,
    log: createLogger({ format: 'text', level: 'info', write: (l) => lines.push(l), now: () => 0 }),
    lookup: () => Promise.resolve(['192.0.2.1']),
    stateDir: dir,
    runDir: dir,
    boundsPath: config,
    ...more,
  }
  const own = await nodeKey(dir, 'default/home')
  const write = (text: string): void => source.write(text, lockFor(text, own))
  const status = (): AgentStatus => JSON.parse(readFileSync(join(dir, 'agent.json'), 'utf8')) as AgentStatus
  return { dir, config, host, source, options, lines, write, status, own }
}

/** The lock that `warren plan --write` would make. */
const lockFor = (text: string, own: string): string => {
  const { objects } = parseObjects(text, { file: 'x.yaml' })
  const first = plan(objects, NO_ALLOCATIONS).allocations
  const known = withPublicKey(first, { network: 'default/home', node: 'a', publicKey: own })
  return formatAllocations(plan(objects, known).allocations)
}

const running = async (options: AgentOptions): Promise<Agent> => {
  const agent = new Agent(options)
  const stop = new AbortController()
  const done = agent.run(stop.signal)
  stops.set(options.stateDir, () => {
    stop.abort()
    return done
  })
  await eventually(() => agent.status.phase !== 'Converging')
  return agent
}

test('GC-12: every drift that an event tells of is repaired, and each repair is written down', async (t) => {
  const { host, options, write, status } = await setUp(t)
  write(HUB)
  const agent = await running(options)
  assert.equal(agent.status.phase, 'Converged')
  const drifts: { name: string; break: () => void; holds: () => boolean }[] = [
    {
      name: 'link deleted',
      break: () => host.deleteLink('wg0'),
      holds: () => host.devices.get('wg0')?.peers.size === 2 && host.addresses.length === 1,
    },
    {
      name: 'address flushed',
      break: () => (host.addresses = []),
      holds: () => host.addresses.length === 1,
    },
    {
      name: 'link set down',
      break: () => host.setUp('wg0', false),
      holds: () => host.links[0]?.up === true,
    },
  ]
  for (const [index, drift] of drifts.entries()) {
    drift.break()
    host.tell(drift.name)
    await eventually(() => drift.holds() && status().repairs.length === index + 1, { what: drift.name })
    assert.equal(status().repairs.at(-1)?.cause, drift.name)
  }
})

test('a peer removed by hand is noticed without any event', async (t) => {
  const { host, options, write } = await setUp(t)
  write(HUB)
  const agent = await running(options)
  host.devices.get('wg0')?.peers.clear()
  await eventually(() => host.devices.get('wg0')?.peers.size === 2)
  await eventually(() => agent.status.repairs.at(-1)?.cause === 'peers changed')
})

test('an idle agent says nothing and applies nothing', async (t) => {
  const { host, options, write, lines } = await setUp(t, { resyncMs: 30 })
  write(HUB)
  await running(options)
  const [said, applied, observed] = [lines.length, host.applied.length, host.observations]
  await eventually(() => host.observations > observed + 5)
  assert.equal(lines.length, said)
  assert.equal(host.applied.length, applied)
})

test('bad input leaves the running network untouched and is told in the status', async (t) => {
  const { host, options, write, source, status } = await setUp(t)
  write(HUB)
  const agent = await running(options)
  const before = await host.observe()
  const applied = host.applied.length
  const rows = [
    { name: 'malformed', text: 'kind: [', code: 'InvalidYaml' },
    { name: 'unknown field', text: HUB.replace('topology:', 'topolgy:'), code: 'UnknownField' },
    { name: 'no lock', text: `${HUB}  - { name: d }\n`, code: 'NotAllocated' },
    { name: 'a node that is gone', text: HUB.replaceAll(/\ba\b/g, 'z'), code: 'NodeNotInPlan' },
  ]
  for (const { name, text, code } of rows) {
    source.write(text, name === 'a node that is gone' ? lockFor(text, '') : '')
    await eventually(() => agent.status.problems.some((p) => p.code === code), { what: name })
    assert.equal(status().conditions.find((c) => c.type === 'SourceReady')?.status, false, name)
    assert.deepEqual(await host.observe(), before, name)
  }
  assert.equal(host.applied.length, applied)
  write(HUB)
  await eventually(() => agent.status.problems.length === 0)
})

test('an agent that starts with a broken source runs the last good plan', async (t) => {
  const { host, options, write, source } = await setUp(t)
  write(HUB)
  assert.equal(await new Agent(options).once(), true)
  source.write('kind: [')
  host.deleteLink('wg0')
  const agent = await running(options)
  assert.equal(host.links.length, 1)
  assert.equal(agent.status.problems[0]?.code, 'InvalidYaml')
})

test('an agent that never had a plan waits for one, and does not call that a refusal', async (t) => {
  const { dir, options, lines } = await setUp(t)
  const plans = join(dir, 'plans')
  mkdirSync(plans)
  const agent = await running({ ...options, source: new FileSource({ dir: plans }) })
  assert.equal(lines.join(''), `1970-01-01T00:00:00.000Z info  no plan yet, waiting for one path=${plans}\n`)
  assert.equal(agent.status.problems[0]?.code, 'SourceEmpty')
})

test('GC-17: a dry run changes nothing, makes no key, and lists the steps', async (t) => {
  const { host, options, write } = await setUp(t)
  write(HUB)
  const { steps } = await new Agent(options).dryRun()
  assert.equal(steps[0]?.kind, 'link-create')
  assert.equal(host.applied.length, 0)
  assert.equal(await new Agent(options).once(), true)
  assert.deepEqual((await new Agent(options).dryRun()).steps, [])
})

test('a route over the endpoint of its own tunnel is applied, with a warning in the log and in the status', async (t) => {
  const { host, options, source, lines } = await setUp(t)
  source.write(`
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: x }
spec:
  node: a
  interfaceName: wg0
  table: main
  peers: [{ publicKey: "${publicKeyOf(generatePrivateKey())}", endpoint: "192.0.2.1:51820", allowedIPs: [192.0.2.0/24] }]
`)
  const agent = new Agent(options)
  assert.equal(await agent.once(), true)
  assert.equal(host.routes.length, 1)
  assert.equal(agent.status.problems[0]?.code, 'LockoutRisk')
  assert.equal(lines.filter((line) => line.includes('warn  risk code=LockoutRisk')).length, 1)
  assert.ok(agent.status.conditions.every(({ status }) => status))
})

test('a plan beyond the local bounds is refused as an object, and the network before it stays', async (t) => {
  const { host, options, write, config, dir } = await setUp(t, { config: 'cidrs: [10.77.0.0/16]\n' })
  write(HUB)
  const agent = await running(options)
  const before = await host.observe()
  write(HUB.replace('10.77.0.0/24', '10.99.0.0/24'))
  await eventually(() => agent.status.problems.some((p) => p.code === 'OutOfBounds'))
  assert.deepEqual(await host.observe(), before)
  assert.equal(agent.status.conditions.find((c) => c.type === 'Accepted')?.status, false)
  host.addresses = []
  host.tell('address gone')
  await eventually(() => host.addresses.length === 1)
  writeFileSync(config, 'cidrs: [10.99.0.0/16]\n')
  host.tell('look again')
  await eventually(() => host.addresses[0]?.local === '10.99.0.1')
  void dir
})

test('bounds that cannot be read allow nothing new', async (t) => {
  const { host, options, write, config } = await setUp(t)
  write(HUB)
  const agent = await running(options)
  writeFileSync(config, 'cidr: 10.0.0.0/8\n')
  write(HUB.replace('10.77.0.0/24', '10.99.0.0/24'))
  await eventually(() => agent.status.problems.some((p) => p.code === 'InvalidBounds'))
  assert.equal(host.addresses[0]?.local, '10.77.0.1')
})

test('with pinned keys a peer whose key changes is refused', async (t) => {
  const { host, options, write } = await setUp(t, { config: 'pinPeerKeys: true\n' })
  write(HUB)
  const agent = await running(options)
  const before = await host.observe()
  write(
    HUB.replace(/name: b, publicKey: "[^"]*"/, `name: b, publicKey: "${publicKeyOf(generatePrivateKey())}"`),
  )
  await eventually(() => agent.status.problems.some((p) => p.code === 'PeerKeyChanged'))
  assert.deepEqual(await host.observe(), before)
})

test('GC-20: a fight with another program ends after ten rounds, and the status names what keeps coming back', async (t) => {
  const { host, options, write } = await setUp(t, { clock: new FakeClock() })
  write(HUB)
  host.interfere = () => host.setUp('wg0', false)
  const agent = new Agent(options)
  assert.equal(await agent.once(), false)
  const problem = agent.status.problems.find((p) => p.code === 'DidNotConverge')
  assert.match(problem?.message ?? '', /did not converge after 10 rounds.*ip link set dev wg0 up/)
  assert.equal(agent.status.phase, 'Failed')
})

test('GC-20: refusals are retried later and later, and forgotten on success', async (t) => {
  const clock = new FakeClock()
  const { host, options, write, lines } = await setUp(t, { clock })
  write(HUB)
  let refusals = 0
  host.refuse = (step) =>
    step.kind === 'address-add' && ++refusals <= 4 ? 'Cannot add it: EPERM' : undefined
  const agent = new Agent(options)
  const stop = new AbortController()
  const done = agent.run(stop.signal)
  for (const waitMs of [5, 10, 20, 40]) {
    await eventually(() => agent.status.phase === 'Failed' && clock.waiting > 0)
    const before = refusals
    clock.advance(waitMs - 1)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(refusals, before)
    clock.advance(1)
    await eventually(() => refusals > before || agent.status.phase === 'Converged')
  }
  await eventually(() => agent.status.phase === 'Converged')
  assert.deepEqual(agent.status.problems, [])
  assert.equal(lines.filter((l) => l.includes('change refused')).length, 4)
  stop.abort()
  await done
})

test('a refused step does not stop the others', async (t) => {
  const { host, options, write, status } = await setUp(t)
  write(HUB)
  host.refuse = (step) => (step.kind === 'address-add' ? 'Cannot add address: EPERM' : undefined)
  assert.equal(await new Agent(options).once(), false)
  assert.equal(host.links[0]?.up, true)
  assert.equal(status().phase, 'Failed')
  assert.match(status().problems[0]?.message ?? '', /EPERM/)
})

test('a link that is somebody else’s is a problem and stays as it is', async (t) => {
  const { host, options, write, status } = await setUp(t)
  write(HUB)
  host.links.push({
    index: 3,
    name: 'wg0',
    kind: 'bridge',
    up: true,
    mtuBytes: 1500,
    altNames: [],
    operState: 'up',
    flags: ['UP'],
    settings: {},
  })
  await new Agent(options).once()
  assert.equal(status().problems[0]?.code, 'LinkNotOurs')
  assert.equal(host.applied.length, 0)
})

test('stopping leaves everything; remove() takes only what is ours', async (t) => {
  const { host, options, write } = await setUp(t)
  host.links.push({
    index: 3,
    name: 'eth0',
    kind: '',
    up: true,
    mtuBytes: 1500,
    altNames: [],
    operState: 'up',
    flags: ['UP'],
    settings: {},
  })
  write(HUB)
  const agent = new Agent(options)
  const stop = new AbortController()
  const done = agent.run(stop.signal)
  await eventually(() => agent.status.phase === 'Converged')
  stop.abort()
  await done
  assert.equal(host.links.length, 2)
  await agent.remove()
  assert.deepEqual(
    host.links.map((l) => l.name),
    ['eth0'],
  )
})

test('a file with nothing but a comment removes the network', async (t) => {
  const { host, options, write, source } = await setUp(t)
  write(HUB)
  const agent = await running(options)
  source.write('# nothing is wanted here any more\n')
  await eventually(() => host.links.length === 0)
  assert.equal(agent.status.phase, 'Converged')
})

test('GC-15: neither status nor log ever holds a private or preshared key', async (t) => {
  const { options, write, dir, lines } = await setUp(t)
  write(HUB)
  await new Agent(options).once()
  const secret = readFileSync(join(dir, 'keys', 'default_home.key'), 'utf8').trim()
  for (const text of [readFileSync(join(dir, 'agent.json'), 'utf8'), lines.join('')])
    assert.ok(!text.includes(secret))
})

test('the endpoint of a peer that roamed survives, also a restart of the agent', async (t) => {
  const { host, options, source, own, dir } = await setUp(t)
  const text = HUB.replace('hubs: [a]', 'hubs: [b]')
    .replace('endpoint: "192.0.2.1:51820" ', '')
    .replace('name: a,', 'name: a')
    .replace('name: b,', 'name: b, endpoint: "hub.example:51820",')
  source.write(text, lockFor(text, own))
  assert.equal(await new Agent(options).once(), true)
  const peer = [...(host.devices.get('wg0')?.peers.values() ?? [])][0]
  assert.equal(peer?.endpoint, '192.0.2.1:51820')
  peer.endpoint = '198.51.100.7:4444'
  peer.lastHandshakeMs = Date.now()
  assert.equal(await new Agent(options).once(), true)
  assert.equal(peer.endpoint, '198.51.100.7:4444')
  void dir
})

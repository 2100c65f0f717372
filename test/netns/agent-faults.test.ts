/**
 * An agent over links of several kinds while the system refuses, loses and delays what it asks: in the end everything
 * is as wanted, and the next look finds nothing to do. In this process, which moves into a namespace of its own.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Agent, createLogger, LinuxHost, systemClock, type Host } from '../../src/agent/index.ts'
import {
  CLONE_NEWNET,
  EBUSY,
  EEXIST,
  ENODEV,
  ENOMEM,
  loadSyscalls,
  newNetns,
  RTM_NEWLINK,
} from '../../src/linux/index.ts'
import { type FaultySyscalls, isChange, withFaults } from '../../src/linux/fake/index.ts'
import { formatAllocations, NO_ALLOCATIONS } from '../../src/model/index.ts'
import { FileSource } from '../../src/sources/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { link } from './agent-objects.ts'

const options = {
  ...needs({ root: true, kernel: ['veth', 'bridge', 'vxlan'], tools: ['ip'] }),
  timeout: patiently(300_000),
}

const planFor = (container: string): string =>
  [
    link('br0', 'type: bridge, mtu: 1450, addresses: [10.9.0.1/24], bridge: { ports: [p0] }'),
    link(
      'p0',
      `type: veth, mtu: 1450, veth: { peer: { interfaceName: eth0, mtu: 1450, addresses: [10.9.0.2/24], routes: [{ to: 0.0.0.0/0, via: 10.9.0.1 }], container: { netns: ${container} } } }`,
    ),
    link(
      'vx0',
      'type: vxlan, addresses: [10.9.1.1/24], routes: [{ to: 10.8.0.0/16, via: 10.9.1.2 }], vxlan: { vni: 7, link: br0, local: 10.9.0.1, ttl: 9, forwarding: [{ destination: 10.9.0.7 }] }',
    ),
  ].join('')

interface World {
  readonly dir: string
  readonly faults: FaultySyscalls
  readonly host: LinuxHost
  readonly lines: string[]
  readonly slow: string[]
  /** Of a new container. */
  readonly inside: number
  agent(host?: Host): Agent
  wants(text: string): void
}

const setUp = (t: TestContext): World => {
  const sys = loadSyscalls()
  assert.equal(sys.unshare(CLONE_NEWNET), 0)
  const dir = mkdtempSync(join(tmpdir(), 'warren-faults-'))
  mkdirSync(join(dir, 'plans'))
  const faults = withFaults(sys)
  const slow: string[] = []
  const lines: string[] = []
  const host = LinuxHost.open({
    backend: 'userspace',
    runDir: dir,
    stateDir: dir,
    uapiDir: dir,
    syscalls: faults.sys,
    onSlow: (what) => slow.push(what),
  })
  const inside = newNetns(sys)
  t.after(() => {
    host.close()
    sys.close(inside)
    rmSync(dir, { recursive: true })
  })
  const agent = (over: Host = host): Agent =>
    new Agent({
      node: 'a',
      source: new FileSource({ dir: join(dir, 'plans') }),
      host: over,
      clock: systemClock,
      log: createLogger({
        format: 'text',
        level: 'info',
        write: (l) => lines.push(l),
        now: () => Date.now(),
      }),
      lookup: () => Promise.resolve([]),
      stateDir: dir,
      runDir: dir,
      boundsPath: join(dir, 'agent.yaml'),
    })
  const wants = (text: string): void => {
    writeFileSync(join(dir, 'plans', 'x.lock.yaml'), formatAllocations(NO_ALLOCATIONS))
    writeFileSync(join(dir, 'plans', 'x.yaml'), text)
  }
  return { dir, faults, host, lines, slow, inside, agent, wants }
}

const planOf = (world: World): string => planFor(`/proc/${process.pid}/fd/${world.inside}`)

/** Runs an agent until all is as wanted. */
const untilConverged = async (world: World, what: string): Promise<void> => {
  const agent = world.agent()
  const stop = new AbortController()
  const done = agent.run(stop.signal)
  try {
    await eventually(() => agent.status.phase === 'Converged', { timeoutMs: 20_000, what })
    assert.ok(
      agent.status.objects.every((o) => o.conditions[0]?.status),
      what,
    )
  } catch (error) {
    const { problems, repairs } = agent.status
    const said = `${JSON.stringify({ problems, repairs })}\n${world.lines.slice(-20).join('')}`
    throw new Error(`${what}: ${said}`, { cause: error })
  } finally {
    stop.abort()
    await done
  }
}

const ERRORS = { EBUSY, EEXIST, ENODEV, ENOMEM }

test('EBUSY, EEXIST, ENODEV and ENOMEM from any request are got over', options, async (t) => {
  const world = setUp(t)
  let tried = 0
  for (const [name, errno] of Object.entries(ERRORS))
    for (let nth = 1; ; nth++) {
      world.wants(planOf(world))
      let seen = 0
      const before = world.faults.struck()
      world.faults.inject({ matches: (request) => isChange(request) && ++seen === nth, errno })
      await untilConverged(world, `${name} from request ${nth}`)
      const { steps } = await world.agent().dryRun()
      assert.deepEqual(steps, [], `${name} from request ${nth}`)
      const struck = world.faults.struck() > before
      world.faults.clear()
      world.wants('# nothing is wanted\n')
      assert.equal(await world.agent().once(), true)
      if (!struck) break
      tried++
    }
  t.diagnostic(`${tried} refusals`)
  assert.ok(tried > 60)
})

test('a link that somebody else makes at the same moment is not touched', options, async (t) => {
  const world = setUp(t)
  world.wants(link('br0', 'type: bridge, addresses: [10.9.0.1/24]'))
  const host: Host = {
    backend: world.host.backend,
    observe: (wanted) => world.host.observe(wanted),
    peek: (wanted) => world.host.peek(wanted),
    apply: (steps, keys) => {
      execFileSync('ip', ['link', 'add', 'br0', 'type', 'bridge'])
      return world.host.apply(steps, keys)
    },
    keep: () => world.host.keep(),
    watch: (onEvent) => world.host.watch(onEvent),
    close: () => world.host.close(),
  }
  assert.equal(await world.agent(host).once(), false)
  const shown = execFileSync('ip', ['address', 'show', 'br0'], { encoding: 'utf8' })
  assert.doesNotMatch(shown, /warren-br0|10\.9\.0\.1/)
})

test('requests of which only the answer is lost are found to be done', options, async (t) => {
  const world = setUp(t)
  world.wants(planOf(world))
  let seen = 0
  world.faults.inject({
    matches: (request) => isChange(request) && ++seen % 4 === 0,
    answer: 'lost',
    times: 5,
  })
  await untilConverged(world, 'answers lost')
  assert.deepEqual((await world.agent().dryRun()).steps, [])
})

test('events that were lost (ENOBUFS) are made up for by looking at everything', options, async (t) => {
  const world = setUp(t)
  world.wants(planOf(world))
  const agent = world.agent()
  const stop = new AbortController()
  const done = agent.run(stop.signal)
  await eventually(() => agent.status.phase === 'Converged')
  const noKeys = { privateKeys: new Map(), presharedKeys: new Map() }
  // What the kernel still had to tell of the first pass may be what is lost: then it is broken again.
  const lost = (): boolean => agent.status.repairs.some((r) => r.cause === 'events lost')
  for (let tries = 0; tries < 10 && !lost(); tries++) {
    const before = agent.status.repairs.length
    world.faults.loseEvents()
    await world.host.apply([{ kind: 'link-set', link: 'br0', up: false }], noKeys)
    await eventually(() => agent.status.repairs.length > before, { what: 'it is repaired' })
  }
  assert.ok(lost())
  assert.equal(agent.status.links.find((l) => l.name === 'br0')?.up, true)
  stop.abort()
  await done
})

test(
  'while somebody else holds the lock of the kernel the agent waits, says for what, and then goes on',
  options,
  async (t) => {
    const world = setUp(t)
    world.wants(planOf(world))
    world.faults.inject({ type: RTM_NEWLINK, delayMs: 10_000 })
    await untilConverged(world, 'the lock is free again')
    assert.match(world.slow.join('\n'), /ip link/)
    assert.deepEqual((await world.agent().dryRun()).steps, [])
  },
)

test(
  'a container that goes while it is configured blocks nothing, whatever step it goes before',
  options,
  async (t) => {
    const world = setUp(t)
    const sys = loadSyscalls()
    for (let before = 1; ; before++) {
      const gone = newNetns(sys)
      world.wants(planFor(`/proc/${process.pid}/fd/${gone}`))
      let steps = 0
      const host: Host = {
        backend: world.host.backend,
        observe: (wanted) => world.host.observe(wanted),
        peek: (wanted) => world.host.peek(wanted),
        apply: async (all, keys) => {
          const failures = []
          for (const step of all) {
            if (++steps === before) sys.close(gone)
            failures.push(...(await world.host.apply([step], keys)))
          }
          return failures
        },
        keep: () => world.host.keep(),
        watch: (onEvent) => world.host.watch(onEvent),
        close: () => world.host.close(),
      }
      const agent = world.agent(host)
      const stop = new AbortController()
      const done = agent.run(stop.signal)
      const ended = steps < before
      const reason = (): string | undefined =>
        agent.status.objects.find((o) => o.name === 'p0')?.conditions[0]?.reason
      await eventually(() => agent.status.phase === 'Converged', {
        what: `converges, gone before step ${before}`,
      })
      if (steps >= before)
        await eventually(() => reason() === 'ContainerMissing', {
          what: `missed, gone before step ${before}`,
        })
      stop.abort()
      await done
      void ended
      world.wants('# nothing is wanted\n')
      if (steps < before) {
        sys.close(gone)
        break
      }
    }
  },
)

test(
  'without a place to note it nothing is put into a container, and the rest is done',
  options,
  async (t) => {
    const world = setUp(t)
    world.wants(planOf(world))
    const inTheWay = join(world.dir, 'containers.json.new')
    mkdirSync(inTheWay)
    const agent = world.agent()
    assert.equal(await agent.once(), false)
    const reasons = agent.status.objects.map((o) => [o.name, o.conditions[0]?.reason])
    assert.ok(reasons.some(([name, reason]) => name === 'p0' && reason === 'ApplyFailed'))
    assert.ok(agent.status.links.some((l) => l.name === 'vx0' && l.up))
    assert.ok(!agent.status.links.some((l) => l.name === 'p0' || l.name === 'eth0'))
    rmdirSync(inTheWay)
    await untilConverged(world, 'it can be noted again')
  },
)

/**
 * Whatever happens to the agent's process, traffic that the kernel or a device process carries goes on; and one
 * run directory has one agent.
 *
 *    a (hub) 192.0.2.1 ──────── 192.0.2.2 b
 *    wg0 10.88.0.1     TCP ◀─── stream ───  wg0 10.88.0.2
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, follow, pair, pings, USERSPACE_MAKES, REACHED_MS } from './agent-hosts.ts'
import { flows, HUB_PLAN, openStream, streamTest } from './agent-suites.ts'

for (const make of USERSPACE_MAKES) {
  streamTest(make)
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

  test(
    `stopping leaves the network of ${make.name} up; what broke meanwhile is repaired at the next start`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(HUB_PLAN, [a, b])
      await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
      await a.signal('SIGTERM')
      assert.ok(await pings(b, '10.88.0.1'))
      await a.net.exec('ip address flush dev wg0')
      a.start()
      await a.converged()
      await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
    },
  )

  test(`a TCP stream survives SIGKILL of the process behind ${make.name}`, options, async (t) => {
    const [a, b] = await pair(t, make)
    await follow(HUB_PLAN, [a, b])
    await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
    await eventually(() => a.shakesHands(), { timeoutMs: REACHED_MS })
    const stream = await openStream(a, b)
    await flows(stream)
    const device = await deviceOf(a)
    await a.repairsAfter(async () => void process.kill(device, 'SIGKILL'))
    await flows(stream)
  })
}

/** Who listens on the interface's UDP port. */
const deviceOf = async (host: AgentHost): Promise<number> => {
  const sockets = await host.net.exec('ss -Hulnp sport = 51820')
  return Number(/pid=(\d+)/.exec(sockets)?.[1])
}

const [own] = USERSPACE_MAKES
const options = {
  ...needs({ ...own.needs, tools: [...(own.needs.tools ?? []), 'ss'] }),
  timeout: patiently(240_000),
}
const started = async (t: TestContext): Promise<[AgentHost, AgentHost]> => {
  const hosts = await pair(t, own)
  await follow(HUB_PLAN, hosts)
  return hosts
}

test('a second agent of the same run directory refuses, and the first one goes on', options, async (t) => {
  const [a] = await started(t)
  const child = a.net.spawn(resolve('bin/warren'), a.flags('--once'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 69)
  assert.match(said, /another agent runs already/)
  await a.repairsAfter(() => a.net.exec('ip link set wg0 down'))
})

test(
  'a plan that turns bad, empties or vanishes leaves the network as it is, also over a restart',
  options,
  async (t) => {
    const [a, b] = await started(t)
    await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
    const path = join(a.dir('plans'), 'home.yaml')
    const good = readFileSync(path, 'utf8')
    for (const [bad, code] of [
      ['kind: [', 'InvalidYaml'],
      ['', 'FileEmpty'],
      [undefined, 'SourceVanished'],
    ] as const) {
      if (bad === undefined) rmSync(path)
      else writeFileSync(path, bad)
      await eventually(() => a.status()?.problems.some((p) => p.code === code), {
        timeoutMs: REACHED_MS,
        what: code,
      })
      assert.ok(await pings(b, '10.88.0.1'))
    }
    await a.signal('SIGKILL')
    await a.net.exec('ip link delete wg0')
    a.start()
    await eventually(() => pings(b, '10.88.0.1'), {
      timeoutMs: REACHED_MS,
      what: 'the last good plan is used',
    })
    assert.equal(a.status()?.problems[0]?.code, 'SourceVanished')
    writeFileSync(path, good)
    await eventually(() => a.status()?.problems.length === 0)
  },
)

test('a changed plan is followed within a moment of its file', options, async (t) => {
  const [a, b] = await started(t)
  await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
  const path = join(a.dir('plans'), 'home.yaml')
  writeFileSync(path, readFileSync(path, 'utf8').replace('name: wg0', 'name: wg0, mtu: 1380'))
  await eventually(() => a.status()?.interfaces[0]?.mtuBytes === 1380)
  assert.equal(a.status()?.generation, 2)
  assert.equal(a.status()?.observedGeneration, 2)
})

test(
  'GC-17: --dry-run lists commands that iproute2 and wg(8) accept, and changes nothing',
  options,
  async (t) => {
    const [a] = await started(t)
    await a.signal('SIGTERM')
    const { code, said } = await a.once('--remove-on-exit')
    assert.equal(code, 0, said)
    const child = a.net.spawn(resolve('bin/warren'), a.flags('--dry-run'))
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    assert.equal(((await once(child, 'close')) as [number])[0], 0)
    assert.equal(await a.net.succeeds('ip link show wg0'), false)
    assert.equal(existsSync(a.net.pathOf('/run/agent/run/device-wg0.log.new')), false)
    // Typed as they are, with a device started by hand and the key's file filled in, they make the same network.
    const key = '/run/agent/state/keys/default_home.key'
    const device = a.net.spawn(resolve('bin/warren'), [
      'device',
      'wg0',
      '--state-dir',
      '/run/agent/state/device',
    ])
    await once(device.stdout as NodeJS.ReadableStream, 'data')
    for (const line of text
      .trim()
      .split('\n')
      .filter((l) => !l.endsWith('&')))
      await a.net.exec(line.replace('./node.key', key))
    const again = a.net.spawn(resolve('bin/warren'), a.flags('--dry-run'))
    let rest = ''
    again.stdout?.on('data', (chunk: Buffer) => (rest += chunk.toString()))
    await once(again, 'close')
    assert.equal(rest, '')
  },
)

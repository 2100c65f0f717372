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
import { type AgentHost, follow, MAKES, pair, pings } from './agent-hosts.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24]
  topology: HubAndSpoke
  hubs: [a]
  interface: { name: wg0 }
  nodes:
  - { name: a, endpoint: "192.0.2.1:51820" }
  - { name: b }
`

const STREAM = `
import { connect, createServer } from 'node:net'
if (process.argv[1] === 'serve') createServer((s) => s.pipe(s)).listen(7000, '10.88.0.1', () => console.log('up'))
else {
  const s = connect(7000, '10.88.0.1')
  s.on('error', (e) => { console.log('broken ' + e.code); process.exit(1) })
  let sent = 0, back = 0
  s.on('data', (d) => { back += d.length })
  setInterval(() => { s.write('x'.repeat(1000)); sent += 1000; console.log(JSON.stringify({ sent, back })) }, 20)
}`

/** An echoed TCP stream from b to a; `back()` counts the bytes that came back over it. */
const openStream = async (a: AgentHost, b: AgentHost): Promise<{ back(): number; broken(): boolean }> => {
  const server = a.net.spawn(process.execPath, ['--input-type=module', '-e', STREAM, 'serve'])
  await once(server.stdout as NodeJS.ReadableStream, 'data')
  const client = b.net.spawn(process.execPath, ['--input-type=module', '-e', STREAM, 'connect'])
  let text = ''
  client.stdout?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-2000)))
  return {
    back: () => {
      const line = text.split('\n').findLast((l) => l.startsWith('{') && l.endsWith('}')) ?? '{"back":0}'
      return (JSON.parse(line) as { back: number }).back
    },
    broken: () => text.includes('broken') || client.exitCode !== null,
  }
}

const flows = async (stream: { back(): number; broken(): boolean }): Promise<void> => {
  const before = stream.back()
  await eventually(() => stream.back() > before + 5_000, { timeoutMs: 30_000, what: 'the stream goes on' })
  assert.equal(stream.broken(), false)
}

for (const make of MAKES) {
  const options = { ...needs(make.needs), timeout: patiently(120_000) }

  test(
    `a TCP stream survives SIGKILL of both agents on ${make.name}, and a restart changes nothing`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(PLAN, [a, b])
      await eventually(() => pings(b, '10.88.0.1'))
      const stream = await openStream(a, b)
      await flows(stream)
      for (const host of [a, b]) await host.signal('SIGKILL')
      await flows(stream)
      for (const host of [a, b]) {
        host.log = ''
        host.start()
        await host.converged()
        assert.equal(host.log, '', 'nothing to do, nothing to say')
      }
      await flows(stream)
    },
  )

  test(
    `stopping leaves the network of ${make.name} up; what broke meanwhile is repaired at the next start`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(PLAN, [a, b])
      await eventually(() => pings(b, '10.88.0.1'))
      await a.signal('SIGTERM')
      assert.ok(await pings(b, '10.88.0.1'))
      await a.net.exec('ip address flush dev wg0')
      a.start()
      await a.converged()
      await eventually(() => pings(b, '10.88.0.1'))
    },
  )

  if (make.name !== 'the kernel')
    test(`a TCP stream survives SIGKILL of the process behind ${make.name}`, options, async (t) => {
      const [a, b] = await pair(t, make)
      await follow(PLAN, [a, b])
      await eventually(() => pings(b, '10.88.0.1'))
      await eventually(() => a.shakesHands())
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

const [own] = MAKES
const options = {
  ...needs({ ...own?.needs, tools: [...(own?.needs.tools ?? []), 'ss'] }),
  timeout: patiently(120_000),
}
const started = async (t: TestContext): Promise<[AgentHost, AgentHost]> => {
  const hosts = await pair(t, own as (typeof MAKES)[number])
  await follow(PLAN, hosts)
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
    await eventually(() => pings(b, '10.88.0.1'))
    const path = join(a.dir('plans'), 'home.yaml')
    const good = readFileSync(path, 'utf8')
    for (const [bad, code] of [
      ['kind: [', 'InvalidYaml'],
      ['', 'FileEmpty'],
      [undefined, 'SourceVanished'],
    ] as const) {
      if (bad === undefined) rmSync(path)
      else writeFileSync(path, bad)
      await eventually(() => a.status()?.problems.some((p) => p.code === code), { what: code })
      assert.ok(await pings(b, '10.88.0.1'))
    }
    await a.signal('SIGKILL')
    await a.net.exec('ip link delete wg0')
    a.start()
    await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: 30_000, what: 'the last good plan is used' })
    assert.equal(a.status()?.problems[0]?.code, 'SourceVanished')
    writeFileSync(path, good)
    await eventually(() => a.status()?.problems.length === 0)
  },
)

test('a changed plan is followed within a moment of its file', options, async (t) => {
  const [a, b] = await started(t)
  await eventually(() => pings(b, '10.88.0.1'))
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

/**
 * The examples of links, each brought up by an agent in namespaces, and used. Containers are namespaces of `ip netns`
 * here; real ones are in the tests of `containers`.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { AgentHost, lockFor, REACHED_MS, USERSPACE_MAKES } from './agent-hosts.ts'

const [MAKE] = USERSPACE_MAKES
const TOOLS = ['ip', 'ping', 'nsenter', 'unshare']
const timeout = patiently(120_000)

const host = async (t: TestContext, node: string): Promise<AgentHost> => {
  const net = await Namespace.create(node)
  t.after(() => net.close())
  return new AgentHost(node, net, MAKE)
}

const applyOnce = async (agent: AgentHost, text: string, lock?: string): Promise<void> => {
  agent.writePlan(text, lock ?? (await lockFor(text, [])))
  const { code, said } = await agent.once()
  assert.equal(code, 0, said)
}

const reaches = (agent: AgentHost, command: string): Promise<boolean> =>
  eventually(() => agent.net.succeeds(command), { what: command, timeoutMs: REACHED_MS })

const bridged = { ...needs({ root: true, kernel: ['bridge', 'veth'], tools: TOOLS }), timeout }

test(
  'GC-09 GC-10 bridge-and-veth.yaml: a container behind a bridge reaches the machine',
  bridged,
  async (t) => {
    const a = await host(t, 'a')
    await a.net.exec('ip netns add web')
    const text = readFileSync('examples/bridge-and-veth.yaml', 'utf8')
    await applyOnce(a, text)
    await reaches(a, 'ip netns exec web ping -c 1 -W 1 10.20.0.1')
    await reaches(a, 'ip netns exec web ping -c 1 -W 1 fd20::1')
    assert.match(await a.net.exec('ip -d link show web0'), /master br-web/)
    assert.match(await a.net.exec('ip route show 10.20.9.0/24'), /via 10\.20\.0\.9 dev br-web proto 87/)
    assert.match(await a.net.exec('ip netns exec web ip route show default'), /via 10\.20\.0\.1 dev eth0/)
    const { said } = await a.once('--dry-run')
    assert.doesNotMatch(said, /ip (-n \S+ )?(link|address|route)/)
  },
)

/** Links that come up whatever the order of the objects. */
const reversed = (text: string): string => text.split('\n---\n').toReversed().join('\n---\n')

const overWireGuard = { ...needs({ ...MAKE.needs, kernel: ['tun', 'veth', 'vxlan'] }), timeout }

test('GC-11 vxlan-over-wireguard.yaml: ff02::1 on one end reaches the other', overWireGuard, async (t) => {
  const [left, right] = [await host(t, 'left'), await host(t, 'right')]
  await connect([left.net, '192.0.2.1/24'], [right.net, '192.0.2.2/24'])
  const text = reversed(readFileSync('examples/vxlan-over-wireguard.yaml', 'utf8'))
  const lock = await lockFor(text, [left, right], 'default/pair')
  await applyOnce(left, text, lock)
  await applyOnce(right, text, lock)
  await reaches(right, 'ping -c 1 -W 1 10.142.0.1')
  const answers = await right.net.exec('ping -c 2 -W 2 ff02::1%seg0')
  // Its own answer comes first, and the other end has two addresses to answer from.
  assert.match(answers, /from fe80::(?!2%)\S+%seg0/)
  assert.match(await left.net.exec('ip link show seg0'), /mtu 1370/)
})

const inContainers = { ...needs({ ...MAKE.needs, kernel: ['tun', 'veth'] }), timeout }

test(
  'GC-05 GC-11 containers.yaml: links in two namespaces, the UDP socket in neither',
  inContainers,
  async (t) => {
    const lax1 = await host(t, 'lax1')
    for (const name of ['agent1', 'agent2']) await lax1.net.exec(`ip netns add ${name}`)
    const text = readFileSync('examples/containers.yaml', 'utf8')
    await applyOnce(lax1, text.replaceAll(/\{ docker: \{ name: (\w+) \} \}/g, '{ netns: $1 }'))
    const answers = await lax1.net.exec('ip netns exec agent1 ping -c 2 -W 2 ff02::1%veth1-a')
    assert.match(answers, /from fe80::(?!eeee:1%)\S+%veth1-a/)
    assert.match(await lax1.net.exec('ip -n agent1 address show wg0'), /10\.4\.0\.1 peer 10\.4\.0\.2\/32/)
    assert.match(await lax1.net.exec('ss -lun'), /:51021\b/)
    assert.doesNotMatch(await lax1.net.exec('ip netns exec agent1 ss -lun'), /:51021\b/)
  },
)

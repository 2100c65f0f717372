/**
 * Links in the namespaces of others, named by PID and by path, as a real agent makes and keeps them.
 *
 *    a 192.0.2.1 ───────────── 192.0.2.2 b          wg0 lives in a container, its UDP socket in a's own namespace:
 *    │ :51801                     wg-b                that is where its packets come from and go to
 *    └─ inside: wg0 10.4.0.1      10.4.0.2
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { generatePrivateKey, publicKeyOf } from '../../src/agent/index.ts'
import { birthNameOf } from '../../src/model/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import {
  type AgentHost,
  KERNEL_MAKE,
  pings,
  REACHED_MS,
  USERSPACE_MAKES,
  type AgentMake,
} from './agent-hosts.ts'
import { alone, followed, link } from './agent-objects.ts'
import { dockerEngine } from './docker-engine.ts'

const KEYS = { a: generatePrivateKey(), b: generatePrivateKey() }

const wireguard = (o: {
  readonly name: string
  readonly node: 'a' | 'b'
  readonly rest: string
}): string => `---
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: ${o.name} }
spec:
  node: ${o.node}
  privateKey: "${KEYS[o.node]}"
  ${o.rest}
`

const tunnelPlan = (container: string): string =>
  wireguard({
    name: 'in',
    node: 'a',
    rest: `interfaceName: wg0
  listenPort: 51801
  container: ${container}
  addresses: [10.4.0.1/24]
  peers: [{ publicKey: "${publicKeyOf(KEYS.b)}", allowedIPs: [10.4.0.2/32] }]`,
  }) +
  wireguard({
    name: 'out',
    node: 'b',
    rest: `interfaceName: wg-b
  listenPort: 51802
  addresses: [10.4.0.2/24]
  peers: [{ publicKey: "${publicKeyOf(KEYS.a)}", endpoint: "192.0.2.1:51801", allowedIPs: [10.4.0.1/32] }]`,
  })

/** UDP ports that somebody listens on in this namespace. */
const udpPorts = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/net/udp`, 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const port = /^\s*\d+: [0-9A-F]{8}:([0-9A-F]{4})/.exec(line)?.[1]
      return port === undefined ? [] : [Number.parseInt(port, 16)]
    })

const container = async (t: TestContext): Promise<Namespace> => {
  const net = await Namespace.create('inside')
  t.after(() => net.close())
  return net
}

const twoHosts = async (t: TestContext, make: AgentMake): Promise<[AgentHost, AgentHost]> => {
  const [a, b] = [await alone(t, { make }), await alone(t, { make, node: 'b' })]
  await connect([a.net, '192.0.2.1/24'], [b.net, '192.0.2.2/24'])
  return [a, b]
}

for (const make of [...USERSPACE_MAKES, KERNEL_MAKE]) {
  const options = { ...needs(make.needs), timeout: patiently(120_000) }

  for (const by of ['PID', 'netns path'] as const)
    test(
      `GC-05: ${make.name} in a container by ${by}, its socket in the birth namespace`,
      options,
      async (t) => {
        const [a, b] = await twoHosts(t, make)
        const inside = await container(t)
        const text = tunnelPlan(
          by === 'PID' ? `{ pid: ${inside.pid} }` : `{ netns: /proc/${inside.pid}/ns/net }`,
        )
        await followed(a, text)
        await followed(b, text)
        assert.deepEqual(a.status()?.problems, [])
        assert.match(await inside.exec('ip address show dev wg0'), /10\.4\.0\.1\/24/)
        assert.equal(await a.net.succeeds('ip link show wg0'), false)
        await eventually(() => udpPorts(a.net.pid).includes(51801), {
          what: 'the socket is where it was born',
        })
        assert.ok(!udpPorts(inside.pid).includes(51801))
        await eventually(() => pings(b, '10.4.0.1'), {
          timeoutMs: REACHED_MS,
          what: 'b reaches the container',
        })
        await eventually(() => inside.succeeds('ping -c 1 -W 1 10.4.0.2'), { timeoutMs: REACHED_MS })
        const shown = a.status()?.interfaces[0]
        assert.equal(shown?.name, 'wg0')
        assert.equal(
          shown?.container,
          by === 'PID' ? `pid:${inside.pid}` : `netns:/proc/${inside.pid}/ns/net`,
        )
        const repairs = await a.repairsAfter(() => inside.exec('ip link delete wg0'))
        t.diagnostic(`${make.name}: ${repairs.map((r) => `${r.cause} ${r.tookMs} ms`).join(', ')}`)
        await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS, what: 'it is back' })
        await followed(a, '# nothing\n')
        assert.equal(await inside.succeeds('ip link show wg0'), false)
        await eventually(() => !udpPorts(a.net.pid).includes(51801), { what: 'the port is free' })
        const birth = birthNameOf(`wg0@${shown?.container}`)
        assert.equal(await a.net.succeeds(`ip link show ${birth}`), false)
      },
    )
}

const LINKS = {
  ...needs({ root: true, kernel: ['veth', 'bridge'], tools: ['ip', 'nsenter', 'unshare'] }),
  timeout: patiently(120_000),
}

test(
  'GC-13: what is in a container comes back when it is restarted, and one that is gone blocks nothing',
  LINKS,
  async (t) => {
    const a = await alone(t)
    let inside = await container(t)
    await a.net.exec('mkdir -p /run/netns')
    await a.net.exec('touch /run/netns/web')
    // The name outlives the namespace, as that of a container does.
    const start = async (): Promise<void> => {
      await a.net.exec(`mount --bind /proc/${inside.pid}/ns/net /run/netns/web`)
    }
    await start()
    const plan =
      link('br0', 'type: bridge, addresses: [10.9.0.1/24], bridge: { ports: [web0] }') +
      link(
        'web0',
        'type: veth, veth: { peer: { interfaceName: eth0, container: { netns: web }, addresses: [10.9.0.2/24], routes: [{ to: 0.0.0.0/0, via: 10.9.0.1 }] } }',
      )
    await followed(a, plan)
    assert.deepEqual(a.status()?.problems, [])
    await eventually(() => inside.succeeds('ping -c 1 -W 1 10.9.0.1'), {
      what: 'the container reaches the bridge',
    })
    assert.match(await inside.exec('ip route show default'), /via 10\.9\.0\.1 dev eth0 proto 87/)

    await a.net.exec('umount -l /run/netns/web')
    inside.close()
    await eventually(
      () => a.status()?.objects.find((o) => o.name === 'web0')?.conditions[0]?.reason === 'ContainerMissing',
      { what: 'missed' },
    )
    await a.repairsAfter(() => a.net.exec('ip link set br0 down'))

    inside = await container(t)
    await start()
    await eventually(() => inside.succeeds('ping -c 1 -W 1 10.9.0.1'), {
      timeoutMs: 40_000,
      what: 'the new container reaches the bridge',
    })
    await eventually(() => a.status()?.objects.every((o) => o.conditions[0]?.status), {
      what: 'all are ready',
    })

    await followed(a, '# nothing\n')
    assert.equal(await inside.succeeds('ip link show eth0'), false)
    assert.equal(await a.net.succeeds('ip link show web0'), false)
  },
)

for (const make of [USERSPACE_MAKES[0], KERNEL_MAKE])
  test(`GC-05 GC-13: ${make.name} in a container by docker name, and in the next one of that name`, {
    ...needs(make.needs),
    timeout: patiently(120_000),
  }, async (t) => {
    const [a, b] = await twoHosts(t, make)
    const docker = await dockerEngine(t, a.net)
    await followed(a, tunnelPlan('{ docker: { name: agent1 } }'))
    await followed(b, tunnelPlan('{ docker: { name: agent1 } }'))
    const reason = (): string | undefined => a.status()?.objects[0]?.conditions[0]?.reason
    assert.equal(reason(), 'ContainerMissing')
    for (const round of ['first', 'next']) {
      const inside = await container(t)
      docker.runs('agent1', inside.pid)
      await eventually(() => reason() === 'AsWanted', { timeoutMs: 30_000, what: `the ${round} is seen to` })
      assert.match(await inside.exec('ip address show dev wg0'), /10\.4\.0\.1\/24/)
      await eventually(() => udpPorts(a.net.pid).includes(51801), { what: 'the socket is where it was born' })
      await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS, what: `b reaches the ${round}` })
      inside.close()
      docker.runs('agent1', undefined)
      await eventually(() => reason() === 'ContainerMissing', {
        timeoutMs: 30_000,
        what: `the ${round} is missed`,
      })
    }
    await eventually(() => !udpPorts(a.net.pid).includes(51801), {
      timeoutMs: 30_000,
      what: 'the port is free',
    })
  })

test(
  'two names of one container are one namespace, and what is wanted twice there is told',
  LINKS,
  async (t) => {
    const a = await alone(t)
    const inside = await container(t)
    const [byPid, byPath] = [`{ pid: ${inside.pid} }`, `{ netns: /proc/${inside.pid}/ns/net }`]
    const plan = (name: string): string =>
      link('one', `type: bridge, interfaceName: br1, container: ${byPid}, addresses: [10.9.1.1/24]`) +
      link('two', `type: bridge, interfaceName: ${name}, container: ${byPath}, addresses: [10.9.2.1/24]`)
    await followed(a, plan('br2'))
    assert.deepEqual(
      a.status()?.objects.map((o) => o.conditions[0]?.reason),
      ['AsWanted', 'AsWanted'],
    )
    assert.match(await inside.exec('ip -br address show'), /br1 .*10\.9\.1\.1/)
    assert.match(await inside.exec('ip -br address show'), /br2 .*10\.9\.2\.1/)
    await a.repairsAfter(() => inside.exec('ip link delete br2'))
    await followed(a, plan('br1'))
    const reasons = a.status()?.objects.map((o) => o.conditions[0]?.reason)
    assert.deepEqual(reasons?.toSorted(), ['AsWanted', 'LinkNotOurs'])
    await followed(a, '# nothing\n')
    assert.doesNotMatch(await inside.exec('ip -br link show'), /br/)
  },
)

test('the network of the node itself is no container', LINKS, async (t) => {
  const a = await alone(t)
  await followed(a, link('one', `type: bridge, interfaceName: br1, container: { pid: ${a.net.pid} }`))
  assert.equal(a.status()?.objects[0]?.conditions[0]?.reason, 'ContainerUnknown')
  assert.match(a.status()?.objects[0]?.conditions[0]?.message ?? '', /node's own network namespace/)
  assert.equal(await a.net.succeeds('ip link show br1'), false)
})

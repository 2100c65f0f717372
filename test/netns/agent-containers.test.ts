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
        assert.ok(udpPorts(a.net.pid).includes(51801))
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
        assert.ok(!udpPorts(a.net.pid).includes(51801))
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

/**
 * Two machines of one site talk directly while they can and through the hub while they cannot, in every way the
 * LAN between them can break; both ends withdraw the path, because cryptokey routing drops what the hub forwards
 * as long as one of them does not.
 *
 *             h 203.0.113.1 (hub)
 *     203.0.113.2 /          \ 203.0.113.6
 *              x ──── LAN ──── y
 *        192.168.1.20      192.168.1.21
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { AgentHost, follow, USERSPACE_MAKES, pings, type AgentMake } from './agent-hosts.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24, "fd00:88::/64"]
  topology: HubAndSpoke
  hubs: [h]
  directPeering: SameSite
  interface: { name: wg0 }
  nodes:
  - { name: h, endpoint: "203.0.113.1:51820" }
  - { name: x, site: home-a, localEndpoint: "192.168.1.20:51820", persistentKeepalive: 1 }
  - { name: y, site: home-a, localEndpoint: "192.168.1.21:51820", persistentKeepalive: 1 }
`

const wire = async (
  [left, leftLink, leftAddress]: readonly [Namespace, string, string],
  [right, rightLink, rightAddress]: readonly [Namespace, string, string],
): Promise<void> => {
  await left.exec(`ip link add ${leftLink} type veth peer name ${rightLink} netns ${right.pid}`)
  await left.exec(`ip address add ${leftAddress} dev ${leftLink}`)
  await right.exec(`ip address add ${rightAddress} dev ${rightLink}`)
  await left.exec(`ip link set ${leftLink} up`)
  await right.exec(`ip link set ${rightLink} up`)
}

const site = async (t: TestContext, make: AgentMake): Promise<[AgentHost, AgentHost, AgentHost]> => {
  const names = ['h', 'x', 'y'] as const
  const [h, x, y] = (await Promise.all(names.map((n) => Namespace.create(n)))) as [
    Namespace,
    Namespace,
    Namespace,
  ]
  t.after(() => [h, x, y].forEach((n) => n.close()))
  await wire([h, 'toX', '203.0.113.1/32'], [x, 'wan', '203.0.113.2/30'])
  await wire([h, 'toY', '203.0.113.5/30'], [y, 'wan', '203.0.113.6/30'])
  await h.exec('ip route add 203.0.113.2 dev toX src 203.0.113.1')
  await y.exec('ip route add 203.0.113.1 via 203.0.113.5')
  await wire([x, 'lan', '192.168.1.20/24'], [y, 'lan', '192.168.1.21/24'])
  const hosts: [AgentHost, AgentHost, AgentHost] = [
    new AgentHost('h', h, make),
    new AgentHost('x', x, make),
    new AgentHost('y', y, make),
  ]
  await follow(PLAN, hosts)
  return hosts
}

const pathBetween = (host: AgentHost, other: string): string | undefined =>
  host.status()?.interfaces[0]?.peers.find((p) => p.node === other)?.path

/** A silent path has no peer at all. */
const phases = (x: AgentHost, y: AgentHost): string =>
  [pathBetween(x, 'y') ?? 'silent', pathBetween(y, 'x') ?? 'silent'].join(' ')

const reached = async (x: AgentHost): Promise<void> => {
  await eventually(() => pings(x, '10.88.0.3'), { timeoutMs: 40_000, what: 'x reaches y over IPv4' })
  await eventually(() => pings(x, 'fd00:88::3'), { timeoutMs: 40_000, what: 'x reaches y over IPv6' })
}

const directly = async (x: AgentHost, y: AgentHost): Promise<void> => {
  await eventually(() => phases(x, y) === 'installed installed', { timeoutMs: 60_000, what: 'both install' })
  await reached(x)
}

/** Bytes that host `h` got from `x` in all. */
const hubBytes = async (h: AgentHost): Promise<number> =>
  (await h.net.exec('wg show wg0 transfer'))
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[1]))
    .reduce((sum, n) => sum + n, 0)

for (const make of USERSPACE_MAKES.filter((m) => m.name !== 'wireguard-go')) {
  const demands = { ...make.needs, tools: [...(make.needs.tools ?? []), 'nft'] }
  const options = { ...needs(demands), timeout: patiently(240_000) }

  test(`two machines of one site talk directly, not through the hub, on ${make.name}`, options, async (t) => {
    const [h, x, y] = await site(t, make)
    await directly(x, y)
    const before = await hubBytes(h)
    await x.net.exec('ping -c 20 -i 0.05 -s 1000 10.88.0.3')
    assert.ok((await hubBytes(h)) - before < 10_000, 'only keepalives pass the hub')
  })

  test(
    `both ends withdraw a direct path that breaks, and use it again when it heals, on ${make.name}`,
    options,
    async (t) => {
      const [, x, y] = await site(t, make)
      await directly(x, y)
      const deaf =
        'nft add table inet t { chain c { type filter hook input priority 0; udp dport 51820 iifname lan drop; }; }'
      const faults: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
        [
          'the cable is out',
          () => x.net.exec('ip link set lan down'),
          () => x.net.exec('ip link set lan up'),
        ],
        ['y hears nothing', () => y.net.exec(deaf), () => y.net.exec('nft delete table inet t')],
      ]
      for (const [name, break_, heal] of faults) {
        await break_()
        await eventually(() => !phases(x, y).includes('installed'), { timeoutMs: 60_000, what: name })
        await reached(x)
        await heal()
        await directly(x, y)
      }
    },
  )
}
